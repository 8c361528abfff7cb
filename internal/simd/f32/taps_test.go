// SPDX-License-Identifier: Apache-2.0

package f32

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestTaps compares with float64, at lengths around the widths of the vectors.
func TestTaps(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 1))
		for n := range 150 {
			for taps := range 6 {
				offsets, w := make([]int, taps), random(rng, taps)
				for i := range offsets {
					offsets[i] = rng.IntN(40)
				}
				src := random(rng, n+40)
				got, check := guarded(n)
				Taps(got, src, offsets, w, 0.5, 0)
				check(t)
				for j, v := range got {
					want := 0.5
					for i, off := range offsets {
						want += float64(w[i]) * float64(src[off+j])
					}
					if want = max(want, 0); math.Abs(float64(v)-want) > 1e-5 {
						t.Fatalf("n=%d, %d taps, position %d: got %g, want %g", n, taps, j, v, want)
					}
				}
			}
		}
	})
}

// TestTapsNeedsItsSource reads nothing beyond a source that is just long
// enough, and refuses one that is not.
func TestTapsNeedsItsSource(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a source that is too short was read")
		}
	}()
	Taps(make([]float32, 20), make([]float32, 22), []int{0, 3}, []float32{1, 1}, 0, 0)
}
