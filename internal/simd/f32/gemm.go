// SPDX-License-Identifier: Apache-2.0

package f32

import "math"

// Lanes is the width of a column panel of [Gemm].
const Lanes = 16

// rowBlock is how many rows run through all panels before the next rows, so
// that a panel stays in the first-level cache for as many rows as possible and
// the results of a narrow product do too.
const rowBlock = 72

// NoFloor is the floor of [Gemm] that changes nothing.
var NoFloor = float32(math.Inf(-1))

// PackedLen returns the length of a packed k×n matrix.
func PackedLen(k, n int) int { return (n + Lanes - 1) / Lanes * Lanes * k }

// Pack copies the k×n matrix b, whose rows are ldb apart, into panels of
// [Lanes] columns: panel p holds, row after row, columns 16p to 16p+15. Columns
// beyond n are zero.
func Pack(dst, b []float32, ldb, k, n int) {
	var offsets [64]int
	for i := 0; i < k; i += len(offsets) {
		rows := offsets[:min(len(offsets), k-i)]
		for j := range rows {
			rows[j] = j * ldb
		}
		PackRows(dst[i*Lanes:], b[i*ldb:], rows, k, n)
	}
}

// PackRows copies rows of a matrix of k rows to their place in the panels, of
// which dst begins at the first of them. Row i begins at offsets[i] of src and
// has n elements; what it leaves of the last panel becomes zero.
func PackRows(dst, src []float32, offsets []int, k, n int) {
	if n <= 0 || len(offsets) == 0 {
		return
	}
	_ = dst[:(n-1)/Lanes*Lanes*k+Lanes*len(offsets)]
	for _, off := range offsets {
		_ = src[off : off+n]
	}
	packRows(dst, src, offsets, k, n)
}

// PackTransposed is [Pack] of the transpose of b, an n×k matrix whose rows are
// ldb apart.
func PackTransposed(dst, b []float32, ldb, k, n int) {
	clear(dst[:PackedLen(k, n)])
	for j := range n {
		panel := dst[j/Lanes*Lanes*k+j%Lanes:]
		for i, x := range b[j*ldb:][:k] {
			panel[i*Lanes] = x
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
	_ = init[(m-1)*ldi+n-1]
	product{c, ldc, a, lda, b, init, ldi, false, m, n, k, floor}.run()
}

// GemmColumn is [Gemm] with one number of init for each row: c = max(init[i] +
// a·b, floor).
func GemmColumn(c []float32, ldc int, a []float32, lda int, b []float32, init []float32, m, n, k int, floor float32) {
	if m <= 0 || n <= 0 {
		return
	}
	_ = init[m-1]
	product{c, ldc, a, lda, b, init, 1, true, m, n, k, floor}.run()
}

// product is a call of Gemm, or a part of its rows and columns. Where column is
// set, init holds one number for each row.
type product struct {
	c      []float32
	ldc    int
	a      []float32
	lda    int
	b      []float32
	init   []float32
	ldi    int
	column bool

	m, n, k int
	floor   float32
}

func (p product) run() {
	_, _ = p.c[(p.m-1)*p.ldc+p.n-1], p.b[:PackedLen(p.k, p.n)]
	if p.k > 0 {
		_ = p.a[(p.m-1)*p.lda+p.k-1]
	}
	for i := 0; i < p.m; i += rowBlock {
		rows := min(rowBlock, p.m-i)
		for j := 0; j < p.n; {
			part := p
			part.c, part.a, part.b, part.init = p.c[i*p.ldc+j:], p.a[i*p.lda:], p.b[j*p.k:], p.init[i*p.ldi:]
			if !p.column {
				part.init = part.init[j:]
			}
			part.m, part.n = rows, p.n-j
			j += part.panels()
		}
	}
}

// panelGeneric computes the first panel and returns its columns.
func (p product) panelGeneric() int {
	w := min(Lanes, p.n)
	for i := range p.m {
		var acc [Lanes]float32
		row := p.a[i*p.lda:]
		row = row[:p.k]
		for kk, x := range row {
			b := (*[Lanes]float32)(p.b[kk*Lanes:])
			for j := range acc {
				acc[j] = fma(x, b[j], acc[j])
			}
		}
		init := p.init[i*p.ldi:]
		for j, v := range acc[:w] {
			if p.column {
				v += init[0]
			} else {
				v += init[j]
			}
			if v < p.floor {
				v = p.floor
			}
			p.c[i*p.ldc+j] = v
		}
	}
	return w
}

func packRowsGeneric(dst, src []float32, offsets []int, k, n int) {
	for i, off := range offsets {
		row, at := src[off:off+n], i*Lanes
		for len(row) > 0 {
			panel := dst[at : at+Lanes]
			done := copy(panel, row)
			clear(panel[done:])
			row, at = row[done:], at+Lanes*k
		}
	}
}
