// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package f64

import (
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sys/cpu"
)

// eachImplementation runs f with every implementation that this CPU has.
func eachImplementation(t *testing.T, f func(t *testing.T)) {
	defer func(a, b bool) { useAVX2, useAVX512 = a, b }(useAVX2, useAVX512)
	avx2 := cpu.X86.HasAVX2 && cpu.X86.HasFMA
	for _, impl := range []struct {
		name         string
		avx2, avx512 bool
	}{{"generic", false, false}, {"avx2", true, false}, {"avx512", true, true}} {
		t.Run("impl="+impl.name, func(t *testing.T) {
			if impl.avx2 && !avx2 || impl.avx512 && !cpu.X86.HasAVX512F {
				t.Skip("this CPU lacks it")
			}
			useAVX2, useAVX512 = impl.avx2, impl.avx512
			f(t)
		})
	}
}

// TestWidthsRoundAlike: AddComb gives the same bits with vectors of either width.
func TestWidthsRoundAlike(t *testing.T) {
	if !useAVX512 {
		t.Skip("this CPU has one width only")
	}
	defer func() { useAVX512 = true }()
	rng := rand.New(rand.NewPCG(8, 9))
	for n := 4; n < 200; n += 4 { // below four, products and sums are rounded apart
		src, w, off := random(rng, n+50), random(rng, 9), make([]int, 9)
		for i := range off {
			off[i] = rng.IntN(50)
		}
		var dst [2][]float64
		for i := range dst {
			useAVX512 = i == 1
			dst[i] = make([]float64, n)
			AddComb(dst[i], w, src, off)
		}
		if !slices.Equal(dst[0], dst[1]) {
			t.Fatalf("n=%d: %v and %v", n, dst[0], dst[1])
		}
	}
}
