// SPDX-License-Identifier: Apache-2.0

// Package i8 holds kernels of quantized networks: products of 8-bit integers, and
// the ways between them, sums of 32 bits and float32.
//
// The generic Go code is the definition: every implementation gives the same
// integers, and the same bits of float32. Sums wrap modulo 2³². Kernels that differ
// in whether bytes are signed take a pattern to flip them with: b ^ 0x80 is b + 128
// read the other way. The kernels need AVX2, products are faster with AVX-512 VNNI;
// the build tag purego turns both off.
//
// Slices that are written must not overlap those that are read. Any alignment is
// accepted. Nothing allocates, and every function may be called from any goroutine.
package i8
