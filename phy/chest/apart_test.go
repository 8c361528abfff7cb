// SPDX-License-Identifier: Apache-2.0

package chest_test

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"testing"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestUEsApart puts two UEs with different delays and carrier offsets on one CDM
// group, over channels of gain 1 and j without noise, and compares the channel
// of each with the truth at every element.
func TestUEsApart(t *testing.T) {
	const prb = 24
	delays, offsets := [2]float64{0.1e-6, 0.9e-6}, [2]float64{-300, 250}
	for _, c := range []struct{ configType, length int }{{1, 1}, {2, 1}, {1, 2}, {2, 2}} {
		g := nr.Group{
			Mu: 1, NumPRB: prb, NumSymbols: 14, DMRSMask: 1<<2 | 1<<11, ConfigType: c.configType, Length: c.length,
			NumCDMGroupsWithoutData: 2, NumUEs: 2, NumLayers: 2,
		}
		if c.length == 2 {
			g.DMRSMask = 3<<2 | 3<<10
		}
		p := nr.Pilots{Group: g}
		p.RE.Resize(1, g.NumDMRSSymbols(), 12*prb)
		off := nr.Offsets{}
		times := g.SymbolTimes()
		truth := func(u, l, k int) complex128 {
			phase := 2 * math.Pi * (offsets[u]*times[l] - float64(k)*30e3*delays[u])
			return cmplx.Rect(1, phase+math.Pi/2*float64(u))
		}
		for u := range 2 {
			p.Group.UEs[u] = nr.UE{NumLayers: 1, Ports: [4]uint8{uint8(u)}}
			off.DelaySeconds[u], off.CFOHz[u] = delays[u], offsets[u]
			addDMRS(&p, u, func(l, k int) complex64 { return complex64(truth(u, l, k)) })
		}
		for method, limit := range map[chest.Method]float64{chest.LS: 1e-5, chest.LMMSE: 0.02} {
			t.Run(fmt.Sprintf("%v/type=%d/length=%d", method, c.configType, c.length), func(t *testing.T) {
				e, err := chest.New(chest.Config{Method: method}, chest.DefaultLimits())
				var ch nr.Channel
				if err := errors.Join(err, e.Configure(&p.Group), e.Estimate(&ch, &p, &off)); err != nil {
					t.Fatal(err)
				}
				mse := 0.0
				for u := range 2 {
					for l := range nr.SymbolsPerSlot {
						for k := range 12 * prb {
							h := -truth(u, l, k)
							for a, w := range ch.Weights.Row(u, l) {
								h += complex128(w * ch.Anchors.Row(u, 0, a)[k])
							}
							mse += (real(h)*real(h) + imag(h)*imag(h)) / (2 * nr.SymbolsPerSlot * 12 * prb)
						}
					}
				}
				if mse > limit {
					t.Errorf("mean squared error %.2g, want at most %g", mse, limit)
				}
			})
		}
	}
}

// addDMRS adds the reference signal of UE u, on the port of its number, through
// a channel.
func addDMRS(p *nr.Pilots, u int, channel func(l, k int) complex64) {
	g := &p.Group
	ref := make([]complex64, dmrs.PilotsPerPRB(g.ConfigType)*g.NumPRB)
	s := 0
	for l := range nr.SymbolsPerSlot {
		if !g.IsDMRS(l) {
			continue
		}
		sent := make([]complex64, g.NumSubcarriers())
		dmrs.Sequence(ref, g.ConfigType, g.StartCRB, dmrs.CInit(g.Mu, g.Slot, l, g.UEs[u].NID, 0))
		dmrs.Map(sent, ref, g.ConfigType, u, s%g.Length, complex(dmrs.Beta(g.NumCDMGroupsWithoutData), 0))
		for k, x := range sent {
			p.RE.Row(0, s)[k] += channel(l, k) * x
		}
		s++
	}
}
