// SPDX-License-Identifier: Apache-2.0

// Package c64 holds the kernels on complex64 slices: the butterflies of the
// fast Fourier transform and the element-wise products of the OFDM and PUSCH
// chains.
//
// The Go loop in each *_generic.go file is the definition; an assembly kernel
// differs from it by rounding only, since it may fuse multiply and add: at most
// a few units in the last place of the largest intermediate value.
//
// Every exported function checks its lengths and panics like a slice
// expression. Slices need the alignment of their element only. Unless a
// function says otherwise dst may equal an input but not overlap it otherwise;
// the butterflies need dst and src apart.
package c64
