// SPDX-License-Identifier: Apache-2.0

package sync_test

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestFewPilots measures the delay of a UE on one PRB, whose two or three pairs have
// a delay spectrum without a floor: noise seldom counts as a path, a path is found,
// and its error is as large as is said.
func TestFewPilots(t *testing.T) {
	const n = 1000
	ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
	if err != nil {
		t.Fatal(err)
	}
	s := newCorrelator(t, ref)
	for configType := 1; configType <= 2; configType++ {
		rng := rand.New(rand.NewPCG(1, uint64(configType)))
		ghosts, found, within := 0, 0, 0
		for slot := range nr.Slot(n) {
			g := dmrstest.Group(1, 0)
			g.ConfigType, g.Slot = configType, slot
			if err := s.Configure(&g); err != nil {
				t.Fatal(err)
			}
			delay := (rng.Float64() - 0.3) * g.CyclicPrefix() / 2
			ray := dmrstest.Ray(&g, delay, 0)
			for _, amplitude := range []float64{0, 3} {
				p := dmrstest.Pilots(&g, 4, func(layer, rx, symbol, k int) complex128 {
					return cmplx.Rect(amplitude, float64(rx*rx)) * ray(layer, rx, symbol, k)
				})
				dmrstest.AddNoise(&p, rng, 1)
				var off nr.Offsets
				if err := s.Estimate(&off, &p); err != nil {
					t.Fatal(err)
				}
				switch {
				case amplitude == 0 && off.DelayObserved[0]:
					ghosts++
				case amplitude > 0 && off.DelayObserved[0]:
					found++
					if math.Abs(off.DelaySeconds[0]-delay) < 2*off.DelayStd[0] {
						within++
					}
				}
			}
		}
		if ghosts > n/40 || found < n-n/50 || float64(within) < 0.85*float64(found) {
			t.Errorf("DM-RS type %d, %d slots: a path found in noise %d times, in a signal %d times, within two deviations %d times", configType, n, ghosts, found, within)
		}
	}
}
