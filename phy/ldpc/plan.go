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
