// SPDX-License-Identifier: Apache-2.0

// Package dmrs generates the demodulation reference signal of PUSCH with
// CP-OFDM, TS 38.211 §6.4.1.1: the sequence r(n), the cover codes w_f and w_t
// of each antenna port, the comb of each CDM group and the power boost.
//
// One value r(i) of an allocation stands on subcarrier [Subcarrier] of each CDM
// group, counted from the first subcarrier of the allocation. Which symbols
// carry DM-RS is a matter of the grant: see [nr.DMRS.Symbols].
//
// A [Layout] says where the pilots of a PRB group stand and which layers share
// them; a [Reference] adds the sequences of a slot, made once for all blocks that
// share it.
//
// All functions are pure, allocate nothing and may be called concurrently.
package dmrs
