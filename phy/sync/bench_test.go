// SPDX-License-Identifier: Apache-2.0

package sync_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
)

// noisePilots returns pilots of numUEs UEs of one layer each on ports 0, 1, …,
// full of noise.
func noisePilots(prb, rx, numUEs int) nr.Pilots {
	p := nr.Pilots{Group: nr.Group{
		Mu: 1, NumPRB: prb, NumSymbols: 14, DMRSMask: 1<<2 | 1<<11, ConfigType: 1, Length: 1,
		NumCDMGroupsWithoutData: 2, NumUEs: numUEs, NumLayers: numUEs,
	}}
	for u := range numUEs {
		p.Group.UEs[u] = nr.UE{NumLayers: 1, Ports: [4]uint8{uint8(u)}}
	}
	p.RE.Resize(rx, 2, 12*prb)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range p.RE.Data() {
		p.RE.Data()[i] = complex(float32(rng.NormFloat64()), float32(rng.NormFloat64()))
	}
	return p
}

func BenchmarkEstimate(b *testing.B) {
	for _, prb := range []int{24, 273} {
		for _, ues := range []int{1, 2} {
			b.Run(fmt.Sprintf("prb=%d/rx=4/ues=%d", prb, ues), func(b *testing.B) {
				p := noisePilots(prb, 4, ues)
				s, err := sync.New(sync.DefaultLimits())
				if err != nil {
					b.Fatal(err)
				}
				var off nr.Offsets
				b.ReportAllocs()
				for b.Loop() {
					if err := s.Configure(&p.Group); err != nil {
						b.Fatal(err)
					}
					if err := s.Estimate(&off, &p); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
