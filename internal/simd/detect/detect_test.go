// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

func random(rng *rand.Rand, n int) []complex64 {
	x := make([]complex64, n)
	for i := range x {
		x[i] = complex(float32(rng.NormFloat64()), float32(rng.NormFloat64()))
	}
	return x
}

// guarded returns n values between guards and a function that reports whether
// the guards still hold.
func guarded(n int) (s []float32, intact func() bool) {
	const guard = 16
	whole := make([]float32, n+2*guard)
	for i := range whole {
		whole[i] = 85
	}
	return whole[guard : guard+n : guard+n], func() bool {
		for i := range guard {
			if whole[i] != 85 || whole[len(whole)-1-i] != 85 {
				return false
			}
		}
		return true
	}
}

// near fails the test when two results differ by more than rounding.
func near(t *testing.T, what string, got, want []float32, scale float64, intact func() bool) {
	t.Helper()
	for i := range got {
		if !(math.Abs(float64(got[i]-want[i])) <= 1e-6*scale) {
			t.Fatalf("%s: [%d] = %v, want %v", what, i, got[i], want[i])
		}
	}
	if !intact() {
		t.Fatalf("%s wrote beyond the slice", what)
	}
}

// rowsCase compares the kernels on rows with their definitions.
func rowsCase(t *testing.T, rng *rand.Rand, n, rows int) {
	t.Helper()
	x := random(rng, n)
	length := RowLen(n)
	row, intact := guarded(length)
	factor := float32(rng.NormFloat64())
	Split(row, x, factor)
	want := make([]float32, length)
	splitGeneric(want, x, factor)
	near(t, fmt.Sprintf("Split of %d", n), row, want, 0, intact)
	for i, v := range x {
		at := i/Lanes*2*Lanes + i%Lanes
		if row[at] != factor*real(v) || row[at+Lanes] != factor*imag(v) {
			t.Fatalf("Split of %d: value %d is not where it belongs", n, i)
		}
	}
	step := length + rng.IntN(5)
	stepB := length + rng.IntN(5)
	a, b := make([]float32, rows*step), make([]float32, rows*stepB)
	for i := range a {
		a[i] = float32(rng.NormFloat64())
	}
	for i := range b {
		b[i] = float32(rng.NormFloat64())
	}
	w, off := random(rng, rows), make([]int, rows)
	for i := range off {
		off[i] = i * step
	}
	scale := 16 * float64(rows+1)
	what := fmt.Sprintf("%d values, %d rows", n, rows)
	dst, intact := guarded(length)
	Comb(dst, w, a, off)
	combGeneric(want, w, a, off)
	near(t, "Comb of "+what, dst, want, scale, intact)
	if rows == 0 {
		return
	}
	dst, intact = guarded(length)
	Dot(dst, a, b, rows, step, stepB)
	dotGeneric(want, a, b, rows, step, stepB)
	near(t, "Dot of "+what, dst, want, scale, intact)
	half, intact := guarded(length / 2)
	DotReal(half, a, b, rows, step, stepB)
	dotRealGeneric(want[:length/2], a, b, rows, step, stepB)
	near(t, "DotReal of "+what, half, want[:length/2], scale, intact)
	Real(half, dst)
	dotRealGeneric(want[:length/2], a, b, rows, step, stepB)
	near(t, "Real of "+what, half, want[:length/2], scale, intact)
}

func TestRows(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for n := range 60 {
			for _, rows := range []int{0, 1, 2, 5} {
				rowsCase(t, rng, n, rows)
			}
		}
		rowsCase(t, rng, Chunk, 8)
	})
}

func FuzzRows(f *testing.F) {
	f.Add(uint64(1), uint8(9), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, n, rows uint8) {
		rowsCase(t, rand.New(rand.NewPCG(seed, 5)), int(n), int(rows%16))
	})
}

func TestSumInverse(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 3))
		for _, n := range []int{0, 1, 7, 8, 9, 24, 1000} {
			v, want := make([]float32, n), 0.0
			for i := range v {
				v[i] = float32(math.Exp(rng.NormFloat64()))
				want += 1 / float64(v[i])
			}
			if got := SumInverse(v); math.Abs(got-want) > 1e-5*want {
				t.Errorf("%d values: got %v, want %v", n, got, want)
			}
		}
	})
}

