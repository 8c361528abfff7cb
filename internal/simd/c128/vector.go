// SPDX-License-Identifier: Apache-2.0

package c128

// AddComb adds a linear combination of rows of a matrix that src holds:
// dst[p] += Σ_i w[i]·src[off[i]+p].
//
//   - dst: any length n
//   - w: weights
//   - src, off: row i is src[off[i] : off[i]+n]
//
// It panics if len(off) differs from len(w) or a row leaves src. dst must not
// overlap a row.
func AddComb(dst, w, src []complex128, off []int) {
	if len(off) != len(w) {
		panic("c128: weights and rows differ in number")
	}
	for _, o := range off {
		_ = src[o : o+len(dst)]
	}
	addComb(dst, w, src, off)
}

// Scale multiplies every value of x by f.
func Scale(x []complex128, f float64) { scale(x, f) }

// NormSq returns Σ |x[p]|².
func NormSq(x []complex128) float64 { return normSq(x) }
