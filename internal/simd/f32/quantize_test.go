// SPDX-License-Identifier: Apache-2.0

package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestQuantizeRows(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		for cols := 1; cols <= MaxCols; cols++ {
			for rows := range 40 {
				x, v := random(rng, rows*cols), make([]float32, rows)
				for i := range v {
					v[i] = float32(math.Exp(4*rng.Float64() - 3))
				}
				for i, special := range []float32{nan, 0, -1, inf, 1e-30} {
					if i < rows {
						v[i] = special
					}
				}
				if rows > 20 {
					x[6*cols], x[7*cols], x[8*cols], x[9*cols] = nan, inf, -inf, 2.5
					v[9] = 1
				}
				got, want := make([]int8, rows*cols+32), make([]int8, rows*cols)
				for i := range got {
					got[i] = 99
				}
				QuantizeRows(got[16:16+rows*cols], x, v, 8, 1e-12, 120)
				quantizeRowsGeneric(want, x, v, cols, 8, 1e-12, 120)
				for i, g := range got {
					w := int8(99)
					if i >= 16 && i < 16+len(want) {
						w = want[i-16]
					}
					if g != w {
						t.Fatalf("cols=%d rows=%d, element %d: got %d, want %d", cols, rows, i-16, g, w)
					}
				}
			}
		}
	})
}

func BenchmarkQuantizeRows(b *testing.B) {
	for _, cols := range []int{2, 8} {
		b.Run(fmt.Sprintf("rows=1024/cols=%d", cols), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			x, v, dst := random(rng, 1024*cols), random(rng, 1024), make([]int8, 1024*cols)
			b.ReportAllocs()
			for b.Loop() {
				QuantizeRows(dst, x, v, 8, 1e-12, 120)
			}
		})
	}
}
