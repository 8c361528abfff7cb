// SPDX-License-Identifier: Apache-2.0

package sync_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
)

// FuzzEstimate gives groups and pilots of any shape: an error, or finite
// offsets.
func FuzzEstimate(f *testing.F) {
	f.Add(uint64(1), uint16(1<<2|1<<11), uint8(24), uint8(1), uint8(1), uint8(2), uint8(1), uint8(0))
	f.Add(uint64(2), uint16(3<<2|3<<10), uint8(3), uint8(2), uint8(2), uint8(3), uint8(3), uint8(9))
	f.Add(uint64(3), uint16(1<<2), uint8(1), uint8(1), uint8(1), uint8(1), uint8(2), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, mask uint16, prb, configType, length, cdm, ues, port uint8) {
		g := nr.Group{
			Slot: nr.Slot(seed % 40), Mu: nr.Numerology(seed % 4), NumPRB: int(prb), StartCRB: int(seed % 200),
			NumSymbols: 14, DMRSMask: mask, ConfigType: int(configType), Length: int(length),
			NumCDMGroupsWithoutData: int(cdm), NumUEs: int(ues),
		}
		for u := range min(int(ues), nr.MaxUEs) {
			g.UEs[u] = nr.UE{NumLayers: 1, Ports: [4]uint8{port + uint8(u)}, NID: int(seed % 3)}
			g.NumLayers++
		}
		s, err := sync.New(sync.Limits{MaxPRB: 40, MaxRx: 2, MaxLayers: 4})
		if err != nil {
			t.Fatal(err)
		}
		if s.Configure(&g) != nil {
			return
		}
		p := nr.Pilots{Group: g}
		p.RE.Resize(2, g.NumDMRSSymbols(), g.NumSubcarriers())
		rng := rand.New(rand.NewPCG(seed, 1))
		scale := float32(math.Pow(10, float64(seed%17)-8))
		for i := range p.RE.Data() {
			p.RE.Data()[i] = complex(scale*float32(rng.NormFloat64()), scale*float32(rng.NormFloat64()))
		}
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
