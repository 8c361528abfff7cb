// SPDX-License-Identifier: Apache-2.0

// Package c128 holds the Cholesky factor of the small complex128 matrices, one row
// per antenna, of noise, and what is solved with it. No function allocates.
package c128
