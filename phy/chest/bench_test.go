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
					g := dmrstest.Group(prb, 0)
					g.NumLayers, g.UEs[0].NumLayers, g.UEs[0].Ports[1] = layers, layers, 1
					p := dmrstest.Pilots(&g, 4, dmrstest.Ray(&g, 0, 0))
					dmrstest.AddNoise(&p, rand.New(rand.NewPCG(1, 2)), 0.02)
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
				})
			}
		}
	}
}
