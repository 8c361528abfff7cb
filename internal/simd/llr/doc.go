// SPDX-License-Identifier: Apache-2.0

// Package llr holds the kernels on int8 log-likelihood ratios: the row update
// of the LDPC decoder, scaling on load, hard decisions, descrambling, and what
// rate matching needs to take symbols apart and to combine transmissions.
//
// The Go loop in each *_generic.go file is the definition; an assembly kernel
// gives the same bits.
package llr
