// SPDX-License-Identifier: Apache-2.0

// Package sync measures the delay and the carrier offset of every UE of a PRB
// group from its DM-RS, after resource elements were extracted.
//
// A delay τ turns subcarrier k by exp(−j2πkΔf·τ), a carrier offset f turns the
// symbol that starts at t by exp(j2πf·t). Both are removed, one UE at a time,
// where the UE's pilots are used (phy/chest), and go back into its channel, so
// that UEs that share PRBs each keep their own.
//
// Ranges: delays of ±1/(8Δf) for DM-RS configuration type 1 and ±1/(12Δf) for
// type 2, which is 1.8 and 1.2 cyclic prefixes; carrier offsets of ±1/(2T), T
// the shortest distance of two DM-RS positions: ±1.5 kHz at 30 kHz spacing with
// symbols 2 and 11. With a single DM-RS symbol no carrier offset can be seen
// and [nr.Offsets].CFOObserved is false.
//
// Every value has a standard deviation. A carrier offset is the most likely one
// given the pilots and a prior of the offsets that UEs may have ([Config]); a
// delay counts as observed where the UE's pilots stand out of the noise. What
// else the antennas receive may be stronger than the pilots: antennas are whitened
// and loud parts of the band turned down first.
//
// The delay is that of the centre of gravity of the received power. Doppler
// spreads the phase evenly to both sides and so does not bias the carrier
// offset.
package sync
