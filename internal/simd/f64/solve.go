// SPDX-License-Identifier: Apache-2.0

package f64

import (
	"math"
	"unsafe"
)

// MaxRows is the largest system that [System] holds.
const MaxRows = 64

// lineValues are the values of a cache line. Rows begin on one, and so do their
// right-hand sides: a vector that lies across two lines takes twice as long.
const lineValues = 8

// System is a symmetric positive definite system A·X = B, with room for MaxRows
// rows. Fill it with [System.Row] and [System.Right] after [System.Reset]; only the
// upper triangle of A is used, and the lower one may be overwritten. It is for one
// goroutine at a time.
type System struct {
	n, columns   int
	right, width int // where B begins in a row of [A | B], and the length of a row
	a            []float64
	w            [MaxRows]float64
	off          [MaxRows]int
}

// NewSystem returns a system with room for rows unknowns, at most MaxRows, and
// columns right-hand sides.
func NewSystem(rows, columns int) *System {
	a := make([]float64, rows*(lines(rows)+lines(columns))+lineValues-1)
	for uintptr(unsafe.Pointer(&a[0]))%(8*lineValues) != 0 {
		a = a[1:]
	}
	return &System{a: a}
}

// lines rounds a number of values up to whole lines.
func lines(n int) int { return (n + lineValues - 1) &^ (lineValues - 1) }

// Reset gives the system n unknowns and columns right-hand sides; its contents
// are undefined. What fills up lines is set to zero: it is reckoned with, and must
// stay finite. Reset panics if the system has no room.
func (s *System) Reset(n, columns int) {
	s.n, s.columns, s.right, s.width = n, columns, lines(n), lines(n)+lines(columns)
	if n > MaxRows {
		panic("f64: too many unknowns")
	}
	for i := range n {
		row := s.a[i*s.width : (i+1)*s.width]
		clear(row[n:s.right])
		clear(row[s.right+columns:])
	}
}

// Row returns row i of A.
func (s *System) Row(i int) []float64 { return s.a[i*s.width:][:s.n] }

// Right returns row i of B.
func (s *System) Right(i int) []float64 { return s.a[i*s.width+s.right:][:s.columns] }

// Factor replaces A by Lᵀ, A = L·Lᵀ, and B by L⁻¹·B. It reports false, with an
// undefined content, when A is not positive definite.
//
// A row is worked on from the line on in which its diagonal lies, and to the end of
// its last line.
func (s *System) Factor() bool {
	for j := range s.n {
		first := j &^ (lineValues - 1)
		for k := range j {
			s.w[k], s.off[k] = -s.a[k*s.width+j], k*s.width+first
		}
		row := s.a[j*s.width+first : (j+1)*s.width]
		clear(row[:j-first])
		addComb(row, s.w[:j], s.a, s.off[:j])
		d := row[j-first]
		if !(d > 0) || math.IsInf(d, 1) {
			return false
		}
		scale(row, 1/math.Sqrt(d))
	}
	return true
}

// Solve replaces the first columns of L⁻¹·B by those of A⁻¹·B after
// [System.Factor]; what follows them in their last line is then undefined. It panics
// if there are fewer.
func (s *System) Solve(columns int) {
	_ = s.a[:s.right+columns]
	for i := s.n - 1; i >= 0; i-- {
		row := s.Row(i)
		b := s.a[i*s.width+s.right:][:lines(columns)]
		m := 0
		for k := i + 1; k < s.n; k++ {
			s.w[m], s.off[m] = -row[k], k*s.width+s.right
			m++
		}
		addComb(b, s.w[:m], s.a, s.off[:m])
		scale(b, 1/row[i])
	}
}

// SumSquares returns the sum of the squares of the right-hand sides from column
// first on.
func (s *System) SumSquares(first int) float64 {
	sum := 0.0
	for i := range s.n {
		sum += sumSquares(s.Right(i)[first:])
	}
	return sum
}
