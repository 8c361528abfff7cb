// SPDX-License-Identifier: Apache-2.0

// Package ofdm turns resource grids into samples and back: TS 38.211 §5.3.1
// with the normal cyclic prefix, and the phase compensation of §5.4 where the
// carrier asks for it.
//
// The grid is centred: subcarrier 6·N_PRB is at 0 Hz. Both directions are
// unitary (1/√N), so the noise variance of a sample is that of a resource
// element. A [Plan] is a fast Fourier transform of 2^a or 3·2^a points; it is
// immutable and shared.
package ofdm
