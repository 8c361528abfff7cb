// SPDX-License-Identifier: Apache-2.0

// Package llr holds the kernels on int8 log-likelihood ratios: the row update
// of the LDPC decoder, scaling on load, hard decisions, and descrambling.
//
// The Go loop in each *_generic.go file is the definition; an assembly kernel
// gives the same bits.
package llr
