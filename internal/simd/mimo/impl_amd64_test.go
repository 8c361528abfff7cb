// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package mimo

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/internal/simd/simdtest"
)

// implementations are those of this package, see [simdtest.Implementations.Each].
var implementations = simdtest.Implementations{{Name: "avx2", Use: &useAVX2}, {Name: "avx512", Use: &useAVX512}}

// TestWidthsRoundAlike: LinComb gives the same bits with vectors of either width.
func TestWidthsRoundAlike(t *testing.T) {
	if !useAVX512 {
		t.Skip("this CPU has one width only")
	}
	defer func() { useAVX512 = true }()
	rng := rand.New(rand.NewPCG(8, 9))
	for n := range 200 {
		src, w, off := random(rng, make([]complex64, n+50)), random(rng, make([]complex64, 9)), make([]int, 9)
		for i := range off {
			off[i] = rng.IntN(50)
		}
		var dst [2][]complex64
		for i := range dst {
			useAVX512 = i == 1
			dst[i] = make([]complex64, n)
			LinComb(dst[i], w, src, off)
		}
		if !slices.Equal(dst[0], dst[1]) {
			t.Fatalf("n=%d: %v and %v", n, dst[0], dst[1])
		}
	}
}
