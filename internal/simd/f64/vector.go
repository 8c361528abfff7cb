// SPDX-License-Identifier: Apache-2.0

package f64

// AddComb adds a linear combination of rows of a matrix that src holds:
// dst[p] += Σ_i w[i]·src[off[i]+p].
//
//   - dst: any length n
//   - w: weights
//   - src, off: row i is src[off[i] : off[i]+n]
//
// It panics if len(off) differs from len(w) or a row leaves src. dst must not
// overlap a row.
func AddComb(dst, w, src []float64, off []int) {
	if len(off) != len(w) {
		panic("f64: weights and rows differ in number")
	}
	for _, o := range off {
		_ = src[o : o+len(dst)]
	}
	addComb(dst, w, src, off)
}

// Scale multiplies every value of x by f.
func Scale(x []float64, f float64) { scale(x, f) }

// SumSquares returns Σ x[p]².
func SumSquares(x []float64) float64 { return sumSquares(x) }
