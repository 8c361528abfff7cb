// SPDX-License-Identifier: Apache-2.0

// Package mimo holds the kernels that work on rows of resource elements of several
// antennas, layers or pilots, over complex64: linear combinations and inner products.
//
// The Go loop in each *_generic.go file is the definition. Assembly kernels
// round each product and sum by themselves in another order, so they agree with
// it to a relative 1e-6 of the sum of magnitudes, not bit by bit. Slices may
// have any alignment. dst and the sources must not overlap unless they are the
// same slice. No kernel allocates.
package mimo
