// SPDX-License-Identifier: Apache-2.0

package f32

// Transpose copies a matrix with its rows and columns exchanged: dst[i·ldd+j] =
// src[j·lds+i], bit for bit.
//
//   - dst: rows × cols, rows ldd apart
//   - src: cols × rows, rows lds apart
//
// It panics, as indexing does, when a slice is too short.
func Transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	_, _ = dst[(rows-1)*ldd+cols-1], src[(cols-1)*lds+rows-1]
	transpose(dst, ldd, src, lds, rows, cols)
}

func transposeGeneric(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	for j := range cols {
		for i, x := range src[j*lds:][:rows] {
			dst[i*ldd+j] = x
		}
	}
}
