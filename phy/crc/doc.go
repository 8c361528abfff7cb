// SPDX-License-Identifier: Apache-2.0

// Package crc computes the six cyclic redundancy checks of TS 38.212 §5.1.
//
// A message is either packed (eight bits per byte, most significant first, as
// transport blocks are stored) or unpacked (one bit per byte, as the coding chain
// handles it). Both forms give the same parity bits. The parity bits follow the
// message, highest power first, and the remainder of message plus parity is 0.
//
// Every function is a table look-up over constant tables: nothing allocates and
// everything is safe for concurrent use.
package crc
