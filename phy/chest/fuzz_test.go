// SPDX-License-Identifier: Apache-2.0

package chest_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/nr"
)

// FuzzEstimate gives groups, pilots and offsets of any shape to both methods: an
// error, or a finite channel.
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
		p := nr.Pilots{Group: g}
		rng := rand.New(rand.NewPCG(seed, 1))
		var off nr.Offsets
		for u := range off.DelaySeconds {
			off.DelaySeconds[u], off.CFOHz[u] = 1e-6*rng.NormFloat64(), 1e3*rng.NormFloat64()
		}
		for _, method := range []chest.Method{chest.LS, chest.LMMSE} {
			e, err := chest.New(chest.Config{Method: method}, chest.Limits{MaxPRB: 40, MaxRx: 2, MaxLayers: 4})
			if err != nil {
				t.Fatal(err)
			}
			if e.Configure(&g) != nil {
				return
			}
			p.RE.Resize(2, g.NumDMRSSymbols(), g.NumSubcarriers())
			scale := float32(math.Pow(10, float64(seed%17)-8))
			if seed%19 == 0 {
				scale = 0
			}
			for i := range p.RE.Data() {
				p.RE.Data()[i] = complex(scale*float32(rng.NormFloat64()), scale*float32(rng.NormFloat64()))
			}
			var ch nr.Channel
			if err := e.Estimate(&ch, &p, &off); err != nil {
				t.Fatal(err)
			}
			checkFinite(t, &ch)
		}
	})
}

// checkFinite fails where a channel holds what is not a number.
func checkFinite(t *testing.T, ch *nr.Channel) {
	t.Helper()
	for name, data := range map[string][]complex64{"anchors": ch.Anchors.Data(), "weights": ch.Weights.Data(), "noise": ch.NoiseCov.Data()} {
		for i, v := range data {
			if sum := float64(real(v)) + float64(imag(v)); math.IsNaN(sum) || math.IsInf(sum, 0) {
				t.Fatalf("%s: [%d] = %v", name, i, v)
			}
		}
	}
	for i, v := range ch.ErrorVar.Data() {
		if !(v >= 0) || math.IsInf(float64(v), 0) {
			t.Fatalf("error variance: [%d] = %v", i, v)
		}
	}
}
