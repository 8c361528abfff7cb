// SPDX-License-Identifier: Apache-2.0

package f32

import "math"

// Lanes is the width of a column panel of [Gemm].
const Lanes = 8

// rowBlock is how many rows run through all panels before the next rows, so
// that their results stay in the first-level cache.
const rowBlock = 64

// NoFloor is the floor of [Gemm] that changes nothing.
var NoFloor = float32(math.Inf(-1))

// PackedLen returns the length of a packed k×n matrix.
func PackedLen(k, n int) int { return (n + Lanes - 1) / Lanes * Lanes * k }

// Pack copies the k×n matrix b, whose rows are ldb apart, into panels of
// [Lanes] columns: panel p holds, row after row, columns 8p to 8p+7. Columns
// beyond n are zero.
func Pack(dst, b []float32, ldb, k, n int) {
	for p := 0; p < n; p += Lanes {
		w := min(Lanes, n-p)
		for i := range k {
			row := dst[:Lanes]
			clear(row[copy(row, b[i*ldb+p:i*ldb+p+w]):])
			dst = dst[Lanes:]
		}
	}
}

// Gemm computes c = max(init + a·b, floor).
//
//   - c: m×n, rows ldc apart
//   - a: m×k, rows lda apart
//   - b: k×n in panels, see [Pack]
//   - init: m×n, rows ldi apart; ldi = 0 repeats one row, and init may be c
//   - floor: 0 for a ReLU, [NoFloor] for none
//
// Each element is summed from k = 0 upwards by fused multiply-add, and init is
// added last.
//
// It panics, as indexing does, when a slice is too short.
func Gemm(c []float32, ldc int, a []float32, lda int, b []float32, init []float32, ldi int, m, n, k int, floor float32) {
	if m <= 0 || n <= 0 {
		return
	}
	_, _, _ = c[(m-1)*ldc+n-1], b[:PackedLen(k, n)], init[(m-1)*ldi+n-1]
	if k > 0 {
		_ = a[(m-1)*lda+k-1]
	}
	for i := 0; i < m; i += rowBlock {
		rows := min(rowBlock, m-i)
		for p := 0; p < n; p += Lanes {
			gemmPanel(c[i*ldc+p:], ldc, a[i*lda:], lda, b[p*k:], init[i*ldi+p:], ldi, rows, min(Lanes, n-p), k, floor)
		}
	}
}

// gemmPanelGeneric computes one panel of w columns.
func gemmPanelGeneric(c []float32, ldc int, a []float32, lda int, b, init []float32, ldi, m, w, k int, floor float32) {
	for i := range m {
		var acc [Lanes]float32
		row := a[i*lda:]
		row = row[:k]
		for kk, x := range row {
			p := (*[Lanes]float32)(b[kk*Lanes:])
			acc[0] = fma(x, p[0], acc[0])
			acc[1] = fma(x, p[1], acc[1])
			acc[2] = fma(x, p[2], acc[2])
			acc[3] = fma(x, p[3], acc[3])
			acc[4] = fma(x, p[4], acc[4])
			acc[5] = fma(x, p[5], acc[5])
			acc[6] = fma(x, p[6], acc[6])
			acc[7] = fma(x, p[7], acc[7])
		}
		for j, v := range acc[:w] {
			v += init[i*ldi+j]
			if v < floor {
				v = floor
			}
			c[i*ldc+j] = v
		}
	}
}
