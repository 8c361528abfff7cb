// SPDX-License-Identifier: Apache-2.0

// Package capture makes recordings of others fit for a receiver: samples at any
// rate come out at the carrier's own, and a schedule whose place in the file is not
// known is found by its reference signals.
//
// # Any sample rate
//
// A recording at another rate is converted while it is read (phy/resample). The rate
// must hold the band of the carrier, 12·n_size_grid subcarriers, with half a percent
// to spare; the filter keeps this band within ±0.001 dB, and attenuates by 80 dB what
// would fold into it.
//
// # A start that is not known
//
// The samples are correlated with the DM-RS that the grants announce, and the shift
// is taken at which the normalized correlation, summed over transmissions, DM-RS
// symbols and antennas, is highest:
//
//	schedule    |slot 4|slot 5|      |slot 7|         nominal positions
//	samples  ~~~~~~~|slot 4|slot 5|~~~~~~|slot 7|~~~~
//	            |-->| shift
//
// Range: shifts of ±[Config].Search, at most ±50 ms. DM-RS repeat every frame, so a
// schedule that is the same in every frame is unambiguous within ±5 ms; beyond, the
// shift is taken that puts most of the schedule into the recording. Carrier offsets
// of a third of the subcarrier spacing cost 1.7 dB, larger ones more. The result is
// right to a few samples for wide allocations; what remains is a delay, which
// phy/sync measures. The clocks of radio and transmitter must not drift apart by more
// than a cyclic prefix over the recording: at 15.36 MHz and 1 ppm, 2 s.
//
// Transmissions outside the recording are kept and marked with [ErrNotRecorded].
package capture
