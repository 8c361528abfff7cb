// SPDX-License-Identifier: Apache-2.0

// Package channel simulates what lies between a transmitter and a receiver:
// tapped delay lines with Doppler and several antennas, white noise, delay and
// carrier offset. Samples become integers in phy/sigmf.
//
// A [TDL] is a random process in continuous time, fixed by its seed: it can be
// evaluated at any instant, in any order, and is continuous over slots. It acts
// on samples ([TDL.AddSamples]) or on resource elements ([TDL.AddGrid]); both
// add to the output, so that several UEs superpose. Taps are Rayleigh with the
// classical (Jakes) Doppler spectrum, made of sinusoids; antennas are
// uncorrelated; the mean power of every pair of antennas is one.
//
// The profiles are those of TS 38.104 annex G.2, tables G.2.1.1-2 to -4.
package channel
