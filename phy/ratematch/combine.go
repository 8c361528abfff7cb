// SPDX-License-Identifier: Apache-2.0

package ratematch

import (
	"github.com/neuroran/neuroran/internal/simd/llr"
	"github.com/neuroran/neuroran/phy/nr"
)

// chunk is how many symbols are taken apart at a time.
const chunk = 512

// maxBits is the largest number of bits per symbol.
const maxBits = 8

// planes takes symbols apart into one run of LLRs for each bit of a symbol. As
// the orders are 1, 6 or powers of 2, that is splitting into elements of even
// and odd index, once or more, and for 64QAM into three at the end.
type planes struct {
	store [3 * maxBits * chunk]int8
	used  int
	bit   [maxBits][]int8 // the result
}

// take returns n elements of the store.
func (p *planes) take(n int) []int8 {
	p.used += n
	return p.store[p.used-n : p.used]
}

// split sets bit[first], bit[first+stride], … to the runs of src, which has bits
// of them a symbol.
func (p *planes) split(src []int8, bits, first, stride int) {
	switch {
	case bits == 1:
		p.bit[first] = src
	case bits%2 == 0:
		even, odd := p.take(len(src)/2), p.take(len(src)/2)
		llr.SplitPairs(even, odd, src)
		p.split(even, bits/2, first, 2*stride)
		p.split(odd, bits/2, first+stride, 2*stride)
	default:
		for i := range bits {
			run := p.take(len(src) / bits)
			for k := range run {
				run[k] = src[k*bits+i]
			}
			p.bit[first+i*stride] = run
		}
	}
}

// Combine adds the soft bits of one received code block to its soft buffer.
//
//   - soft: [N] int8 within ±[nr.MaxLLR], filler positions untouched
//   - llrs: [E] int8 as received, positive means bit 0; E is a multiple of
//     BitsPerSymbol
//
// Sums saturate at ±[nr.MaxLLR]; with repetition, the order in which the copies of
// a bit are added is not defined. A buffer must be cleared before the first
// transmission of a transport block; further ones, of any redundancy version,
// are combined with it.
//
// Combine returns a [*nr.ShapeError] if the buffer has another length, and a
// [*nr.FieldError] if E is no whole number of symbols. It does not allocate; soft
// and llrs must not overlap.
//
// It inverts TS 38.212 §5.4.2.1 and §5.4.2.2.
func (m *Matcher) Combine(soft, llrs []int8) error {
	if err := m.check("Combine", len(soft), len(llrs)); err != nil {
		return err
	}
	qm := m.cfg.BitsPerSymbol
	symbols := len(llrs) / qm
	for at := 0; at < symbols; at += chunk {
		n := min(chunk, symbols-at)
		m.planes.used = 0
		m.planes.split(llrs[at*qm:(at+n)*qm], qm, 0, 1)
		for i, plane := range m.planes.bit[:qm] {
			m.add(soft, plane, i*symbols+at)
		}
	}
	return nil
}

// add puts part, which starts at bit k of the selected sequence e, back.
func (m *Matcher) add(soft, part []int8, k int) {
	for len(part) > 0 {
		pos, length := m.run(k)
		n := min(length, len(part))
		llr.AddSaturated(soft[pos:pos+n], part[:n], nr.MaxLLR)
		part, k = part[n:], k+n
	}
}
