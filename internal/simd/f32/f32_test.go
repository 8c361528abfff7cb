// SPDX-License-Identifier: Apache-2.0

package f32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// guard surrounds what a kernel writes.
const guard = float32(12345.678)

// guarded returns a slice of n elements inside guards, and a check of them.
func guarded(n int) ([]float32, func(t *testing.T)) {
	const pad = 16
	buf := make([]float32, n+2*pad)
	for i := range buf {
		buf[i] = guard
	}
	return buf[pad : pad+n : pad+n], func(t *testing.T) {
		t.Helper()
		for i, v := range buf {
			if (i < pad || i >= pad+n) && v != guard {
				t.Fatalf("wrote outside the slice, at %d of %d", i-pad, n)
			}
		}
	}
}

func random(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

// near reports whether two results differ by no more than a rare double
// rounding in each of n steps.
func near(a, b float32, n int) bool {
	if math.IsNaN(float64(a)) || math.IsNaN(float64(b)) {
		return math.IsNaN(float64(a)) == math.IsNaN(float64(b))
	}
	return a == b || math.Abs(float64(a-b)) <= 1e-7*float64(n)*max(1, math.Abs(float64(a)))
}

func TestGemm(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		for m := range 20 {
			for _, n := range []int{0, 1, 5, 8, 15, 16, 17, 31, 32, 33, 50} {
				for _, k := range []int{0, 1, 2, 7, 32} {
					checkGemm(t, rng, m, n, k)
				}
			}
		}
		for _, size := range [][3]int{{200, 40, 65}, {1, 128, 3}, {1, 300, 17}, {1, 64, 4}, {73, 33, 70}} {
			checkGemm(t, rng, size[0], size[1], size[2])
		}
	})
}

// checkGemm compares one product with the definition in float64, with and
// without a floor, with one row of init and with as many as c.
func checkGemm(t *testing.T, rng *rand.Rand, m, n, k int) {
	t.Helper()
	lda, ldc := k+3, n+5
	a, b := random(rng, m*lda+k), random(rng, k*n)
	packed := make([]float32, PackedLen(k, n))
	Pack(packed, b, n, k, n)
	for variant := range 6 {
		ldi, floor := []int{0, n + 1, 1}[variant/2], NoFloor
		if variant&1 != 0 {
			floor = 0
		}
		init := random(rng, m*ldi+n)
		column := variant/2 == 2
		// c ends with its last element, so that the guards begin right there.
		c, check := guarded(max(0, (m-1)*ldc+n))
		if column {
			GemmColumn(c, ldc, a, lda, packed, init[:m], m, n, k, floor)
		} else {
			Gemm(c, ldc, a, lda, packed, init, ldi, m, n, k, floor)
		}
		check(t)
		for i := range m {
			for j := range ldc {
				if i*ldc+j >= len(c) {
					break
				}
				want := guard
				if j < n {
					at := i*ldi + j
					if column {
						at = i
					}
					want = dot(a[i*lda:], b[min(j, len(b)):], k, n, init[at], floor)
				}
				if got := c[i*ldc+j]; math.Abs(float64(got-want)) > 2e-6*float64(k+1) {
					t.Fatalf("m=%d n=%d k=%d variant=%d, element %d,%d: got %g, want %g", m, n, k, variant, i, j, got, want)
				}
			}
		}
	}
}

// dot is one element of a product in float64.
func dot(a, b []float32, k, n int, init, floor float32) float32 {
	sum := 0.0
	for i := range k {
		sum += float64(a[i]) * float64(b[i*n])
	}
	return max(float32(sum)+init, floor)
}

func TestGemmInPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	const m, n, k = 11, 13, 5
	a, b, c := random(rng, m*k), random(rng, k*n), random(rng, m*n)
	packed, want := make([]float32, PackedLen(k, n)), make([]float32, m*n)
	Pack(packed, b, n, k, n)
	Gemm(want, n, a, k, packed, c, n, m, n, k, NoFloor)
	Gemm(c, n, a, k, packed, c, n, m, n, k, NoFloor)
	for i, w := range want {
		if c[i] != w {
			t.Fatalf("element %d: got %g, want %g", i, c[i], w)
		}
	}
}

