// SPDX-License-Identifier: Apache-2.0

package sync_test

import (
	"math"
	"testing"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

// FuzzEstimate gives groups and pilots of any shape: an error, or finite
// offsets.
func FuzzEstimate(f *testing.F) {
	f.Add(uint64(1), uint16(1<<2|1<<11), uint8(24), uint8(1), uint8(1), uint8(2), uint8(1), uint8(0))
	f.Add(uint64(2), uint16(3<<2|3<<10), uint8(3), uint8(2), uint8(2), uint8(3), uint8(3), uint8(9))
	f.Add(uint64(3), uint16(1<<2), uint8(1), uint8(1), uint8(1), uint8(1), uint8(2), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, mask uint16, prb, configType, length, cdm, ues, port uint8) {
		g := dmrstest.RandomGroup(seed, mask, prb, configType, length, cdm, ues, port)
		ref, err := dmrs.NewReference(nr.GroupLimits{MaxPRB: 40, MaxRx: 2, MaxLayers: 4})
		if err != nil {
			t.Fatal(err)
		}
		s := newCorrelator(t, ref)
		if s.Configure(&g) != nil {
			return
		}
		p := dmrstest.RandomPilots(&g, 2, seed)
		var off nr.Offsets
		if err := s.Estimate(&off, &p); err != nil {
			t.Fatal(err)
		}
		symbol := 1 / g.SubcarrierSpacingHz()
		for u := range g.NumUEs {
			if d, hz := off.DelaySeconds[u], off.CFOHz[u]; !(math.Abs(d) <= symbol) || !(math.Abs(hz)*symbol <= 1) {
				t.Fatalf("UE %d: delay %g s, offset %g Hz", u, d, hz)
			}
		}
	})
}
