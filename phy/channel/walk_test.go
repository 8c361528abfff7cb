// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"math"
	"testing"
)

// TestWalk compares the power of a walk with that of the response at the same instants,
// over many renewals.
func TestWalk(t *testing.T) {
	c, err := New(Config{Profile: TDLB100(), DopplerHz: 70, NumTx: 2, NumRx: 2, DelaySeconds: 2e-7, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	hz := []float64{-4e6, 0, 3.3e6}
	w := c.NewWalk(0.25, 5e-4, hz)
	got := make([]float32, len(hz))
	one := make([]complex64, 1)
	for n := range 3 * renew {
		w.Gains(got)
		for f := range hz {
			want := 0.0
			for rx := range 2 {
				for tx := range 2 {
					c.Response(one, rx, tx, 0.25+5e-4*float64(n), hz[f], 0)
					want += (float64(real(one[0]))*float64(real(one[0])) + float64(imag(one[0]))*float64(imag(one[0]))) / 2
				}
			}
			if math.Abs(float64(got[f])-want) > 2e-3*max(want, 0.1) {
				t.Fatalf("step %d, frequency %g: got %v, want %v", n, hz[f], got[f], want)
			}
		}
	}
	again := make([]float32, len(hz))
	for from := int64(renew - 5); from < renew+5; from += 2 { // steps that are left out
		w.GoTo(from)
		w.Gains(got)
		w.GoTo(from + 9)
		w.Gains(got)
		w.GoTo(0)
		w.GoTo(from + 9)
		if w.Gains(again); math.Abs(float64(got[1]-again[1])) > 1e-4 {
			t.Errorf("step %d from %d: got %v, directly %v", from+9, from, got, again)
		}
	}
	w.GoTo(10)
	w.Gains(got)
	w.GoTo(400)
	w.Gains(again)
	w.GoTo(10)
	if w.Gains(again); math.Abs(float64(got[0]-again[0])) > 1e-6 {
		t.Errorf("step 10 again: got %v, then %v", got, again)
	}
	if n := testing.AllocsPerRun(100, func() { w.Gains(got) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkWalk(b *testing.B) {
	c, err := New(Config{Profile: TDLB100(), DopplerHz: 20, NumTx: 1, NumRx: 2, Seed: 5})
	if err != nil {
		b.Fatal(err)
	}
	w := c.NewWalk(0, 5e-4, make([]float64, 12))
	gains := make([]float32, 12)
	b.ReportAllocs()
	for b.Loop() {
		w.Gains(gains)
	}
}
