// SPDX-License-Identifier: Apache-2.0

package ldpc

// Encoder encodes code blocks of one configuration after the other. It works
// on words of 64 bits: a circulant is one shifted read of a doubled vector.
//
// An Encoder is for one goroutine at a time.
//
// TS 38.212 §5.3.2.
type Encoder struct {
	maxZ  int
	cfg   Config
	graph graph
	cols  [68]doubled // one vector per column, the punctured ones first
}

// NewEncoder returns an encoder for lifting sizes up to the limit. It returns a
// [*nr.FieldError] when the limit is out of range. It needs a call of Configure
// before the first block.
func NewEncoder(l Limits) (*Encoder, error) {
	maxZ, err := l.maxZ()
	if err != nil {
		return nil, err
	}
	return &Encoder{maxZ: maxZ}, nil
}

// Configure selects the code of the next blocks. It returns a [*nr.FieldError],
// and keeps the former code, when c is not valid or above the limits. It does
// not allocate when it succeeds.
func (e *Encoder) Configure(c Config) error {
	if err := checkLimits(c, e.maxZ); err != nil {
		return err
	}
	e.cfg = c
	e.graph.fill(c.BaseGraph, c.Z)
	return nil
}

// Encode encodes one code block.
//
//   - dst: [N] coded bits d, one per byte, values 0 or 1; filler bits are 0. With
//     fewer Rows, the parity bits of the unused rows are left as they are.
//   - src: [K−Filler] bits of the code block with its CRC, one per byte
//
// Encode returns a [*nr.ShapeError] if a length disagrees with the configuration.
// It does not allocate; dst and src must not overlap.
//
// TS 38.212 §5.3.2.
func (e *Encoder) Encode(dst, src []byte) error {
	if err := checkLen("Encode: dst", len(dst), e.cfg.N()); err != nil {
		return err
	}
	if err := checkLen("Encode: src", len(src), e.cfg.PayloadBits()); err != nil {
		return err
	}
	e.load(src)
	e.encodeCore()
	e.encodeExtension()
	z := e.cfg.Z
	for c := numPunctured; c < e.cfg.BaseGraph.InfoColumns()+e.cfg.rows(); c++ {
		unpackBits(dst[(c-numPunctured)*z:][:z], e.cols[c][:])
	}
	return nil
}

// load packs the systematic bits; the filler bits are 0.
func (e *Encoder) load(src []byte) {
	z := e.cfg.Z
	for c := range e.cfg.BaseGraph.InfoColumns() {
		var v [vecWords]uint64
		if bits := src[min(c*z, len(src)):min((c+1)*z, len(src))]; len(bits) > 0 {
			packBits(v[:], bits)
		}
		e.cols[c].set(&v, z)
	}
}

// sum adds up the entries of row r left of column end.
func (e *Encoder) sum(r, end int) (acc [vecWords]uint64) {
	n := (e.cfg.Z + 63) / 64
	cols, shift := e.graph.row(r)
	for i, c := range cols {
		if int(c) >= end {
			break
		}
		e.cols[c].xorRotated(&acc, int(shift[i]), n)
	}
	return acc
}

// encodeCore finds the four core parity vectors. Columns 1 to 3 of the core
// are a double diagonal with shift 0, so they cancel in the sum of the four
// rows; column 0 has three entries, of which two are equal and cancel, and the
// third gives the first parity vector. Rows 0 to 2 then give the others.
func (e *Encoder) encodeCore() {
	z, kb := e.cfg.Z, e.cfg.BaseGraph.InfoColumns()
	var total [vecWords]uint64
	for r := range numCore {
		part := e.sum(r, kb)
		for i := range total {
			total[i] ^= part[i]
		}
	}
	var sums doubled
	sums.set(&total, z)
	var p [vecWords]uint64
	sums.xorRotated(&p, (z-e.coreShift())%z, (z+63)/64)
	e.cols[kb].set(&p, z)
	for r := range numCore - 1 {
		p = e.sum(r, kb+1+r)
		e.cols[kb+1+r].set(&p, z)
	}
}

// coreShift returns the shift in the first core parity column that occurs an
// odd number of times.
func (e *Encoder) coreShift() int {
	kb := e.cfg.BaseGraph.InfoColumns()
	odd := uint16(0)
	for r := range numCore {
		cols, shift := e.graph.row(r)
		for i, c := range cols {
			if int(c) == kb {
				odd ^= shift[i] // two equal ones leave the third
			}
		}
	}
	return int(odd)
}

// encodeExtension finds the parity vectors of the rows behind the core: each
// has its own column, with shift 0.
func (e *Encoder) encodeExtension() {
	z, kb := e.cfg.Z, e.cfg.BaseGraph.InfoColumns()
	for r := numCore; r < e.cfg.rows(); r++ {
		p := e.sum(r, kb+r)
		e.cols[kb+r].set(&p, z)
	}
}
