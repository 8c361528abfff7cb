// SPDX-License-Identifier: Apache-2.0

package lookup_test

import (
	"math"
	"testing"

	"github.com/neuroran/neuroran/internal/lookup"
)

func decibel(x float64) float64 { return 10 * math.Log10(x) }

// TestTable compares a table of decibels with the logarithm, between its ends and beyond them.
func TestTable(t *testing.T) {
	const low, high = -6, 9
	table := lookup.New(low, high, decibel)
	first, last := math.Ldexp(1, low), math.Ldexp(1, high)
	for x := first; x < last; x *= 1.0003 {
		if got, want := float64(table.At(float32(x))), decibel(x); math.Abs(got-want) > 6e-4 {
			t.Fatalf("at %v: got %v, want %v", x, got, want)
		}
	}
	for _, c := range []struct{ x, want float64 }{
		{first, decibel(first)}, {0, decibel(first)}, {-3, decibel(first)}, {1e-45, decibel(first)}, {math.NaN(), decibel(first)}, {math.Inf(-1), decibel(first)},
		{last, decibel(last)}, {1e38, decibel(last)}, {math.Inf(1), decibel(last)},
	} {
		if got := table.At(float32(c.x)); got != float32(c.want) {
			t.Errorf("at %v: got %v, want %v", c.x, got, c.want)
		}
	}
}

func BenchmarkAt(b *testing.B) {
	table := lookup.New(-33, 34, decibel)
	x, sum := float32(1), float32(0)
	for b.Loop() {
		if x *= 1.37; x > 1e6 {
			x = 1e-6
		}
		sum += table.At(x)
	}
	_ = sum
}
