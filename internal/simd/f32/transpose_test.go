// SPDX-License-Identifier: Apache-2.0

package f32

import (
	"math/rand/v2"
	"testing"
)

func TestTranspose(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(9, 1))
		for rows := range 27 {
			for cols := range 27 {
				ldd, lds := cols+rng.IntN(3), rows+rng.IntN(3)
				src := random(rng, max(0, (cols-1)*lds+rows))
				dst, check := guarded(max(0, (rows-1)*ldd+cols))
				Transpose(dst, ldd, src, lds, rows, cols)
				check(t)
				for at, v := range dst {
					i, j := at/max(1, ldd), at%max(1, ldd)
					want := guard
					if j < cols && rows > 0 {
						want = src[j*lds+i]
					}
					if v != want {
						t.Fatalf("%d × %d, element %d,%d: got %g, want %g", rows, cols, i, j, v, want)
					}
				}
			}
		}
	})
}

func TestStrided(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(10, 1))
		for n := range 40 {
			for step := 1; step < 5; step++ {
				src := random(rng, max(0, (n-1)*step+1))
				dst, check := guarded(n)
				Strided(dst, src, step)
				check(t)
				for i, v := range dst {
					if v != src[i*step] {
						t.Fatalf("n=%d, step %d, element %d: got %g, want %g", n, step, i, v, src[i*step])
					}
				}
			}
		}
	})
}
