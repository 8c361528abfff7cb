// SPDX-License-Identifier: Apache-2.0

package link

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c128"
	"github.com/neuroran/neuroran/tensor"
)

// SINR returns the true ratio of signal to what disturbs it after equalization, of UE
// u in the last trial: one over the mean squared distance of its symbols from those
// that were sent. It is NaN of a UE that is silent.
func (p *PUSCH) SINR(u int) float64 {
	if p.cfg.UEs[u].Silent {
		return math.NaN()
	}
	sent, found := p.ues[u].tx.Symbols(), p.rx.Symbols(u).Z.Data()
	sum := 0.0
	for i, z := range found {
		d := complex128(z - sent[i])
		sum += real(d)*real(d) + imag(d)*imag(d)
	}
	return float64(len(found)) / sum
}

// BestSINR returns the closed form of the largest value that [PUSCH.SINR] can reach
// with a linear receiver that knows the channels of all UEs and interferers and the
// noise of every antenna: one over the mean of 1/(hᴴ·R⁻¹·h), h the channel of a layer
// and R the covariance of everything else. It is taken in the middle symbol of the
// grant, so it holds for channels that hardly change within a slot.
//
// With one layer, no interferer and antennas of their own noise this is maximum
// ratio combining.
func (p *PUSCH) BestSINR(u int) float64 {
	g, rx := p.rx.Group(), p.cfg.NumRx
	symbol := g.StartSymbol + g.NumSymbols/2
	p.around.listen(p, &g, symbol)
	var h tensor.Tensor[complex64]
	h.Resize(g.NumLayers, rx, g.NumSubcarriers())
	for l := range g.NumLayers {
		for r := range rx {
			p.response(h.Row(l, r), &g, l, r, symbol)
		}
	}
	cov, column := make([]complex128, rx*rx), make([]complex128, rx)
	sum, n := 0.0, 0
	for l := range g.NumLayers {
		if owner, _ := g.LayerUE(l); owner != u {
			continue
		}
		for k := range g.NumSubcarriers() {
			clear(cov)
			p.around.addCovariance(cov, rx, k)
			for other := range g.NumLayers {
				if other != l {
					addOuter(cov, rx, func(r int) complex64 { return h.Row(other, r)[k] })
				}
			}
			for r := range rx {
				column[r] = complex128(h.Row(l, r)[k])
			}
			c128.Cholesky(cov, rx)
			c128.SolveLower(cov, rx, column)
			ratio := 0.0
			for _, x := range column {
				ratio += real(x)*real(x) + imag(x)*imag(x)
			}
			sum += 1 / ratio
			n++
		}
	}
	return float64(n) / sum
}
