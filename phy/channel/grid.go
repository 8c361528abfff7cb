// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// steering is exp(−j2πf·τ) of every tap over the subcarriers of one carrier.
type steering struct {
	subcarriers int
	spacing     float64
	table       []complex64 // [tap, subcarrier]
	off         []int
	h           []complex64
}

func (s *steering) prepare(c *nr.Carrier, delays []float64) {
	n, spacing := c.NumSubcarriers(), float64(c.SubcarrierSpacingKHz)*1e3
	if s.subcarriers == n && s.spacing == spacing {
		return
	}
	s.subcarriers, s.spacing = n, spacing
	s.table = make([]complex64, n*len(delays))
	s.off = make([]int, len(delays))
	s.h = make([]complex64, n)
	for i, tau := range delays {
		s.off[i] = i * n
		for k := range n {
			sin, cos := math.Sincos(-2 * math.Pi * spacing * float64(k-n/2) * tau)
			s.table[i*n+k] = complex(float32(cos), float32(sin))
		}
	}
}

// AddGrid sends the resource elements of one slot through the channel and adds
// them to dst. The channel of each OFDM symbol is that of its middle: there is
// no interference between subcarriers or symbols. A carrier offset turns each
// symbol.
//
//   - dst: [rx, 14, 12·NumPRB]
//   - src: [tx, 14, 12·NumPRB]
//   - slot: gives the instant, slot 0 starts at 0 s
//
// It returns a [*nr.ShapeError] if dimensions disagree. It allocates when the
// carrier differs from the last call's.
func (t *TDL) AddGrid(dst, src *tensor.Tensor[complex64], c *nr.Carrier, slot nr.Slot) error {
	n := c.NumSubcarriers()
	if err := checkDims("dst", dst, t.cfg.NumRx, nr.SymbolsPerSlot, n); err != nil {
		return err
	}
	if err := checkDims("src", src, t.cfg.NumTx, nr.SymbolsPerSlot, n); err != nil {
		return err
	}
	t.steer.prepare(c, t.delays)
	at := float64(slot) / 1e3 / float64(c.Numerology().SlotsPerSubframe())
	symbol := 1 / t.steer.spacing
	for l := range nr.SymbolsPerSlot {
		at += float64(c.CPSamples(slot, l)) / c.SampleRate()
		sin, cos := math.Sincos(2 * math.Pi * math.Mod(t.cfg.CFOHz*at, 1))
		turn := complex(float32(cos), float32(sin))
		for tx := range t.cfg.NumTx {
			x := src.Row(tx, l)
			for rx := range t.cfg.NumRx {
				coef := t.coefficients(rx, tx, at+symbol/2)
				for i := range coef {
					coef[i] *= turn
				}
				mimo.LinComb(t.steer.h, coef, t.steer.table, t.steer.off)
				y := dst.Row(rx, l)
				for k, h := range t.steer.h {
					y[k] += h * x[k]
				}
			}
		}
		at += symbol
	}
	return nil
}

func checkDims(field string, t *tensor.Tensor[complex64], want ...int) error {
	if t.Rank() != len(want) {
		return nr.BadLength("channel: "+field+".rank", t.Rank(), len(want))
	}
	for i, w := range want {
		if t.Dim(i) != w {
			return nr.BadLength(fmt.Sprintf("channel: %s.dims[%d]", field, i), t.Dim(i), w)
		}
	}
	return nil
}
