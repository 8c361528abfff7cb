// SPDX-License-Identifier: Apache-2.0

package ref

// picking reads, for each axis of the output, the input at listed indices; -1
// reads the fill. It works row by row along the last axis: runs of indices that
// follow each other are copied as one, and a row that reads what the row before
// it did is a copy of that.
type picking[E any] struct {
	dst, src []E
	outer    [][]int // of the axes before the last
	last     []int
	dims     []int // lengths of the input
	spans    []pickedSpan
	value    []E // the fill
	pos      []int
}

// pickedSpan is n places of a row, from place to on, that read elements which
// follow each other, from index from on, or the fill where that is -1.
type pickedSpan struct{ to, from, n int }

// picked makes the kernel.
func picked[E any](st *step, at [][]int, value []E) func() {
	dst, src := as[E](st.out[0]), as[E](st.in[0])
	if len(at) == 0 {
		return func() { copy(dst, src) }
	}
	p := &picking[E]{dst: dst, src: src, outer: at[:len(at)-1], last: at[len(at)-1], dims: st.in[0].dims, value: value}
	p.pos = make([]int, len(p.outer))
	for i, k := range p.last {
		if n := len(p.spans) - 1; n >= 0 && p.spans[n].follows(k) {
			p.spans[n].n++
		} else {
			p.spans = append(p.spans, pickedSpan{i, k, 1})
		}
	}
	return p.run
}

func (s pickedSpan) follows(k int) bool {
	if s.from < 0 {
		return k < 0
	}
	return k == s.from+s.n
}

func (p *picking[E]) run() {
	clear(p.pos)
	row := len(p.last)
	before := -2
	for at := 0; at < len(p.dst); at += row {
		dst, off := p.dst[at:at+row], p.offset()
		switch {
		case off < 0:
			fill(dst, p.value[0])
		case off == before:
			copy(dst, p.dst[at-row:at])
		default:
			p.row(dst, p.src[off:])
		}
		before = off
		for a := len(p.pos) - 1; a >= 0; a-- {
			if p.pos[a]++; p.pos[a] < len(p.outer[a]) {
				break
			}
			p.pos[a] = 0
		}
	}
}

// offset returns where the row of the input begins that the current row reads, or
// -1 for the fill.
func (p *picking[E]) offset() int {
	off := 0
	for i, at := range p.pos {
		k := p.outer[i][at]
		if k < 0 {
			return -1
		}
		off = off*p.dims[i] + k
	}
	return off * p.dims[len(p.pos)]
}

func (p *picking[E]) row(dst, src []E) {
	const long = 4 // spans that are shorter on average are read element by element
	if len(p.spans)*long > len(dst) {
		for i, k := range p.last {
			if k < 0 {
				dst[i] = p.value[0]
			} else {
				dst[i] = src[k]
			}
		}
		return
	}
	for _, s := range p.spans {
		if run := dst[s.to : s.to+s.n]; s.from < 0 {
			fill(run, p.value[0])
		} else {
			copy(run, src[s.from:])
		}
	}
}
