// SPDX-License-Identifier: Apache-2.0

package c64

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// pilotCase compares the pilot kernels with their definitions for one length.
func pilotCase(t *testing.T, rng *rand.Rand, n, lags int) {
	t.Helper()
	a, b := random(rng, make([]complex64, 2*n)), random(rng, make([]complex64, 2*n))
	for name, op := range map[string]struct {
		got, want func(dst []complex64)
		length    int
	}{
		"mulEven": {func(d []complex64) { MulEven(d, a[:max(0, 2*n-1)], b) },
			func(d []complex64) { mulEvenGeneric(d, a, b) }, n},
		"mulConjEven": {func(d []complex64) { MulConjEven(d, a, b) },
			func(d []complex64) { mulConjEvenGeneric(d, a, b) }, n},
		"pairSum": {func(d []complex64) { PairSum(d, a, b) },
			func(d []complex64) { pairSumGeneric(d, a, b) }, n},
		"lineFour": {func(d []complex64) { LineFour(d, a[:n]) },
			func(d []complex64) { lineFourGeneric(d, a[:n]) }, 4 * n},
	} {
		dst, ok := guarded[complex64](op.length)
		want := make([]complex64, op.length)
		op.got(dst)
		op.want(want)
		if d := apart(dst, want); d > 1e-5 || !ok() {
			t.Errorf("%s of %d: apart %v, guards intact %v", name, n, d, ok())
		}
	}
	sum, want := make([]complex128, lags), make([]complex128, lags)
	for k := range sum {
		sum[k], want[k] = 1i, 1i
	}
	scratch, ok := guarded[complex64](2*n + lags + 12)
	AutoCorrelate(sum, a, scratch)
	autoCorrelateGeneric(want, a)
	for k := range sum {
		if d := cmplx.Abs(sum[k] - want[k]); d > 1e-5*float64(n+1) || !ok() {
			t.Errorf("lag %d of %d values: got %v, want %v, guards intact %v", k, 2*n, sum[k], want[k], ok())
		}
	}
}

func TestPilotKernels(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(4, 1))
		for n := range 26 {
			for _, lags := range []int{0, 1, 4, 7, 60} {
				pilotCase(t, rng, n, lags)
			}
		}
		pilotCase(t, rng, 819, 23)
	})
}

func FuzzPilotKernels(f *testing.F) {
	f.Add(uint64(1), uint8(9), uint8(3))
	f.Add(uint64(2), uint8(255), uint8(40))
	f.Fuzz(func(t *testing.T, seed uint64, n, lags uint8) {
		pilotCase(t, rand.New(rand.NewPCG(seed, 6)), int(n), int(lags))
	})
}

func TestRamp(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 63, 64, 65, 200, 3300} {
			dst := make([]complex64, n)
			Ramp(dst, 0.7, -0.013)
			for k, v := range dst {
				if want := cmplx.Rect(1, 0.7-0.013*float64(k)); cmplx.Abs(complex128(v)-want) > 3e-7 {
					t.Fatalf("%d of %d: got %v, want %v", k, n, v, want)
				}
			}
		}
	})
}

func TestPlan(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	for _, n := range []int{8, 12, 16, 64, 96, 128, 192, 384, 512, 1024, 2048, 4096} {
		p, ok := NewPlan(n)
		if !ok || p.Size() != n {
			t.Fatalf("no plan of %d points", n)
		}
		src := random(rng, make([]complex64, n))
		dst, scratch := make([]complex64, n), make([]complex64, n)
		p.Transform(dst, src, scratch)
		for k := range dst {
			want := complex128(0)
			for i, x := range src {
				want += complex128(x) * cmplx.Rect(1, -2*math.Pi*float64(k*i%n)/float64(n))
			}
			if cmplx.Abs(complex128(dst[k])-want) > 1e-5*math.Sqrt(float64(n)) {
				t.Fatalf("size %d: X(%d) = %v, want %v", n, k, dst[k], want)
			}
		}
	}
	for _, n := range []int{-8, 0, 4, 9, 20, 8193, 16384} {
		if _, ok := NewPlan(n); ok {
			t.Errorf("a plan of %d points", n)
		}
	}
}

func TestPilotNoAllocs(t *testing.T) {
	a, b, s, sum := make([]complex64, 99), make([]complex64, 99), make([]complex64, 300), make([]complex128, 20)
	p, _ := NewPlan(96)
	if n := testing.AllocsPerRun(20, func() {
		MulEven(b[:49], a, s)
		PairSum(b[:49], a, s)
		LineFour(s[:80], a[:20])
		AutoCorrelate(sum, a, s)
		Ramp(a, 0, 1)
		p.Transform(a[:96], b[:96], s[:96])
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkAutoCorrelate(b *testing.B) {
	x, scratch, sum := make([]complex64, 72), make([]complex64, 156), make([]complex128, 72)
	b.ReportAllocs()
	for b.Loop() {
		AutoCorrelate(sum, x, scratch)
	}
}
