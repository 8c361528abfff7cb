// SPDX-License-Identifier: Apache-2.0

// Package detect holds the kernels of linear detection across subcarriers:
// matched filters, Gram matrices and the unbiased solution for one to four
// layers, eight subcarriers at a time.
//
// A row is a sequence of blocks of eight subcarriers: eight real parts, then
// eight imaginary parts. [Split] makes rows of resource elements, and the lanes
// behind the last one are zero.
//
// The Go loop in each *_generic.go file is the definition. Assembly kernels may
// fuse and reorder, so they agree with it to a few units in the last place of
// the largest intermediate value. Slices may have any alignment; dst must not
// overlap a source. No kernel allocates.
package detect