// solveCase draws channels of as many antennas as layers and one more, and
// checks the solution against its definition in double precision.
func solveCase(t *testing.T, rng *rand.Rand, layers, n int, load, q float32) {
	t.Helper()
	var w, def Work
	type truth struct {
		z [MaxLayers]complex128
		v [MaxLayers]float64
	}
	want := make([]truth, n)
	for p := range n {
		rx := layers + 1
		h, y := make([][]complex64, layers), random(rng, rx)
		for l := range h {
			h[l] = random(rng, rx)
		}
		at, pair := p/Lanes*2*Lanes+p%Lanes, 0
		a, b := make([][]complex128, layers), make([]complex128, layers)
		for l := range layers {
			num, gain := inner(h[l], y), real(inner(h[l], h[l]))
			w.Num[l][at], w.Num[l][at+Lanes] = float32(real(num)), float32(imag(num))
			w.Gain[l][p] = float32(gain)
			a[l] = make([]complex128, layers)
			b[l] = num
			for m := l + 1; m < layers; m++ {
				c := inner(h[l], h[m])
				w.Cross[pair][at], w.Cross[pair][at+Lanes] = float32(real(c)), float32(imag(c))
				pair++
			}
			for m := range layers {
				a[l][m] = inner(h[l], h[m])
			}
			a[l][l] += complex(float64(load), 0)
		}
		inv := inverse(a)
		for l := range layers {
			x := complex128(0)
			for m := range layers {
				x += inv[l][m] * b[m]
			}
			mu := 1 - float64(load)*real(inv[l][l])
			want[p].z[l] = x / complex(mu, 0)
			want[p].v[l] = float64(q) * real(inv[l][l]) / mu
		}
	}
	def = w
	w.Solve(layers, n, load, q)
	solveGeneric(&def, layers, (n+Lanes-1)/Lanes, load, q)
	for p := range n {
		for l := range layers {
			for name, got := range map[string]*Work{"kernel": &w, "definition": &def} {
				dv := math.Abs(float64(got.Noise[l][p])/want[p].v[l] - 1)
				dz := cmplx.Abs(complex128(got.Z[l][p]) - want[p].z[l])
				// Errors grow with the variance that noise would have.
				limit := 2e-4 * (1 + math.Sqrt(want[p].v[l]/float64(q)))
				if want[p].v[l]/float64(q) < 1e3 && (dv > 1e-2 || dz > limit) {
					t.Fatalf("%s, layer %d of %d, subcarrier %d: got %v ± %v, want %v ± %v",
						name, l, layers, p, got.Z[l][p], got.Noise[l][p], want[p].z[l], want[p].v[l])
				}
			}
		}
	}
}

// inner returns aᴴ·b.
func inner(a, b []complex64) complex128 {
	sum := complex128(0)
	for i := range a {
		sum += cmplx.Conj(complex128(a[i])) * complex128(b[i])
	}
	return sum
}

// inverse inverts by Gauss and Jordan.
func inverse(a [][]complex128) [][]complex128 {
	n := len(a)
	inv := make([][]complex128, n)
	for i := range inv {
		inv[i] = make([]complex128, n)
		inv[i][i] = 1
	}
	for k := range n {
		p := a[k][k]
		for j := range n {
			a[k][j] /= p
			inv[k][j] /= p
		}
		for i := range n {
			if i == k {
				continue
			}
			f := a[i][k]
			for j := range n {
				a[i][j] -= f * a[k][j]
				inv[i][j] -= f * inv[k][j]
			}
		}
	}
	return inv
}

func TestSolve(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 3))
		for layers := 1; layers <= MaxLayers; layers++ {
			for _, load := range []float32{0, 1e-3, 0.3} {
				for _, n := range []int{1, 8, 20, Chunk} {
					solveCase(t, rng, layers, n, load, max(load, 0.1))
				}
			}
		}
	})
}

