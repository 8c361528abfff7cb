// SPDX-License-Identifier: Apache-2.0

package ref

import "github.com/neuroran/neuroran/internal/simd/f32"

// matrix is the right-hand side of products, k×n, in the panels of [f32.Gemm].
type matrix struct {
	k, n   int
	panels []float32
	zero   []float32
}

func newMatrix(k, n int) *matrix {
	return &matrix{k: k, n: n, panels: make([]float32, f32.PackedLen(k, n)), zero: make([]float32, n)}
}

// set packs a row-major matrix whose rows are ld apart.
func (m *matrix) set(b []float32, ld int) { f32.Pack(m.panels, b, ld, m.k, m.n) }

// mul computes dst = a·m for rows rows of a.
func (m *matrix) mul(dst []float32, ldd int, a []float32, lda, rows int) {
	if rows > 0 && m.n > 0 {
		f32.Gemm(dst, ldd, a, lda, m.panels, m.zero, 0, rows, m.n, m.k, f32.NoFloor)
	}
}

// mulAdd computes dst = a·m + init, whose rows are ldi apart.
func (m *matrix) mulAdd(dst []float32, ldd int, a []float32, lda int, init []float32, ldi, rows int) {
	if rows > 0 && m.n > 0 {
		f32.Gemm(dst, ldd, a, lda, m.panels, init, ldi, rows, m.n, m.k, f32.NoFloor)
	}
}
