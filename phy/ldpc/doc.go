// SPDX-License-Identifier: Apache-2.0

// Package ldpc implements the low-density parity-check codes of TS 38.212
// §5.3.2: both base graphs with all 51 lifting sizes, the choice of a graph
// ([Select]), the segmentation of a transport block ([Segment]), an [Encoder],
// and two decoders.
//
// [Decoder] is the receiver's: layered min-sum on int8 LLRs with corrected
// messages, whose row update is one call of a vector kernel. It works on the rows
// that the received bits need ([Config.ForLength]) and stops at the first
// codeword, or when the CRC holds.
// [Reference] is float belief propagation, to measure the other one against.
//
// # Fixed point
//
// LLRs are int8 in units of 1/8, positive means bit 0. Three rules keep eight
// bits enough; docs/accuracy-ldpc.md has the figures.
//
//   - Received LLRs are scaled by 3/4 and clipped at 45, so that a sum of several
//     has head-room, and the strongest message outvotes any single one.
//   - Min-sum overrates messages. A table gives each smallest magnitude the
//     message that belief propagation would send on average, by degree of the
//     row, number of rows in use, and first or later iterations.
//   - Where a sum saturates, the message is stored as what the sum really took.
//     Taking the nominal message away again would take too much, and one strong
//     wrong bit could then spoil all its saturated neighbours.
//
// Encoders and decoders are for one goroutine at a time; tables are constant.
package ldpc
