// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"math/cmplx"
	"testing"
)

// TestWalk compares a walk with the response at the same instants, over several renewals, and
// with itself where steps are left out.
func TestWalk(t *testing.T) {
	const antennas = 2
	c, err := New(Config{Profile: TDLB100(), DopplerHz: 70, NumTx: antennas, NumRx: antennas, DelaySeconds: 2e-7, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	hz := []float64{-4e6, 0, 3.3e6}
	w := c.NewWalk(0.25, 5e-4, hz)
	got, one := make([]complex64, antennas*antennas*len(hz)), make([]complex64, 1)
	check := func(step int64) {
		t.Helper()
		w.Next(got)
		for i := range got {
			pair, f := i/len(hz), i%len(hz)
			c.Response(one, pair/antennas, pair%antennas, 0.25+5e-4*float64(step), hz[f], 0)
			if far := cmplx.Abs(complex128(got[i] - one[0])); far > 1e-3 {
				t.Fatalf("step %d, antennas %d, frequency %g: got %v, want %v", step, pair, hz[f], got[i], one[0])
			}
		}
	}
	for n := range int64(3 * renew) {
		if r := n % renew; r > 5 && r < renew-5 {
			w.Next(got)
			continue
		}
		check(n)
	}
	for from := int64(renew - 5); from < renew+5; from += 2 { // steps that are left out
		for _, step := range []int64{from, from + 9, from + 9 + stride, from + 500, 0, -3} {
			w.GoTo(step)
			check(step)
		}
	}
	if n := testing.AllocsPerRun(100, func() { w.Next(got) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkWalk(b *testing.B) {
	c, err := New(Config{Profile: TDLB100(), DopplerHz: 20, NumTx: 1, NumRx: 2, Seed: 5})
	if err != nil {
		b.Fatal(err)
	}
	w := c.NewWalk(0, 5e-4, make([]float64, 12))
	response := make([]complex64, 2*12)
	b.ReportAllocs()
	for b.Loop() {
		w.Next(response)
	}
}
