// SPDX-License-Identifier: Apache-2.0

package chest_test

import (
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestNoiseOfFullCombs measures noise on one PRB of configuration type 2 whose codes
// are all in use, by UEs of different delays: nothing is free, and what the UEs send,
// 1000 times as strong, must not count as noise.
func TestNoiseOfFullCombs(t *testing.T) {
	ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
	if err != nil {
		t.Fatal(err)
	}
	for name, shape := range map[string]struct {
		length int
		ports  []uint8
	}{
		"single symbol":                  {1, []uint8{0, 1, 2, 3}},
		"double symbol, one code a time": {2, []uint8{0, 7, 2, 9}},
		"double symbol":                  {2, []uint8{0, 1, 6, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			for _, receiver := range []string{"ls", "lmmse"} {
				e, err := chest.New(receiver, ref)
				if err != nil {
					t.Fatal(err)
				}
				sum := 0.0
				const n = 200
				for slot := range nr.Slot(n) {
					g := dmrstest.Group(1, shape.ports...)
					g.ConfigType, g.Length, g.Slot = 2, shape.length, slot
					if g.Length == 2 {
						g.DMRSMask = 1<<2 | 1<<3
					}
					var off nr.Offsets
					var ways [4]dmrstest.Channel
					for u := range ways {
						off.DelaySeconds[u] = (0.4*rng.Float64() - 0.1) * g.CyclicPrefix()
						off.DelayStd[u], off.CFOStd[u] = 1e-9, 1
						ways[u] = dmrstest.Ray(&g, off.DelaySeconds[u], 0)
					}
					p := dmrstest.Pilots(&g, 4, func(layer, rx, symbol, k int) complex128 {
						return cmplx.Rect(1, float64(slot)+float64((rx+1)*(layer+1)*(layer+2))) * ways[layer](layer, rx, symbol, k)
					})
					dmrstest.AddNoise(&p, rng, 1e-3)
					if err := e.Configure(&g); err != nil {
						t.Fatal(err)
					}
					var ch nr.Channel
					if err := e.Estimate(&ch, &p, &off); err != nil {
						t.Fatal(err)
					}
					for r := range 4 {
						sum += float64(real(ch.NoiseCov.Row(0, r)[r])) / 4 / n
					}
				}
				if sum < 0.7e-3 || sum > 2e-3 {
					t.Errorf("%s: noise of %.2g, want 1e-3", receiver, sum)
				}
			}
		})
	}
}
