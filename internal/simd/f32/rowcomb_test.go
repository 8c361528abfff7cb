// SPDX-License-Identifier: Apache-2.0

package f32

import (
	"math/rand/v2"
	"testing"
)

func checkRowComb(t *testing.T, rng *rand.Rand, rows, n int) {
	t.Helper()
	ld := n + rng.IntN(3)
	w, b := random(rng, rows), random(rng, rows*ld)
	dst, intact := guarded(n)
	want := make([]float32, n)
	RowComb(dst, w, b, ld)
	rowCombGeneric(want, w, b, ld)
	for j := range dst {
		if !near(dst[j], want[j], 2*rows) {
			t.Fatalf("%d rows, column %d of %d: got %v, want %v", rows, j, n, dst[j], want[j])
		}
	}
	intact(t)
}

func TestRowComb(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 1))
		for n := range 110 {
			for _, rows := range []int{0, 1, 2, 44} {
				checkRowComb(t, rng, rows, n)
			}
		}
	})
}

func FuzzRowComb(f *testing.F) {
	f.Add(uint64(1), uint8(44), uint8(44))
	f.Fuzz(func(t *testing.T, seed uint64, rows, n uint8) {
		checkRowComb(t, rand.New(rand.NewPCG(seed, 1)), int(rows), int(n))
	})
}

func BenchmarkRowComb(b *testing.B) {
	dst, w, m := make([]float32, 48), make([]float32, 44), make([]float32, 44*64)
	b.ReportAllocs()
	for b.Loop() {
		RowComb(dst, w, m, 64)
	}
}
