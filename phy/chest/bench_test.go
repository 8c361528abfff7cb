// SPDX-License-Identifier: Apache-2.0

package chest_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

func BenchmarkEstimate(b *testing.B) {
	for _, method := range []string{"ls", "lmmse"} {
		for _, prb := range []int{24, 273} {
			for _, layers := range []int{1, 2} {
				b.Run(fmt.Sprintf("method=%s/prb=%d/rx=4/layers=%d", method, prb, layers), func(b *testing.B) {
					estimate(b, method, prb, 4, layers, 0)
				})
			}
		}
	}
}

// BenchmarkInterferer estimates beside an interferer on the whole band, for which
// noise is compared PRB by PRB.
func BenchmarkInterferer(b *testing.B) {
	for _, prb := range []int{24, 273} {
		for _, rx := range []int{4, 8} {
			b.Run(fmt.Sprintf("method=lmmse/prb=%d/rx=%d", prb, rx), func(b *testing.B) {
				estimate(b, "lmmse", prb, rx, 1, 1)
			})
		}
	}
}

// estimate measures one method on one path, with noise, and an interferer of the given
// amplitude that all antennas hear alike.
func estimate(b *testing.B, method string, prb, rx, layers int, interferer float64) {
	g := dmrstest.Group(prb, 0)
	g.NumLayers, g.UEs[0].NumLayers, g.UEs[0].Ports[1] = layers, layers, 1
	rng := rand.New(rand.NewPCG(1, 2))
	p := dmrstest.Pilots(&g, rx, dmrstest.Ray(&g, 0, 0))
	dmrstest.AddNoise(&p, rng, 0.02)
	for l := range p.RE.Dim(1) {
		for k := range p.RE.Row(0, l) {
			x := complex(float32(interferer*rng.NormFloat64()), float32(interferer*rng.NormFloat64()))
			for r := range rx {
				p.RE.Row(r, l)[k] += x
			}
		}
	}
	ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
	if err != nil {
		b.Fatal(err)
	}
	e, err := chest.New(method, ref)
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
}
