// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// pam is one axis of the square constellations of TS 38.211 §5.1: level[b] for
// the bits b, first bit highest. Both axes together have unit energy.
type pam struct {
	bits  int
	level []float64
}

func newPAM(qm int) (pam, error) {
	norm, ok := map[int]float64{2: 2, 4: 10, 6: 42, 8: 170}[qm]
	if !ok {
		return pam{}, fmt.Errorf("qm: got %d, want 2, 4, 6 or 8", qm)
	}
	p := pam{bits: qm / 2, level: make([]float64, 1<<(qm/2))}
	for b := range p.level {
		sign := func(i int) float64 { return 1 - 2*float64(b>>(p.bits-1-i)&1) }
		x := sign(p.bits - 1)
		for i := p.bits - 2; i >= 0; i-- {
			x = sign(i) * (float64(int(1)<<(p.bits-1-i)) - x)
		}
		p.level[b] = x / math.Sqrt(norm)
	}
	return p, nil
}

// transmit sends bits over AWGN with noise power n0 a symbol and writes max-log
// LLRs. Bits of a symbol alternate between both axes.
func (p pam) transmit(dst []float32, bits []byte, rng *rand.Rand, n0 float64) {
	sigma := math.Sqrt(n0 / 2)
	qm := 2 * p.bits
	for s := 0; s < len(bits); s += qm {
		for axis := range 2 {
			b := 0
			for i := range p.bits {
				b = b<<1 | int(bits[s+2*i+axis])
			}
			y := p.level[b] + sigma*rng.NormFloat64()
			p.demap(dst[s+axis:], y, 1/n0)
		}
	}
}

// demap writes the LLRs of one axis to dst[0], dst[2] and so on.
func (p pam) demap(dst []float32, y, gain float64) {
	if p.bits == 1 {
		dst[0] = float32(4 * p.level[0] * y * gain)
		return
	}
	var best [2][4]float64
	for i := range best[0] {
		best[0][i], best[1][i] = math.Inf(1), math.Inf(1)
	}
	for b, x := range p.level {
		d := (y - x) * (y - x)
		for i := range p.bits {
			v := b >> (p.bits - 1 - i) & 1
			best[v][i] = min(best[v][i], d)
		}
	}
	for i := range p.bits {
		dst[2*i] = float32((best[1][i] - best[0][i]) * gain)
	}
}
