// SPDX-License-Identifier: Apache-2.0

package detect

// Lanes is the number of subcarriers in a block.
const Lanes = 8

// RowLen returns the length of a row of n subcarriers.
func RowLen(n int) int { return (n + Lanes - 1) / Lanes * 2 * Lanes }

// Split makes a row of resource elements times scale: len(dst) =
// RowLen(len(src)).
func Split(dst []float32, src []complex64, scale float32) {
	split(dst[:RowLen(len(src))], src, scale)
}

// Comb writes a linear combination of rows, Σ_i w[i]·src[off[i]:].
//
//   - dst: a row
//   - w: weights
//   - src, off: row i is src[off[i] : off[i]+len(dst)]
//
// It panics if len(off) differs from len(w) or a row leaves src.
func Comb(dst []float32, w []complex64, src []float32, off []int) {
	if len(off) != len(w) || len(dst)%(2*Lanes) != 0 {
		panic("detect: weights and rows differ in number, or a row is no row")
	}
	for _, o := range off {
		_ = src[o : o+len(dst)]
	}
	comb(dst, w, src, off)
}

// Dot writes Σ_r conj(a_r)·b_r of n rows: row r of a starts at r·stepA, that of b
// at r·stepB. dst is a row. It panics if a row leaves a or b.
func Dot(dst, a, b []float32, n, stepA, stepB int) {
	_, _ = a[:(n-1)*stepA+len(dst)], b[:(n-1)*stepB+len(dst)]
	dot(dst, a, b, n, stepA, stepB)
}

// DotReal writes the real part of what [Dot] computes, one value per subcarrier:
// 2·len(dst) is the length of a row.
func DotReal(dst, a, b []float32, n, stepA, stepB int) {
	_, _ = a[:(n-1)*stepA+2*len(dst)], b[:(n-1)*stepB+2*len(dst)]
	dotReal(dst, a, b, n, stepA, stepB)
}

// Real writes the real parts of a row: len(src) = 2·len(dst).
func Real(dst, src []float32) {
	for i := 0; i < len(dst); i += Lanes {
		*(*[Lanes]float32)(dst[i:]) = *(*[Lanes]float32)(src[2*i:])
	}
}

// SumInverse returns Σ 1/v[i].
func SumInverse(v []float32) float64 { return sumInverse(v) }
