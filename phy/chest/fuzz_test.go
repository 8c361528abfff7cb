// SPDX-License-Identifier: Apache-2.0

package chest_test

import (
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/chest/chesttest"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

// FuzzEstimate gives groups, pilots and offsets of any shape to both methods: an
// error, or a finite channel.
func FuzzEstimate(f *testing.F) {
	f.Add(uint64(1), uint16(1<<2|1<<11), uint8(24), uint8(1), uint8(1), uint8(2), uint8(1), uint8(0))
	f.Add(uint64(2), uint16(3<<2|3<<10), uint8(3), uint8(2), uint8(2), uint8(3), uint8(3), uint8(9))
	f.Add(uint64(3), uint16(1<<2), uint8(1), uint8(1), uint8(1), uint8(1), uint8(2), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, mask uint16, prb, configType, length, cdm, ues, port uint8) {
		g := dmrstest.RandomGroup(seed, mask, prb, configType, length, cdm, ues, port)
		rng := rand.New(rand.NewPCG(seed, 2))
		var off nr.Offsets
		for u := range off.DelaySeconds {
			off.DelaySeconds[u], off.CFOHz[u] = 1e-6*rng.NormFloat64(), 1e3*rng.NormFloat64()
		}
		ref, err := dmrs.NewReference(nr.GroupLimits{MaxPRB: 40, MaxRx: 2, MaxLayers: 4})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []chest.Estimator{chest.NewLS(ref), chest.NewLMMSE(ref)} {
			if e.Configure(&g) != nil {
				return
			}
			p := dmrstest.RandomPilots(&g, 2, seed)
			var ch nr.Channel
			if err := e.Estimate(&ch, &p, &off); err != nil {
				t.Fatal(err)
			}
			if err := chesttest.Finite(&ch); err != nil {
				t.Fatal(err)
			}
		}
	})
}
