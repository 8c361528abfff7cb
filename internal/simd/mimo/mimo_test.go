// SPDX-License-Identifier: Apache-2.0

package mimo

import (
	"fmt"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

const guard = 16

// guarded returns n values between guards, off the alignment of a vector, and a
// function that reports whether the guards still hold.
func guarded(n int) (s []complex64, intact func() bool) {
	whole := make([]complex64, n+2*guard+1)
	for i := range whole {
		whole[i] = 85
	}
	return whole[guard+1 : guard+1+n : guard+1+n], func() bool {
		for i := range guard {
			if whole[i] != 85 || whole[len(whole)-1-i] != 85 {
				return false
			}
		}
		return true
	}
}

func random(rng *rand.Rand, x []complex64) []complex64 {
	for i := range x {
		x[i] = complex(float32(rng.NormFloat64()), float32(rng.NormFloat64()))
	}
	return x
}

func near(a, b complex128, scale float64) bool { return cmplx.Abs(a-b) <= 1e-6*scale }

// kernelCase compares all kernels with double precision for one length.
func kernelCase(t *testing.T, rng *rand.Rand, n, taps int) {
	t.Helper()
	src := random(rng, make([]complex64, n+3*taps+1))
	w, off := random(rng, make([]complex64, taps)), make([]int, taps)
	for i := range off {
		off[i] = rng.IntN(3*taps + 1)
	}
	dst, ok := guarded(n)
	LinComb(dst, w, src, off)
	for p := range dst {
		var want complex128
		for i := range w {
			want += complex128(w[i]) * complex128(src[off[i]+p])
		}
		if !near(complex128(dst[p]), want, 8*float64(taps+1)) {
			t.Fatalf("LinComb n=%d taps=%d: [%d] = %v, want %v", n, taps, p, dst[p], want)
		}
	}
	a, b := random(rng, make([]complex64, n)), random(rng, make([]complex64, n))
	acc, okAcc := guarded(n)
	ConjMulAdd(acc, a, b)
	var dot complex128
	for p := range a {
		x, y := complex128(a[p]), complex128(b[p])
		m := cmplx.Conj(x) * y
		dot += cmplx.Conj(m)
		if !near(complex128(acc[p]), 85+m, 200) {
			t.Fatalf("ConjMulAdd n=%d: [%d] = %v, want %v", n, p, acc[p], 85+m)
		}
	}
	if got := DotConj(a, b); !near(got, dot, 8*float64(n+1)) {
		t.Fatalf("DotConj n=%d = %v, want %v", n, got, dot)
	}
	if !ok() || !okAcc() {
		t.Fatalf("n=%d taps=%d: wrote beyond the slice", n, taps)
	}
}

func TestKernels(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for n := range 52 {
			for _, taps := range []int{1, 2, 7} {
				kernelCase(t, rng, n, taps)
			}
		}
		kernelCase(t, rng, 3276, 36)
	})
}

func TestLinCombPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"row outside":  func() { LinComb(make([]complex64, 4), make([]complex64, 1), make([]complex64, 4), []int{1}) },
		"number":       func() { LinComb(make([]complex64, 4), make([]complex64, 2), make([]complex64, 9), []int{1}) },
		"negative row": func() { LinComb(make([]complex64, 4), make([]complex64, 1), make([]complex64, 9), []int{-1}) },
		"short":        func() { ConjMulAdd(make([]complex64, 4), make([]complex64, 3), make([]complex64, 4)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("did not panic")
				}
			}()
			f()
		})
	}
}

func FuzzKernels(f *testing.F) {
	f.Add(uint64(1), uint8(9), uint8(3))
	f.Add(uint64(2), uint8(255), uint8(40))
	f.Fuzz(func(t *testing.T, seed uint64, n, taps uint8) {
		kernelCase(t, rand.New(rand.NewPCG(seed, 5)), int(n), int(taps%64)+1)
	})
}

func TestNoAllocs(t *testing.T) {
	x, y := make([]complex64, 99), make([]complex64, 99)
	w, off := []complex64{1, 2}, []int{0, 0}
	if n := testing.AllocsPerRun(20, func() {
		LinComb(y, w, x, off)
		ConjMulAdd(y, x, x)
		_ = DotConj(x, y)
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkLinComb(b *testing.B) {
	for _, taps := range []int{2, 36} {
		b.Run(fmt.Sprintf("n=264/taps=%d", taps), func(b *testing.B) {
			dst, w, src, off := make([]complex64, 264), make([]complex64, taps), make([]complex64, 264), make([]int, taps)
			b.ReportAllocs()
			for b.Loop() {
				LinComb(dst, w, src, off)
			}
			b.ReportMetric(float64(b.N*264*taps)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
