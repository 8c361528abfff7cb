// SPDX-License-Identifier: Apache-2.0

package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// accurate lists the functions whose error has a bound, with the function in
// float64 and the bound in units in the last place of the result.
var accurate = map[string]struct {
	fn    func(dst, x []float32)
	exact func(x float64) float64
	ulp   float64
}{
	"exp":      {Exp, math.Exp, 1.1},
	"sigmoid":  {Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 3},
	"tanh":     {Tanh, math.Tanh, 3},
	"elu":      {func(dst, x []float32) { ELU(dst, x, 1, 1) }, elu64, 2},
	"erf":      {Erf, math.Erf, 1.5},
	"softplus": {Softplus, func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, 2.5},
	"log":      {Log, math.Log, 1},
	"sqrt":     {Sqrt, math.Sqrt, 0.5},
	"sin":      {Sin, math.Sin, 2},
	"cos":      {Cos, math.Cos, 2},
}

func elu64(x float64) float64 {
	if x > 0 {
		return x
	}
	return math.Expm1(x)
}

// TestUnaryAccuracy compares with float64 at every 4001st number of float32, or
// at all of them with NEURORAN_LONG=1. float64 is exact enough: its own errors
// are 2^-29 of a unit here.
func TestUnaryAccuracy(t *testing.T) {
	step := uint64(4001)
	if os.Getenv("NEURORAN_LONG") == "1" {
		step = 1
	}
	implementations.Each(t, func(t *testing.T) {
		for name, f := range accurate {
			t.Run(name, func(t *testing.T) {
				x, y := make([]float32, 0, 1<<14), make([]float32, 1<<14)
				worst, at := 0.0, float32(0)
				for bits := uint64(0); bits < 1<<32; {
					for x = x[:0]; len(x) < cap(x) && bits < 1<<32; bits += step {
						x = append(x, math.Float32frombits(uint32(bits)))
					}
					f.fn(y[:len(x)], x)
					for i, v := range x {
						if e := ulps(y[i], f.exact(float64(v))); e > worst {
							worst, at = e, v
						}
					}
				}
				t.Logf("%.2f ULP at %g", worst, at)
				if !(worst <= f.ulp) {
					t.Errorf("%.2f ULP at %g (%x), want at most %g", worst, at, math.Float32bits(at), f.ulp)
				}
			})
		}
	})
}

// ulps returns the error of a result in units in its last place. For a result
// that is subnormal 0 will do.
func ulps(got float32, want float64) float64 {
	g := float64(got)
	switch {
	case math.IsNaN(want) || math.IsNaN(g):
		if math.IsNaN(want) == math.IsNaN(g) {
			return 0
		}
		return math.Inf(1)
	case got == 0 && math.Abs(want) < minNormal:
		return 0
	case math.Abs(want) > math.MaxFloat32:
		if math.IsInf(g, 0) || float32(want) == got {
			return 0
		}
		return math.Inf(1)
	case got == float32(want):
		return 0.5
	}
	_, e := math.Frexp(want)
	e = max(e, -125) // subnormal numbers lie as far apart as the least normal ones
	return math.Abs(g-want) / math.Ldexp(1, e-24)
}

// TestUnaryAgrees holds every function to its definition in Go, bit for bit but
// for two units where the definition emulates fused instructions, at lengths
// around the widths of the vectors and in place.
func TestUnaryAgrees(t *testing.T) {
	specials := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), 1, -1, 88.73, -87.4, 1e30, -1e30, 0.9, 1.5, 2.5, -0.5, 100, 1e5, -3e5}
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 1))
		for fn := range functions {
			for n := range 70 {
				x := random(rng, n)
				copy(x, specials)
				a, b := float32(-0.3), float32(0.8)
				got, check := guarded(n)
				copy(got, x)
				function(fn).run(got, got, a, b)
				check(t)
				for i, v := range x {
					want := functions[fn](v, a, b)
					if !close(got[i], want, 4) {
						t.Fatalf("function %d, n=%d, x=%g: got %g, want %g", fn, n, v, got[i], want)
					}
				}
			}
		}
	})
}

// close reports whether two results are equal or at most some units apart.
func close(a, b float32, units float64) bool {
	if a != a || b != b {
		return a != a && b != b
	}
	return a == b || math.Abs(float64(a)-float64(b)) <= units*0x1p-23*math.Abs(float64(b))
}

// TestOperatorsAgree holds every operator to its definition.
func TestOperatorsAgree(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 1))
		for op := range definition {
			for n := range 140 {
				x, y := random(rng, n), random(rng, n)
				if n > 4 {
					x[0], y[1], x[2], y[2], x[3], y[4] = nan, nan, inf, -inf, 0, 0
				}
				got, check := guarded(n)
				one, checkOne := guarded(n)
				if op := operator(op); op != opSubFrom && op != opDivOf {
					op.vectors(got, x, y)
				} else {
					for i := range got {
						got[i] = definition[op](x[i], y[i])
					}
				}
				operator(op).number(one, x, 0.7)
				check(t)
				checkOne(t)
				for i := range x {
					if want := definition[op](x[i], y[i]); !close(got[i], want, 0) {
						t.Fatalf("operator %d, n=%d, %g and %g: got %g, want %g", op, n, x[i], y[i], got[i], want)
					}
					if want := definition[op](x[i], 0.7); !close(one[i], want, 0) {
						t.Fatalf("operator %d, n=%d, %g and 0.7: got %g, want %g", op, n, x[i], one[i], want)
					}
				}
			}
		}
	})
}

// TestReductions compares with the definitions; what is not a number wins
// wherever it stands.
func TestReductions(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(8, 1))
		for n := range 200 {
			x := random(rng, n)
			got, check := guarded(n)
			want := make([]float32, n)
			sum, sumWant := ExpSum(got, x, 0.5), expSumGeneric(want, x, 0.5)
			check(t)
			for i := range want {
				if !close(got[i], want[i], 4) {
					t.Fatalf("n=%d, e^(%g − 0.5): got %g, want %g", n, x[i], got[i], want[i])
				}
			}
			for _, pair := range [][2]float64{
				{sum, sumWant},
				{Sum(x), sumGeneric(x)},
				{SumSquares(x, 0.1), sumSquaresGeneric(x, 0.1)},
				{float64(Greatest(x)), float64(greatestGeneric(x))},
				{float64(Least(x)), float64(leastGeneric(x))},
			} {
				if pair[0] != pair[1] && !(math.Abs(pair[0]-pair[1]) <= 1e-6*(1+math.Abs(pair[1]))) {
					t.Fatalf("n=%d: got %g, want %g", n, pair[0], pair[1])
				}
			}
			if n == 0 {
				continue
			}
			x[rng.IntN(n)] = float32(math.NaN())
			if g, l := Greatest(x), Least(x); g == g || l == l {
				t.Fatalf("n=%d: greatest %g and least %g of what holds NaN", n, g, l)
			}
		}
	})
}

func BenchmarkUnary(b *testing.B) {
	x, y := random(rand.New(rand.NewPCG(1, 1)), 4096), make([]float32, 4096)
	for _, name := range []string{"exp", "sigmoid", "tanh", "elu", "erf", "softplus", "log", "sqrt", "sin", "cos"} {
		b.Run(fmt.Sprintf("fn=%s/n=%d", name, len(x)), func(b *testing.B) {
			for b.Loop() {
				accurate[name].fn(y, x)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/element")
		})
	}
}
