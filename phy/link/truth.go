// SPDX-License-Identifier: Apache-2.0

package link

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/tensor"
)

// Precoder is what a UE's antennas radiate of the ports of its grant: entry [a][p] is
// the weight of port p on antenna a, 1…8 antennas. It comes after the codebook of
// the grant, and is the same for data and DM-RS, so that the receiver need not know
// it.
//
// It follows the precoding of TS 38.211 §6.3.1.5.
type Precoder [][]complex64

// check reports rows that have not a weight for each port.
func (w Precoder) check(ports int) error {
	for a := range w {
		if len(w[a]) != ports {
			return &nr.FieldError{Field: fmt.Sprintf("link.precoder[%d]", a), Got: len(w[a]), Want: fmt.Sprintf("%d weights, one for each port of the grant", ports)}
		}
	}
	return nil
}

// weights returns what each antenna radiates of each layer: the precoder times the
// codebook's matrix.
func (w Precoder) weights(g *nr.Grant) [][]complex64 {
	book := pusch.NewPrecoder(g)
	if w == nil {
		w = identity(g.NumAntennaPorts)
	}
	out := make([][]complex64, len(w))
	for a := range w {
		out[a] = make([]complex64, g.NumLayers)
		for v := range out[a] {
			for p, x := range w[a] {
				out[a][v] += x * book[p][v]
			}
		}
	}
	return out
}

func identity(n int) Precoder {
	w := make(Precoder, n)
	for i := range w {
		w[i] = make([]complex64, n)
		w[i][i] = 1
	}
	return w
}

// apply writes what the antennas radiate of a grid of ports.
func (w Precoder) apply(dst, src *nr.Grid) {
	dst.Slot = src.Slot
	dst.RE.Resize(len(w), src.RE.Dim(1), src.RE.Dim(2))
	dst.RE.Clear()
	for a := range w {
		for p, x := range w[a] {
			for l := range src.RE.Dim(1) {
				to := dst.RE.Row(a, l)
				for k, z := range src.RE.Row(p, l) {
					to[k] += x * z
				}
			}
		}
	}
}

// response writes the channel of layer l of a group in one symbol of its slot, as
// [channel.TDL.AddGrid] applies it, precoders and the gain of the antenna included.
func (p *PUSCH) response(dst []complex64, g *nr.Group, l, rx, symbol int) {
	clear(dst)
	u, first := g.LayerUE(l)
	if p.cfg.UEs[u].Silent {
		return
	}
	ue := &p.ues[u]
	at := p.middle(g, symbol)
	sin, cos := math.Sincos(2 * math.Pi * math.Mod(ue.path.Config().CFOHz*(at-0.5/g.SubcarrierSpacingHz()), 1))
	turn := complex(float32(cos), float32(sin)) * complex(p.around.gain(rx), 0)
	if cap(p.sum) < len(dst) {
		p.sum = make([]complex64, len(dst))
	}
	sum := p.sum[:len(dst)]
	for a := range ue.weights {
		w := ue.weights[a][l-first] * turn
		if w == 0 {
			continue
		}
		p.evaluate(sum, ue.path, g, rx, a, at)
		for k, h := range sum {
			dst[k] += w * h
		}
	}
}

// middle returns the middle of a symbol of a group's slot, in seconds from slot 0.
func (p *PUSCH) middle(g *nr.Group, symbol int) float64 {
	return float64(g.Slot)/1e3/float64(g.Mu.SlotsPerSubframe()) + g.SymbolTimes()[symbol] + 0.5/g.SubcarrierSpacingHz()
}

// evaluate writes a path's response on the subcarriers of a group.
func (p *PUSCH) evaluate(dst []complex64, path *channel.TDL, g *nr.Group, rx, tx int, at float64) {
	spacing := g.SubcarrierSpacingHz()
	first := g.StartPRB*nr.SubcarriersPerPRB - p.cfg.Carrier.NumSubcarriers()/2
	path.Response(dst, rx, tx, at, spacing*float64(first), spacing)
}

// TrueChannel writes the channel of the last trial, precoders included.
//
//   - dst: [layer, rx, symbol, 12·NumPRB], resized as needed; layers count over all
//     UEs, symbols from the first one of the grants
//
// With TimeDomain it leaves out the interference between subcarriers and symbols. It
// allocates only where dst grows.
func (p *PUSCH) TrueChannel(dst *tensor.Tensor[complex64]) {
	g := p.rx.Group()
	dst.Resize(g.NumLayers, p.cfg.NumRx, g.NumSymbols, g.NumSubcarriers())
	for l := range g.NumLayers {
		for r := range p.cfg.NumRx {
			for s := range g.NumSymbols {
				p.response(dst.Row(l, r, s), &g, l, r, g.StartSymbol+s)
			}
		}
	}
}

// NMSE returns the normalized mean squared error of the channel that the receiver
// estimated of UE u in the last trial: Σ|ĥ − h|² / Σ|h|² over its layers, the
// antennas, all symbols of the grant and all its subcarriers. It is NaN without a
// channel.
func (p *PUSCH) NMSE(u int) float64 {
	g, ch := p.rx.Group(), p.rx.Channel()
	h, estimate := make([]complex64, g.NumSubcarriers()), make([]complex64, g.NumSubcarriers())
	wrong, all := 0.0, 0.0
	for l := range g.NumLayers {
		if owner, _ := g.LayerUE(l); owner != u {
			continue
		}
		for r := range p.cfg.NumRx {
			for s := range g.NumSymbols {
				p.response(h, &g, l, r, g.StartSymbol+s)
				interpolate(estimate, ch, l, r, s)
				for k := range h {
					d := estimate[k] - h[k]
					wrong += float64(real(d))*float64(real(d)) + float64(imag(d))*float64(imag(d))
					all += float64(real(h[k]))*float64(real(h[k])) + float64(imag(h[k]))*float64(imag(h[k]))
				}
			}
		}
	}
	return wrong / all
}

// interpolate writes the estimate of one symbol: the weighted sum of the anchors.
func interpolate(dst []complex64, ch *nr.Channel, l, r, s int) {
	clear(dst)
	for a, w := range ch.Weights.Row(l, s) {
		if w == 0 {
			continue
		}
		for k, z := range ch.Anchors.Row(l, r, a) {
			dst[k] += w * z
		}
	}
}
