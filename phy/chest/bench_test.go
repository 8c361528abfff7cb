// SPDX-License-Identifier: Apache-2.0

package chest_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/nr"
)

// noisePilots returns pilots of one UE with layers on ports 0, 1, …, on four
// antennas: a channel of 1 and some noise.
func noisePilots(prb, layers int) nr.Pilots {
	p := nr.Pilots{Group: nr.Group{
		Mu: 1, NumPRB: prb, NumSymbols: 14, DMRSMask: 1<<2 | 1<<11, ConfigType: 1, Length: 1,
		NumCDMGroupsWithoutData: 2, NumUEs: 1, NumLayers: layers,
	}}
	p.Group.UEs[0] = nr.UE{NumLayers: layers, Ports: [4]uint8{0, 1, 2, 3}}
	p.RE.Resize(4, 2, 12*prb)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range p.RE.Data() {
		p.RE.Data()[i] = complex(float32(1+0.1*rng.NormFloat64()), float32(0.1*rng.NormFloat64()))
	}
	return p
}

func BenchmarkEstimate(b *testing.B) {
	for _, method := range []chest.Method{chest.LS, chest.LMMSE} {
		for _, prb := range []int{24, 273} {
			for _, layers := range []int{1, 2} {
				b.Run(fmt.Sprintf("method=%v/prb=%d/rx=4/layers=%d", method, prb, layers), func(b *testing.B) {
					p := noisePilots(prb, layers)
					e, err := chest.New(chest.Config{Method: method}, chest.DefaultLimits())
					if err != nil {
						b.Fatal(err)
					}
					var ch nr.Channel
					var off nr.Offsets
					b.ReportAllocs()
					for b.Loop() {
						if err := e.Configure(&p.Group); err != nil {
							b.Fatal(err)
						}
						if err := e.Estimate(&ch, &p, &off); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
