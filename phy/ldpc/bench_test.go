// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/internal/simd/llr"
)

// BenchmarkDecode decodes noise, so that no block stops early: the throughput
// is that of the given number of iterations, load and decisions included.
func BenchmarkDecode(b *testing.B) {
	for _, tc := range []struct {
		c     Config
		rate  string
		iters int
	}{
		{Config{BaseGraph: BG1, Z: 384, Rows: 4}, "0.917", 2},
		{Config{BaseGraph: BG1, Z: 384, Rows: 4}, "0.917", 6},
		{Config{BaseGraph: BG1, Z: 384, Rows: 24}, "0.5", 6},
		{Config{BaseGraph: BG1, Z: 384, Rows: 46}, "0.333", 6},
		{Config{BaseGraph: BG2, Z: 384, Rows: 42}, "0.2", 6},
		{Config{BaseGraph: BG2, Z: 64, Rows: 12}, "0.5", 6},
	} {
		c := tc.c
		b.Run(fmt.Sprintf("bg=%d/z=%d/rate=%s/iters=%d/impl=%s", c.BaseGraph, c.Z, tc.rate, tc.iters, llr.Implementation()), func(b *testing.B) {
			d, err := NewDecoder(Limits{})
			if err != nil {
				b.Fatal(err)
			}
			if err := d.Configure(DecoderConfig{Config: c, MaxIterations: tc.iters}); err != nil {
				b.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 0))
			soft, dst := make([]int8, c.N()), make([]byte, c.K())
			for i := range soft {
				soft[i] = int8(rng.IntN(201) - 100)
			}
			b.ReportAllocs()
			for b.Loop() {
				if res, err := d.Decode(dst, soft); err != nil || res.Iterations != tc.iters {
					b.Fatal(res, err)
				}
			}
			b.ReportMetric(float64(c.K())*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbit/s")
		})
	}
}
