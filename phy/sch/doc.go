// SPDX-License-Identifier: Apache-2.0

// Package sch is the coding that the uplink and the downlink shared channel have
// in common: CRC, code block segmentation, LDPC, rate matching, scrambling, and
// the soft bits of HARQ.
//
//	transport block ── Encoder.Encode ──▶ coded bits
//	soft bits ── Decoder.Combine ──▶ SoftBuffer (HARQ state)
//	SoftBuffer ── Decoder.Decode ──▶ transport block
//
// [Code] holds what both directions must know of one transmission. A processor
// such as package phy/pusch makes it from a grant; a retransmission takes over
// what its initial transmission decided, which [Initial] remembers. The only
// state is the [SoftBuffer] of each HARQ process, and the caller keeps it.
//
// TS 38.212 §6.2 (UL-SCH) and §7.2 (DL-SCH).
package sch
