// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"github.com/neuroran/neuroran/internal/simd/llr"
)

// plan says where every edge finds its column's soft bits. A row writes a
// column back in its own lane order, so the next row of that column rotates by
// the difference of both shifts, and the last row of an iteration leaves what
// the first row of the next expects. Rotated vectors change between two buffers;
// columns with an odd number of changes have another layout in odd iterations.
//
// An example with Z = 8: column c stands in row A with shift 2 and in row B with shift 5.
// Lane i of a row is check i of it, so row A wants bit 2 of the column in lane 0, row B
// bit 5:
//
//	bits of the column       0 1 2 3 4 5 6 7
//
//	between iterations       5 6 7 0 1 2 3 4   buffer 0: as row B, the last one, left it
//	row A: rotate by 2−5≡5   2 3 4 5 6 7 0 1   read from lane 5 of buffer 0, written to buffer 1
//	row B: rotate by 5−2=3   5 6 7 0 1 2 3 4   read from lane 3 of buffer 1, written to buffer 0
//
// Nothing is ever put back into the order of the codeword: a row reads a vector from its
// lane rot on and, where that ends, from its beginning (Edge.Src and Edge.Left), and
// writes a whole one (Edge.Dst). It cannot write where it reads from while it rotates,
// hence two buffers; without rotation it writes in place.
//
// Column c changes buffers twice here, and so every iteration finds it in buffer 0. A
// column with one or three rotations is in buffer 1 when the first iteration ends, and
// back in buffer 0 after the second: edges has a layout for even and one for odd
// iterations.
//
// Invariants: before iteration n every column c lies in buffer(c, n), turned by last[c];
// the edges of one row touch different columns, so that their order does not matter.
type plan struct {
	edges     [2][maxEdges]llr.Edge // for even and odd iterations
	checks    [2][maxEdges]llr.Edge // to check parity before even and odd iterations
	last      [maxColumns]int       // rotation of the column between iterations
	swaps     [maxColumns]int       // buffer changes in an iteration
	inBuffer  [maxColumns]int       // buffer that holds the column, while planning
	size      int                   // bytes of one column in one buffer
	blockSize int                   // bytes of one edge's messages
}

// fill plans the first rows rows of g.
//
// The first pass finds the shift that each column has when an iteration ends: that of its
// last row, in the order in which rows are taken. The others make both layouts, even
// iterations first, since the odd ones begin in the buffers in which the even ones end.
func (p *plan) fill(g *graph, rows int) {
	p.size = llr.ColumnSize(g.z)
	p.blockSize = llr.RowBlocks(g.z) * llr.Lanes
	p.last, p.swaps, p.inBuffer = [maxColumns]int{}, [maxColumns]int{}, [maxColumns]int{}
	for i := range rows {
		r := rowAt(i, rows)
		cols, shift := g.row(r)
		for e, c := range cols {
			p.last[c] = int(shift[e])
		}
	}
	for parity := range p.edges {
		p.fillIteration(g, rows, parity)
	}
	p.inBuffer = [maxColumns]int{}
}

// at[c] is by how much column c is turned now, resting[c] the buffer in which it lay
// before the iteration. Checks of parity read all columns at rest, between iterations.
func (p *plan) fillIteration(g *graph, rows, parity int) {
	at, resting := p.last, p.inBuffer
	for i := range rows {
		r := rowAt(i, rows)
		cols, shift := g.row(r)
		first := int(g.first[r])
		for e, c := range cols {
			s := int(shift[e])
			rot := (s - at[c] + g.z) % g.z
			p.checks[parity][first+e] = p.check(g.z, int(c), s, resting[c])
			from := p.inBuffer[c]
			if rot != 0 {
				p.inBuffer[c] ^= 1
			}
			p.edges[parity][first+e] = llr.Edge{
				Src:  uint32(p.base(int(c), from) + rot),
				Left: uint32(g.z - rot),
				Dst:  uint32(p.base(int(c), p.inBuffer[c])),
			}
			at[c] = s
		}
	}
	if parity == 0 {
		for c := range p.swaps {
			p.swaps[c] = p.inBuffer[c]
		}
	}
}

// check is the edge of column c with shift s between iterations.
func (p *plan) check(z, c, s, buffer int) llr.Edge {
	rot := (s - p.last[c] + z) % z
	return llr.Edge{Src: uint32(p.base(c, buffer) + rot), Left: uint32(z - rot)}
}

// base is the offset of column c in buffer b.
func (p *plan) base(c, b int) int { return (2*c + b) * p.size }

// buffer returns the buffer of column c after n iterations.
func (p *plan) buffer(c, n int) int { return p.swaps[c] & n & 1 }
