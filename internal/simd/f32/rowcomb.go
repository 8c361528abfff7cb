// SPDX-License-Identifier: Apache-2.0

package f32

// RowComb computes a combination of the rows of a matrix, the product of a
// vector with it: dst[j] = Σ_i w[i]·b[i·ld+j], fused, from row 0 upwards.
//
//   - dst: any number of columns, at most ld
//   - w: one weight a row
//   - b: len(w) rows, ld apart
//
// It panics, as slicing does, when b is too short.
func RowComb(dst, w, b []float32, ld int) {
	if len(w) > 0 {
		_ = b[:(len(w)-1)*ld+len(dst)]
	}
	rowComb(dst, w, b, ld)
}

func rowCombGeneric(dst, w, b []float32, ld int) {
	clear(dst)
	for i, f := range w {
		for j, x := range b[i*ld:][:len(dst)] {
			dst[j] = fma(f, x, dst[j])
		}
	}
}
