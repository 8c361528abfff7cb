// SPDX-License-Identifier: Apache-2.0

package ldpc

// maxEdges is the number of entries of base graph 1, the larger one.
const maxEdges = len(baseGraph1)

// graph is one lifted parity-check matrix, row by row. Each encoder and decoder
// holds one and fills it when it is configured.
type graph struct {
	bg    BaseGraph
	z     int
	first [47]uint16       // index of the row's first entry in cols and shift
	cols  [maxEdges]uint8  // column of every entry, ascending in a row
	shift [maxEdges]uint16 // V_i,j mod Z: bit i of the row meets bit (i+shift) mod Z
}

// fill lifts base graph bg by z, which must be valid.
func (g *graph) fill(bg BaseGraph, z int) {
	if g.bg == bg && g.z == z {
		return
	}
	g.bg, g.z = bg, z
	set := setIndex[z] - 1
	for i, e := range bg.edges() {
		g.cols[i] = e.col
		g.shift[i] = e.shift[set] % uint16(z)
		g.first[e.row+1] = uint16(i + 1)
	}
}

// row returns the columns and shifts of row r.
func (g *graph) row(r int) (cols []uint8, shift []uint16) {
	lo, hi := g.first[r], g.first[r+1]
	return g.cols[lo:hi], g.shift[lo:hi]
}

// unsatisfied counts the parity checks of the first rows rows that a codeword
// violates: c has one bit per byte, the punctured columns included.
func (g *graph) unsatisfied(c []byte, rows int) int {
	count := 0
	for r := range rows {
		cols, shift := g.row(r)
		for i := range g.z {
			var sum byte
			for e, col := range cols {
				sum ^= c[int(col)*g.z+(i+int(shift[e]))%g.z]
			}
			count += int(sum & 1)
		}
	}
	return count
}
