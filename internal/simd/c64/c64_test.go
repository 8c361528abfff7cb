// SPDX-License-Identifier: Apache-2.0

package c64

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

const guard = 16

// guarded returns n values that lie between guards, off the alignment of a
// vector, and a function that reports whether the guards still hold.
func guarded[E int8 | float32 | complex64](n int) (s []E, intact func() bool) {
	whole := make([]E, n+2*guard+1)
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

// apart returns the largest difference between two slices.
func apart(a, b []complex64) (d float64) {
	for i := range a {
		e := complex128(a[i] - b[i])
		d = max(d, math.Hypot(real(e), imag(e)))
	}
	return d
}

func TestRadix(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		for _, radix := range []int{2, 3, 4, 8} {
			for _, m := range []int{1, 2, 3, 4, 8, 12, 64} {
				for _, s := range []int{1, 2, 3, 4, 8, 12, 16, 64} {
					if radix == 3 && m != 1 {
						continue
					}
					n := radix * m * s
					dst, ok := guarded[complex64](n)
					want := make([]complex64, n)
					src, tw := random(rng, make([]complex64, n)), random(rng, make([]complex64, 7*m))
					switch radix {
					case 8:
						Radix8(dst, src, m, s, tw)
						radix8Generic(want, src, m, s, tw)
					case 4:
						Radix4(dst, src, m, s, tw)
						radix4Generic(want, src, m, s, tw)
					case 2:
						Radix2(dst, src, m, s, tw)
						radix2Generic(want, src, m, s, tw)
					default:
						Radix3(dst, src, s)
						radix3Generic(want, src, s)
					}
					// The last pass has no twiddles to apply: give the reference 1.
					if m == 1 && radix != 3 && radix != 8 {
						for i := range tw {
							tw[i] = 1
						}
						if radix == 4 {
							Radix4(dst, src, m, s, tw)
							radix4Generic(want, src, m, s, tw)
						} else {
							Radix2(dst, src, m, s, tw)
							radix2Generic(want, src, m, s, tw)
						}
					}
					if d := apart(dst, want); d > 1e-4 || !ok() {
						t.Errorf("radix %d, m %d, s %d: apart %v, guards intact %v", radix, m, s, d, ok())
					}
				}
			}
		}
	})
}

func TestVectors(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 1))
		for n := range 40 {
			a, b := random(rng, make([]complex64, n)), random(rng, make([]complex64, n))
			for name, op := range map[string]struct{ got, want func(dst, a, b []complex64) }{
				"mul":     {Mul, mulVecGeneric},
				"mulConj": {MulConj, mulConjVecGeneric},
				"mulScale": {func(dst, a, b []complex64) { MulScale(dst, a, b, 2-1i) },
					func(dst, a, b []complex64) { mulScaleVecGeneric(dst, a, b, 2-1i) }},
				"scale": {func(dst, a, _ []complex64) { Scale(dst, a, 2-1i) },
					func(dst, a, _ []complex64) { scaleVecGeneric(dst, a, 2-1i) }},
			} {
				dst, ok := guarded[complex64](n)
				want := make([]complex64, n)
				op.got(dst, a, b)
				op.want(want, a, b)
				if d := apart(dst, want); d > 1e-5 || !ok() {
					t.Errorf("%s of %d: apart %v, guards intact %v", name, n, d, ok())
				}
				inPlace := slices.Clone(a)
				op.got(inPlace, inPlace, b)
				if d := apart(inPlace, want); d > 1e-5 {
					t.Errorf("%s of %d in place: apart %v", name, n, d)
				}
			}
		}
	})
}

// checkMaxLog compares the implementation in use with the definition, bit by
// bit.
func checkMaxLog(t *testing.T, sym []complex64, noiseVar []float32, bitsPerDim int) {
	t.Helper()
	dst, ok := guarded[int8](2 * bitsPerDim * len(sym))
	want := make([]int8, len(dst))
	MaxLog(dst, sym, noiseVar, bitsPerDim, 0.7, 3.1)
	maxLogGeneric(want, sym, noiseVar, bitsPerDim, 0.7, 3.1)
	if !slices.Equal(dst, want) || !ok() {
		t.Errorf("%d bits, %v, %v: got %v, want %v, guards intact %v", bitsPerDim, sym, noiseVar, dst, want, ok())
	}
}

func TestMaxLog(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 1))
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		for bitsPerDim := 1; bitsPerDim <= 4; bitsPerDim++ {
			for n := range 23 {
				sym, noiseVar := random(rng, make([]complex64, n)), make([]float32, n)
				for i := range noiseVar {
					noiseVar[i] = float32(math.Exp(4 * rng.NormFloat64()))
				}
				checkMaxLog(t, sym, noiseVar, bitsPerDim)
			}
			checkMaxLog(t, []complex64{complex(nan, 1), complex(1, nan), complex(inf, -inf), 0, 1e30, -1e-30, 1, 1},
				[]float32{1, 1, 1, 1, 1, 1, nan, inf}, bitsPerDim)
			checkMaxLog(t, []complex64{1, 1, 1, complex(inf, 1)}, []float32{0, -1, -inf, inf}, bitsPerDim)
		}
	})
}

func FuzzMaxLog(f *testing.F) {
	f.Add(float32(1), float32(-1), float32(0.1), uint8(3))
	f.Fuzz(func(t *testing.T, i, q, v float32, bits uint8) {
		sym, noiseVar := slices.Repeat([]complex64{complex(i, q)}, 5), slices.Repeat([]float32{v}, 5)
		implementations.Each(t, func(t *testing.T) { checkMaxLog(t, sym, noiseVar, 1+int(bits%4)) })
	})
}

func BenchmarkMaxLog(b *testing.B) {
	for bitsPerDim := 1; bitsPerDim <= 4; bitsPerDim++ {
		b.Run(fmt.Sprintf("bits=%d/n=3276", 2*bitsPerDim), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			sym, noiseVar := random(rng, make([]complex64, 3276)), make([]float32, 3276)
			for i := range noiseVar {
				noiseVar[i] = rng.Float32()
			}
			dst := make([]int8, 2*bitsPerDim*len(sym))
			b.ReportAllocs()
			for b.Loop() {
				MaxLog(dst, sym, noiseVar, bitsPerDim, 0.7, 3.1)
			}
			b.ReportMetric(float64(len(dst))*float64(b.N)/b.Elapsed().Seconds()/1e6, "MLLR/s")
		})
	}
}
