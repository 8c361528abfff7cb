// SPDX-License-Identifier: Apache-2.0

package i8

// Lanes is the width of a column panel of [Gemm], and Group how many terms of a
// column are neighbours there.
const (
	Lanes = 16
	Group = 4
)

// Flip is the pattern that makes a signed byte an unsigned one greater by 128, and
// the reverse.
const Flip = 0x80

// rowBlock is how many rows run through all panels before the next rows, so that a
// panel stays in the first-level cache for many rows.
const rowBlock = 64

// Terms returns k rounded up to whole groups: the length of a row of a.
func Terms(k int) int { return (k + Group - 1) / Group * Group }

// Columns returns n rounded up to whole panels: the length of a row of c.
func Columns(n int) int { return (n + Lanes - 1) / Lanes * Lanes }

// PackedLen returns the length of a packed k×n matrix.
func PackedLen(k, n int) int { return Columns(n) * Terms(k) }

// PackRows writes rows of a k×n matrix to the panels dst: panel p holds, group
// after group of four rows, their columns 16p to 16p+15, the four elements of a
// column beside each other. Row first+i begins at offsets[i] of src; first is a
// multiple of [Group], and so is the number of rows unless they are the last. Every
// byte is flipped by the pattern; what rows and columns leave of the last group and
// panel becomes 0.
//
//	panel 0            panel 1
//	group 0            group 0
//	c0  c1 … c15       c16 …         each column: rows 0 1 2 3
//	group 1            group 1
//	c0  c1 … c15       c16 …         each column: rows 4 5 6 7
func PackRows(dst []int8, src []uint8, offsets []int, first, k, n int, flip uint8) {
	if n <= 0 || len(offsets) == 0 {
		return
	}
	_ = dst[:PackedLen(k, n)]
	for _, off := range offsets {
		_ = src[off : off+n]
	}
	next := Lanes * Terms(k) // from panel to panel
	for i := 0; i < len(offsets); i += Group {
		group := dst[(first+i)*Lanes:]
		rows := offsets[i:min(i+Group, len(offsets))]
		if done := packRows(group, next, src, rows, n, flip); done < n {
			packRowsGeneric(group[done/Lanes*next:], next, src, rows, done, n, flip)
		}
	}
}

// packRowsGeneric writes one group of all panels, from column done on.
func packRowsGeneric(dst []int8, next int, src []uint8, rows []int, done, n int, flip uint8) {
	for panel := 0; done < n; panel += next {
		group := dst[panel:][:Lanes*Group]
		clear(group)
		cols := min(Lanes, n-done)
		for r, off := range rows {
			for j, v := range src[off+done:][:cols] {
				group[j*Group+r] = int8(v ^ flip)
			}
		}
		done += cols
	}
}

// Gemm computes c = a·b, exactly but modulo 2³².
//
//   - c: m rows of [Columns](n), ldc apart
//   - a: m rows of [Terms](k), lda apart, unsigned
//   - b: k×n in panels, see [PackRows], signed
//
// What a has beyond column k does not count, and what c gets beyond column n is 0.
// It panics, as indexing does, when a slice is too short.
func Gemm(c []int32, ldc int, a []uint8, lda int, b []int8, m, n, k int) {
	if m <= 0 || n <= 0 {
		return
	}
	terms, cols := Terms(k), Columns(n)
	_, _, _ = c[(m-1)*ldc+cols-1], a[:(m-1)*lda+terms], b[:PackedLen(k, n)]
	if terms == 0 {
		for i := range m {
			clear(c[i*ldc:][:cols])
		}
		return
	}
	for i := 0; i < m; i += rowBlock {
		rows := min(rowBlock, m-i)
		for j := 0; j < cols; {
			j += gemm(c[i*ldc+j:], ldc, a[i*lda:], lda, b[j*terms:], rows, cols-j, terms)
		}
	}
}

// gemmGeneric computes the first panel and returns its columns.
func gemmGeneric(c []int32, ldc int, a []uint8, lda int, b []int8, m, terms int) int {
	for i := range m {
		var acc [Lanes]int32
		for g := 0; g < terms; g += Group {
			x, y := (*[Group]uint8)(a[i*lda+g:]), (*[Lanes * Group]int8)(b[g*Lanes:])
			for j := range acc {
				acc[j] += int32(x[0])*int32(y[4*j]) + int32(x[1])*int32(y[4*j+1]) + int32(x[2])*int32(y[4*j+2]) + int32(x[3])*int32(y[4*j+3])
			}
		}
		copy(c[i*ldc:], acc[:])
	}
	return Lanes
}
