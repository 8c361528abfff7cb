// SPDX-License-Identifier: Apache-2.0

package sync_test

import (
	"fmt"
	"testing"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
)

func BenchmarkEstimate(b *testing.B) {
	for _, prb := range []int{24, 273} {
		for _, ports := range [][]uint8{{0}, {0, 1}} {
			b.Run(fmt.Sprintf("prb=%d/rx=4/ues=%d", prb, len(ports)), func(b *testing.B) {
				g := dmrstest.Group(prb, ports...)
				p := dmrstest.RandomPilots(&g, 4, 15)
				ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
				if err != nil {
					b.Fatal(err)
				}
				s := sync.NewCorrelator(ref)
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
