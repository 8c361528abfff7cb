// SPDX-License-Identifier: Apache-2.0

package mimo

// LinComb writes dst[p] = Σ_i w[i] · src[off[i]+p]: a linear combination of
// rows, or of shifted parts of one row, of a matrix that src holds.
//
//   - dst: any length n
//   - w: weights
//   - src, off: row i is src[off[i] : off[i]+n]
//
// It panics if len(off) differs from len(w) or a row leaves src. dst must not
// overlap a row.
func LinComb(dst []complex64, w []complex64, src []complex64, off []int) {
	if len(off) != len(w) {
		panic("mimo: weights and rows differ in number")
	}
	for _, o := range off {
		_ = src[o : o+len(dst)]
	}
	linComb(dst, w, src, off)
}

// ConjMulAdd accumulates acc[p] += conj(a[p])·b[p]. It panics if a or b are
// shorter than acc.
func ConjMulAdd(acc, a, b []complex64) {
	n := len(acc)
	conjMulAdd(acc, a[:n], b[:n])
}

// DotConj returns Σ a[p]·conj(b[p]) over the length of a. It panics if b is
// shorter.
func DotConj(a, b []complex64) complex128 { return dotConj(a, b[:len(a)]) }
