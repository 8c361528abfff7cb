// SPDX-License-Identifier: Apache-2.0

package ldpc

import "github.com/neuroran/neuroran/phy/nr"

// BaseGraph is 1 or 2, as in TS 38.212 §5.3.2.
type BaseGraph uint8

// Base graphs of TS 38.212 §5.3.2.
const (
	BG1 BaseGraph = 1 // 46 rows, 68 columns, mother rate 1/3
	BG2 BaseGraph = 2 // 42 rows, 52 columns, mother rate 1/5
)

// MaxZ is the largest lifting size.
const MaxZ = 384

// numPunctured is how many systematic columns are never transmitted: the
// first 2·Z bits of TS 38.212 §5.3.2.
const numPunctured = 2

// numCore is the number of core rows and of core parity columns.
const numCore = 4

// edge is one entry of the base graph: a circulant of shift[i_LS] mod Z.
type edge struct {
	row, col uint8
	shift    [8]uint16
}

// Valid reports whether g is one of the base graphs.
func (g BaseGraph) Valid() bool { return g == BG1 || g == BG2 }

// Rows returns the number of rows: 46 or 42.
func (g BaseGraph) Rows() int {
	if g == BG1 {
		return 46
	}
	return 42
}

// InfoColumns returns the number of systematic columns: 22 or 10.
func (g BaseGraph) InfoColumns() int {
	if g == BG1 {
		return 22
	}
	return 10
}

// Columns returns the number of columns: 68 or 52.
func (g BaseGraph) Columns() int { return g.InfoColumns() + g.Rows() }

// MaxCodeBlock returns K_cb of TS 38.212 §5.2.2: 8448 or 3840 bits.
func (g BaseGraph) MaxCodeBlock() int { return g.InfoColumns() * MaxZ }

// K returns the number of systematic bits of a code block with lifting size z,
// filler bits included.
func (g BaseGraph) K(z int) int { return g.InfoColumns() * z }

// N returns the number of coded bits with lifting size z: 66·z or 50·z, without
// the punctured ones.
func (g BaseGraph) N(z int) int { return (g.Columns() - numPunctured) * z }

func (g BaseGraph) edges() []edge {
	if g == BG1 {
		return baseGraph1[:]
	}
	return baseGraph2[:]
}

// Select returns the base graph of a transport block of payload bits (without
// CRC) and target code rate: base graph 2 up to 292 bits, up to 3824 bits at
// rates up to 0.67, and at any size up to rate 0.25; else base graph 1. The rate
// is that of the MCS of the initial transmission.
//
// TS 38.212 §6.2.2 and §7.2.2.
func Select(payload int, rate float64) BaseGraph {
	if payload <= 292 || payload <= 3824 && rate <= 0.67 || rate <= 0.25 {
		return BG2
	}
	return BG1
}

// liftingSizes holds TS 38.212 table 5.3.2-1: a·2^j for each set index i_LS.
var liftingSizes = [8]struct{ a, maxJ uint16 }{
	{2, 7}, {3, 7}, {5, 6}, {7, 5}, {9, 5}, {11, 5}, {13, 4}, {15, 4},
}

// setIndex is i_LS + 1 of every lifting size, 0 where there is none.
var setIndex = makeSetIndex()

func makeSetIndex() (index [MaxZ + 1]uint8) {
	for i, s := range liftingSizes {
		for j := range s.maxJ + 1 {
			index[s.a<<j] = uint8(i + 1)
		}
	}
	return index
}

// ValidZ reports whether z is one of the 51 lifting sizes.
func ValidZ(z int) bool { return z >= 0 && z <= MaxZ && setIndex[z] != 0 }

// LiftingSizes returns the 51 lifting sizes in ascending order.
//
// TS 38.212 table 5.3.2-1.
func LiftingSizes() []int {
	var all []int
	for z := range MaxZ + 1 {
		if ValidZ(z) {
			all = append(all, z)
		}
	}
	return all
}

// minLiftingSize returns the smallest lifting size with kb·z ≥ k, or 0.
func minLiftingSize(kb, k int) int {
	for z := max(2, (k+kb-1)/kb); z <= MaxZ; z++ {
		if ValidZ(z) {
			return z
		}
	}
	return 0
}

func checkGraph(g BaseGraph, z int) error {
	if !g.Valid() {
		return &nr.FieldError{Field: "ldpc.base_graph", Got: int(g), Want: "1 or 2"}
	}
	if !ValidZ(z) {
		return &nr.FieldError{Field: "ldpc.lifting_size", Got: z, Want: "one of the 51 sizes of TS 38.212 table 5.3.2-1"}
	}
	return nil
}
