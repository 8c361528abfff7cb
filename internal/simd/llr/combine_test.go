// SPDX-License-Identifier: Apache-2.0

package llr

import (
	"math/rand/v2"
	"testing"
)

func TestSplitPairs(t *testing.T) {
	const seed = 4
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 0))
		for n := range 150 {
			src, _ := guarded[int8](2 * n)
			fillRandom(rng, src)
			even, evenIntact := guarded[int8](n)
			odd, oddIntact := guarded[int8](n)
			SplitPairs(even, odd, src)
			if !evenIntact() || !oddIntact() {
				t.Fatalf("n %d: wrote out of bounds", n)
			}
			for i, x := range src {
				if got := [2][]int8{even, odd}[i%2][i/2]; got != x {
					t.Fatalf("seed %d, n %d: element %d is %d, want %d", seed, n, i, got, x)
				}
			}
		}
	})
}

func TestAddSaturated(t *testing.T) {
	const seed = 5
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 0))
		for n := range 150 {
			limit := int8(rng.IntN(128))
			src, _ := guarded[int8](n)
			fillRandom(rng, src)
			dst, intact := guarded[int8](n)
			fillRandom(rng, dst)
			before := append([]int8{}, dst...)
			AddSaturated(dst, src, limit)
			for i, x := range dst {
				want := min(max(int(before[i])+int(src[i]), -int(limit)), int(limit))
				if int(x) != want || !intact() {
					t.Fatalf("seed %d, n %d, limit %d: %d + %d = %d, want %d", seed, n, limit, before[i], src[i], x, want)
				}
			}
		}
	})
}
