// SPDX-License-Identifier: Apache-2.0

// Package ratematch implements rate matching for LDPC codes, TS 38.212 §5.4.2,
// and its inverse on soft bits: bit selection from the circular buffer for all
// redundancy versions, repetition, limited buffers, bit interleaving, and the
// lengths of concatenated code blocks.
//
// The buffer holds the coded bits d_0 … d_N−1 of one code block, filler bits
// included: they keep their position and are counted, but never sent. The
// soft buffer of a HARQ process has the same layout, int8, and every
// transmission is added to it.
package ratematch
