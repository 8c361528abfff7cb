// SPDX-License-Identifier: Apache-2.0

package f64

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func random(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return x
}

func kernelCase(t *testing.T, rng *rand.Rand, n, taps int) {
	t.Helper()
	const guard = 8
	src, w, off := random(rng, n+2*taps+1), random(rng, taps), make([]int, taps)
	for i := range off {
		off[i] = rng.IntN(2*taps + 1)
	}
	whole := random(rng, n+2*guard)
	got, want := append([]float64(nil), whole...), append([]float64(nil), whole...)
	AddComb(got[guard:guard+n], w, src, off)
	addCombGeneric(want[guard:guard+n], w, src, off)
	Scale(got[guard:guard+n], 0.7)
	scaleGeneric(want[guard:guard+n], 0.7)
	for p := range got {
		if math.Abs(got[p]-want[p]) > 1e-13*float64(taps+1) {
			t.Fatalf("n=%d taps=%d: [%d] = %v, want %v", n, taps, p-guard, got[p], want[p])
		}
	}
	if a, b := SumSquares(src[:n]), sumSquaresGeneric(src[:n]); math.Abs(a-b) > 1e-13*(b+1) {
		t.Fatalf("SumSquares n=%d: %v, want %v", n, a, b)
	}
}

func TestKernels(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for n := range 80 {
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
		"row outside":  func() { AddComb(make([]float64, 4), make([]float64, 1), make([]float64, 4), []int{1}) },
		"number":       func() { AddComb(make([]float64, 4), make([]float64, 2), make([]float64, 9), []int{1}) },
		"negative row": func() { AddComb(make([]float64, 4), make([]float64, 1), make([]float64, 9), []int{-1}) },
		"system":       func() { NewSystem(3, 3).Reset(4, 3) },
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

func symmetric(rng *rand.Rand, n int) []float64 {
	g, a := random(rng, n*n), make([]float64, n*n)
	for i := range n {
		for j := range n {
			for k := range n {
				a[i*n+j] += g[i*n+k] * g[j*n+k]
			}
		}
		a[i*n+i]++
	}
	return a
}

func TestSystem(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		s := NewSystem(36, 9)
		for n := 1; n <= 36; n++ {
			columns := n % 10
			a, x := symmetric(rng, n), random(rng, n*columns)
			s.Reset(n, columns)
			power := 0.0 // Σ xᵀ·A·x
			for i := range n {
				copy(s.Row(i), a[i*n:(i+1)*n])
				right := s.Right(i)
				for c := range columns {
					right[c] = 0
					for k := range n {
						right[c] += a[i*n+k] * x[k*columns+c]
					}
					power += right[c] * x[i*columns+c]
				}
			}
			if !s.Factor() {
				t.Fatalf("n=%d: not positive definite", n)
			}
			if got := s.SumSquares(0); math.Abs(got-power) > 1e-9*(1+power) {
				t.Fatalf("n=%d: power %v, want %v", n, got, power)
			}
			s.Solve(columns)
			for i := range n {
				for c := range columns {
					if got, want := s.Right(i)[c], x[i*columns+c]; math.Abs(got-want) > 1e-9 {
						t.Fatalf("n=%d: x[%d, %d] = %v, want %v", n, i, c, got, want)
					}
				}
			}
		}
	})
}

func TestFactorRefuses(t *testing.T) {
	s := NewSystem(2, 1)
	for _, d := range []float64{0, -1, math.Inf(1), math.NaN()} {
		s.Reset(2, 1)
		copy(s.Row(0), []float64{d, 0})
		copy(s.Row(1), []float64{0, 1})
		if s.Factor() {
			t.Errorf("accepts a pivot of %v", d)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	s := NewSystem(8, 3)
	if n := testing.AllocsPerRun(20, func() {
		s.Reset(8, 3)
		for i := range 8 {
			clear(s.Row(i))
			clear(s.Right(i))
			s.Row(i)[i] = 1
		}
		_ = s.Factor()
		s.Solve(3)
		_ = s.SumSquares(1)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkSystem(b *testing.B) {
	for _, n := range []int{18, 36} {
		columns, solved := 2520/n, 1440/n
		b.Run(fmt.Sprintf("n=%d/columns=%d", n, columns), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			a, s := symmetric(rng, n), NewSystem(n, columns)
			b.ReportAllocs()
			for b.Loop() {
				s.Reset(n, columns)
				for i := range n {
					copy(s.Row(i), a[i*n:(i+1)*n])
				}
				_ = s.Factor()
				s.Solve(solved)
			}
		})
	}
}
