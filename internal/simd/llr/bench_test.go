// SPDX-License-Identifier: Apache-2.0

package llr

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkMinSumRow(b *testing.B) {
	for _, degree := range []int{3, 10, 19} {
		for _, z := range []int{64, 384} {
			b.Run(fmt.Sprintf("degree=%d/z=%d/impl=%s", degree, z, Implementation()), func(b *testing.B) {
				c := newRowCase(rand.New(rand.NewPCG(1, 0)), degree, z)
				b.ReportAllocs()
				for b.Loop() {
					MinSumRow(c.soft, c.messages, c.edges, z, &c.rule)
				}
				b.ReportMetric(float64(degree*z)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gedge/s")
			})
		}
	}
}
