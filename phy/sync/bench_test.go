// SPDX-License-Identifier: Apache-2.0

package sync_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

func BenchmarkEstimate(b *testing.B) {
	for _, prb := range []int{24, 273} {
		for _, ports := range [][]uint8{{0}, {0, 1}} {
			b.Run(fmt.Sprintf("prb=%d/rx=4/ues=%d", prb, len(ports)), func(b *testing.B) {
				g := dmrstest.Group(prb, ports...)
				p := dmrstest.Pilots(&g, 4, dmrstest.Ray(&g, 0, 0))
				dmrstest.AddNoise(&p, rand.New(rand.NewPCG(1, 2)), 0.1)
				ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
				if err != nil {
					b.Fatal(err)
				}
				s := newCorrelator(b, ref)
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
