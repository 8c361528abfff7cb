// SPDX-License-Identifier: Apache-2.0

// Package ldpc implements the low-density parity-check codes of TS 38.212
// §5.3.2: base graphs, segmentation into code blocks, encoder, and decoders.
package ldpc