// TestSolveWithoutChannel checks that a dead or unknown channel says nothing.
func TestSolveWithoutChannel(t *testing.T) {
	nan := float32(math.NaN())
	implementations.Each(t, func(t *testing.T) {
		for layers := 1; layers <= MaxLayers; layers++ {
			for _, value := range []float32{0, nan} {
				var w Work
				for l := range layers {
					w.Gain[l][3], w.Num[l][3] = value, value
				}
				w.Solve(layers, Lanes, 0.1, 0.1)
				for l := range layers {
					if z, v := w.Z[l][3], w.Noise[l][3]; z != 0 || v != MaxNoiseVar {
						t.Errorf("%d layers, gain %v: got %v ± %v, want 0 ± %v", layers, value, z, v, MaxNoiseVar)
					}
				}
			}
			var w Work // equal layers cannot be told apart by zero forcing
			for l := range layers {
				w.Gain[l][0], w.Num[l][0] = 1, 1
			}
			for i := range w.Cross {
				w.Cross[i][0] = 1
			}
			w.Solve(layers, 1, 0, 0.1)
			if layers > 1 && (w.Z[0][0] != 0 || w.Noise[0][0] != MaxNoiseVar) {
				t.Errorf("%d equal layers: got %v ± %v", layers, w.Z[0][0], w.Noise[0][0])
			}
		}
	})
}

func TestSpread(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 3))
		var w Work
		for l := range MaxLayers {
			copy(w.Z[l][:], random(rng, Chunk))
			for p := range w.Noise[l] {
				w.Noise[l][p] = rng.Float32()
			}
		}
		for layers := 1; layers <= MaxLayers; layers++ {
			for first := range MaxLayers - layers + 1 {
				for _, n := range []int{0, 1, 8, 12, 23, Chunk} {
					z := make([]complex64, n*layers+1)
					v, intact := guarded(n * layers)
					w.Spread(z[:n*layers], v, first, layers, n)
					for i := range v {
						l, p := first+i%layers, i/layers
						if z[i] != w.Z[l][p] || v[i] != w.Noise[l][p] {
							t.Fatalf("layers %d…%d, n=%d: [%d] = %v ± %v, want %v ± %v",
								first, first+layers-1, n, i, z[i], v[i], w.Z[l][p], w.Noise[l][p])
						}
					}
					if !intact() || z[n*layers] != 0 {
						t.Fatalf("layers %d…%d, n=%d: wrote beyond the slice", first, first+layers-1, n)
					}
				}
			}
		}
	})
}

func TestPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"Split":  func() { Split(make([]float32, 16), make([]complex64, 9), 1) },
		"rows":   func() { Comb(make([]float32, 16), make([]complex64, 1), make([]float32, 16), []int{1}) },
		"number": func() { Comb(make([]float32, 16), nil, make([]float32, 16), []int{0}) },
		"no row": func() { Comb(make([]float32, 15), make([]complex64, 1), make([]float32, 16), []int{0}) },
		"Dot":    func() { Dot(make([]float32, 16), make([]float32, 32), make([]float32, 31), 2, 16, 16) },
		"blocks": func() { new(Work).Solve(1, Chunk+1, 0, 1) },
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

func TestNoAllocs(t *testing.T) {
	var w Work
	x, row, a := make([]complex64, 96), make([]float32, 192), make([]float32, 800)
	taps, off := []complex64{1, 2}, []int{0, 192}
	if n := testing.AllocsPerRun(20, func() {
		Split(row, x, 1)
		Comb(row, taps, a, off)
		Dot(row, a, a, 2, 192, 96)
		w.Solve(4, 96, 1, 1)
		w.Spread(x[:24], row[:24], 2, 2, 12)
		_ = SumInverse(row)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkSolve(b *testing.B) {
	for layers := 1; layers <= MaxLayers; layers++ {
		b.Run(fmt.Sprintf("layers=%d/n=%d", layers, Chunk), func(b *testing.B) {
			var w Work
			for l := range w.Gain {
				for p := range w.Gain[l] {
					w.Gain[l][p] = 1
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				w.Solve(layers, Chunk, 0.1, 0.1)
			}
		})
	}
}

func BenchmarkDot(b *testing.B) {
	x, dst := make([]float32, 4*2*Chunk), make([]float32, 2*Chunk)
	b.ReportAllocs()
	for b.Loop() {
		Dot(dst, x, x, 4, 2*Chunk, 2*Chunk)
	}
}
