// SPDX-License-Identifier: Apache-2.0

package c128

import "math"

// MaxRows is the largest system that [System] holds.
const MaxRows = 64

// System is a Hermitian positive definite system A·X = B in the rows of one
// matrix [A | B], with room for MaxRows rows. Fill it with [System.Row] after
// [System.Reset]; only the upper triangle of A is used. It is for one goroutine
// at a time.
type System struct {
	n, width int
	step     int
	a        []complex128
	w        [MaxRows]complex128
	off      [MaxRows]int
}

// NewSystem returns a system with room for rows unknowns, at most MaxRows, and
// columns right-hand sides.
func NewSystem(rows, columns int) *System {
	return &System{a: make([]complex128, rows*(rows+columns))}
}

// Reset gives the system n unknowns and columns right-hand sides; its contents
// are undefined. With step 2, elements of A whose row and column differ by an
// odd number are taken as zero, which halves the work; otherwise step is 1. It
// panics if the system has no room.
func (s *System) Reset(n, columns, step int) {
	s.n, s.width, s.step = n, n+columns, step
	_ = s.a[:n*s.width]
	if n > MaxRows {
		panic("c128: too many unknowns")
	}
}

// Row returns row i of [A | B].
func (s *System) Row(i int) []complex128 { return s.a[i*s.width : (i+1)*s.width] }

// Factor replaces A by Lᴴ, A = L·Lᴴ, and B by L⁻¹·B. It reports false, with an
// undefined content, when A is not positive definite.
func (s *System) Factor() bool {
	for j := range s.n {
		row := s.a[j*s.width+j : (j+1)*s.width]
		m := 0
		for k := j % s.step; k < j; k += s.step {
			u := s.a[k*s.width+j]
			s.w[m], s.off[m] = complex(-real(u), imag(u)), k*s.width+j
			m++
		}
		AddComb(row, s.w[:m], s.a, s.off[:m])
		d := real(row[0])
		if !(d > 0) || math.IsInf(d, 1) {
			return false
		}
		Scale(row, 1/math.Sqrt(d))
	}
	return true
}

// Solve replaces the first columns of L⁻¹·B by those of A⁻¹·B after
// [System.Factor]. It panics if there are fewer.
func (s *System) Solve(columns int) {
	for i := s.n - 1; i >= 0; i-- {
		row := s.Row(i)
		m := 0
		for k := i + s.step; k < s.n; k += s.step {
			s.w[m], s.off[m] = -row[k], k*s.width+s.n
			m++
		}
		b := row[s.n:][:columns]
		AddComb(b, s.w[:m], s.a, s.off[:m])
		Scale(b, 1/real(row[i]))
	}
}

// NormSq returns the sum of the squared magnitudes of the right-hand sides from
// column first on.
func (s *System) NormSq(first int) float64 {
	sum := 0.0
	for i := range s.n {
		sum += NormSq(s.Row(i)[s.n+first:])
	}
	return sum
}