// TestImplementationsAgree holds every kernel to the generic code, on lengths
// around the widths of the vectors, with special values among the inputs.
func TestImplementationsAgree(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 1))
		for n := range 100 {
			x, y, start := random(rng, n), random(rng, n), random(rng, n)
			if n > 3 {
				x[0], x[1], x[2] = float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))
			}
			kernels := map[string][2]func(d []float32){
				"axpy":  {func(d []float32) { Axpy(d, 0.7, x) }, func(d []float32) { axpyGeneric(d, 0.7, x) }},
				"norm":  {func(d []float32) { Normalize(d, x, y, start, 0.2, 3) }, func(d []float32) { normalizeGeneric(d, x, y, start, 0.2, 3) }},
				"scale": {func(d []float32) { ScaleShift(d, x, 0.7, 0.1, 0) }, func(d []float32) { scaleShiftGeneric(d, x, 0.7, 0.1, 0) }},
			}
			for name, k := range kernels {
				got, check := guarded(n)
				want := make([]float32, n)
				copy(got, start)
				copy(want, start)
				k[0](got)
				k[1](want)
				check(t)
				for i := range want {
					if !near(got[i], want[i], 1) {
						t.Fatalf("%s, n=%d, element %d: got %g, want %g", name, n, i, got[i], want[i])
					}
				}
			}
		}
	})
}

func TestNoAllocs(t *testing.T) {
	x := random(rand.New(rand.NewPCG(1, 1)), 64)
	packed, c := make([]float32, PackedLen(8, 8)), make([]float32, 64)
	allocs := testing.AllocsPerRun(10, func() {
		Pack(packed, x, 8, 8, 8)
		Gemm(c, 8, x, 8, packed, x, 8, 8, 8, 8, 0)
		Axpy(c, 2, x)
		Add(c, x, x)
		Mul(c, x, x)
		ScaleShift(c, x, 1, 0, 0)
		Exp(c, x)
		ExpSum(c, x, 1)
		Taps(c[:32], x, []int{0, 1}, x, 0, 0)
	})
	if allocs != 0 {
		t.Errorf("allocations a run: got %v, want 0", allocs)
	}
}

// FuzzGemm compares the implementation in use with the generic code, which it
// must equal but for rare ties.
func FuzzGemm(f *testing.F) {
	f.Add(uint64(1), 3, 8, 2)
	f.Add(uint64(2), 65, 31, 32)
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k int) {
		m, n, k = m&127, n&63, k&63
		rng := rand.New(rand.NewPCG(seed, 0))
		a, b, init := random(rng, m*k), random(rng, k*n), random(rng, n)
		packed := make([]float32, PackedLen(k, n))
		Pack(packed, b, n, k, n)
		got, check := guarded(m * n)
		want := make([]float32, m*n)
		Gemm(got, n, a, k, packed, init, 0, m, n, k, 0)
		check(t)
		for p := 0; p < n && m > 0; p += Lanes {
			product{want[p:], n, a, k, packed[p*k:], init[p:], 0, false, m, n - p, k, 0}.panelGeneric()
		}
		for i := range want {
			if !near(got[i], want[i], k+1) {
				t.Fatalf("seed %d, m=%d n=%d k=%d, element %d: got %g, want %g", seed, m, n, k, i, got[i], want[i])
			}
		}
	})
}

// TestPack holds the packing of a matrix and of its transpose to their
// definition, and to the slice that they may write.
func TestPack(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(4, 1))
		for _, n := range []int{1, 8, 15, 16, 17, 31, 32, 50} {
			for _, k := range []int{1, 3, 20} {
				b, bt := random(rng, k*(n+2)), make([]float32, n*k)
				for i := range k {
					for j := range n {
						bt[j*k+i] = b[i*(n+2)+j]
					}
				}
				got, check := guarded(PackedLen(k, n))
				other, checkOther := guarded(PackedLen(k, n))
				Pack(got, b, n+2, k, n)
				PackTransposed(other, bt, k, k, n)
				check(t)
				checkOther(t)
				for at, v := range got {
					panel, i, j := at/(Lanes*k), at/Lanes%k, at%Lanes
					want := float32(0)
					if col := panel*Lanes + j; col < n {
						want = b[i*(n+2)+col]
					}
					if v != want || other[at] != want {
						t.Fatalf("k=%d n=%d, place %d: got %g and, transposed, %g, want %g", k, n, at, v, other[at], want)
					}
				}
			}
		}
	})
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range [][3]int{{3276, 32, 2}, {3276, 32, 32}, {3276, 8, 32}, {1, 256, 256}, {3276, 256, 256}, {12, 32, 256}, {12, 32, 128}, {72, 32, 128}, {64, 192, 576}, {64, 192, 288}, {64, 192, 64}, {1024, 1024, 1024}} {
		b.Run(fmt.Sprintf("m=%d/n=%d/k=%d", s[0], s[1], s[2]), func(b *testing.B) {
			m, n, k := s[0], s[1], s[2]
			rng := rand.New(rand.NewPCG(1, 1))
			x, init, c := random(rng, m*k), random(rng, n), make([]float32, m*n)
			packed := make([]float32, PackedLen(k, n))
			Pack(packed, random(rng, k*n), n, k, n)
			b.ReportAllocs()
			for b.Loop() {
				Gemm(c, n, x, k, packed, init, 0, m, n, k, 0)
			}
			b.ReportMetric(2*float64(b.N)*float64(m*n*k)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
