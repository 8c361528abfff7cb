// SPDX-License-Identifier: Apache-2.0

// Package f64 holds the float64 kernels of filter design: combinations of matrix
// rows, and on top of them the solution of symmetric systems with many right-hand
// sides at once.
//
// The Go loop in each *_generic.go file is the definition. Assembly kernels may
// fuse and reorder, so they agree with it to a relative 1e-14 of the sum of
// magnitudes, not bit by bit. Slices may have any alignment. No kernel
// allocates.
package f64
