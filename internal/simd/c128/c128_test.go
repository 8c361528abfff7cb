// SPDX-License-Identifier: Apache-2.0

package c128

import (
	"fmt"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

func random(rng *rand.Rand, n int) []complex128 {
	x := make([]complex128, n)
	for i := range x {
		x[i] = complex(rng.NormFloat64(), rng.NormFloat64())
	}
	return x
}

// kernelCase compares all kernels with their definitions for one length, with
// guards around what is written.
func kernelCase(t *testing.T, rng *rand.Rand, n, taps int) {
	t.Helper()
	const guard = 4
	src, w, off := random(rng, n+2*taps+1), random(rng, taps), make([]int, taps)
	for i := range off {
		off[i] = rng.IntN(2*taps + 1)
	}
	whole := random(rng, n+2*guard)
	got, want := append([]complex128(nil), whole...), append([]complex128(nil), whole...)
	AddComb(got[guard:guard+n], w, src, off)
	addCombGeneric(want[guard:guard+n], w, src, off)
	Scale(got[guard:guard+n], 0.7)
	scaleGeneric(want[guard:guard+n], 0.7)
	for p := range got {
		if cmplx.Abs(got[p]-want[p]) > 1e-13*float64(taps+1) {
			t.Fatalf("n=%d taps=%d: [%d] = %v, want %v", n, taps, p-guard, got[p], want[p])
		}
	}
	a, b := NormSq(src[:n]), normSqGeneric(src[:n])
	if d := a - b; d > 1e-13*(b+1) || -d > 1e-13*(b+1) {
		t.Fatalf("NormSq n=%d: %v, want %v", n, a, b)
	}
}

func TestKernels(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for n := range 40 {
			for _, taps := range []int{0, 1, 2, 7} {
				kernelCase(t, rng, n, taps)
			}
		}
		kernelCase(t, rng, 1000, 36)
	})
}

func FuzzKernels(f *testing.F) {
	f.Add(uint64(1), uint8(9), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, n, taps uint8) {
		kernelCase(t, rand.New(rand.NewPCG(seed, 5)), int(n), int(taps))
	})
}

func TestAddCombPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"row outside":  func() { AddComb(make([]complex128, 4), make([]complex128, 1), make([]complex128, 4), []int{1}) },
		"number":       func() { AddComb(make([]complex128, 4), make([]complex128, 2), make([]complex128, 9), []int{1}) },
		"negative row": func() { AddComb(make([]complex128, 4), make([]complex128, 1), make([]complex128, 9), []int{-1}) },
		"system":       func() { NewSystem(3, 3).Reset(4, 3, 1) },
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

// hermitian returns G·Gᴴ + I, without the elements that step leaves out.
func hermitian(rng *rand.Rand, n, step int) []complex128 {
	g, a := random(rng, n*n), make([]complex128, n*n)
	for i := range n {
		for j := range n {
			if (i-j)%step != 0 {
				continue
			}
			for k := range n {
				a[i*n+j] += g[i*n+k] * cmplx.Conj(g[j*n+k])
			}
		}
		a[i*n+i]++
	}
	return a
}

func TestSystem(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		s := NewSystem(36, 9)
		for _, step := range []int{1, 2} {
			for n := 1; n <= 36; n++ {
				columns := n % 10
				a, x := hermitian(rng, n, step), random(rng, n*columns)
				s.Reset(n, columns, step)
				for i := range n {
					row := s.Row(i)
					copy(row, a[i*n:(i+1)*n])
					for c := range columns {
						row[n+c] = 0
						for k := range n {
							row[n+c] += a[i*n+k] * x[k*columns+c]
						}
					}
				}
				if !s.Factor() {
					t.Fatalf("n=%d: not positive definite", n)
				}
				s.Solve(columns)
				for i := range n {
					for c := range columns {
						if got, want := s.Row(i)[n+c], x[i*columns+c]; cmplx.Abs(got-want) > 1e-9 {
							t.Fatalf("n=%d step=%d: x[%d, %d] = %v, want %v", n, step, i, c, got, want)
						}
					}
				}
			}
		}
	})
}

func TestFactorRefuses(t *testing.T) {
	s := NewSystem(2, 1)
	for _, d := range []complex128{0, -1, cmplx.Inf(), cmplx.NaN()} {
		s.Reset(2, 1, 1)
		copy(s.Row(0), []complex128{d, 0, 1})
		copy(s.Row(1), []complex128{0, 1, 1})
		if s.Factor() {
			t.Errorf("accepts a pivot of %v", d)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	s := NewSystem(8, 3)
	if n := testing.AllocsPerRun(20, func() {
		s.Reset(8, 3, 1)
		for i := range 8 {
			clear(s.Row(i))
			s.Row(i)[i] = 1
		}
		_ = s.Factor()
		s.Solve(3)
		_ = s.NormSq(1)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkSystem(b *testing.B) {
	for _, step := range []int{1, 2} {
		b.Run(fmt.Sprintf("n=36/columns=72/step=%d", step), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			a, s := hermitian(rng, 36, step), NewSystem(36, 72)
			b.ReportAllocs()
			for b.Loop() {
				s.Reset(36, 72, step)
				for i := range 36 {
					copy(s.Row(i), a[i*36:(i+1)*36])
				}
				_ = s.Factor()
				s.Solve(72)
			}
		})
	}
}
