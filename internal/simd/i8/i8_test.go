// SPDX-License-Identifier: Apache-2.0

package i8

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// guard is what stands around slices that kernels write.
const guard = 0x5a

// guarded returns a slice with guards around it, and what checks them.
func guarded[E int8 | uint8 | int32 | float32](n int) (s []E, check func(t *testing.T)) {
	all := make([]E, n+128)
	for i := range all {
		all[i] = guard
	}
	return all[64 : 64+n : 64+n], func(t *testing.T) {
		t.Helper()
		for i, v := range all {
			if v != guard && (i < 64 || i >= 64+n) {
				t.Fatalf("element %d beyond %d was written", i-64, n)
			}
		}
	}
}

func randomBytes(rng *rand.Rand, n int) []uint8 {
	x := make([]uint8, n)
	for i := range x {
		if x[i] = uint8(rng.Uint32()); rng.IntN(4) == 0 {
			x[i] = 255 * uint8(rng.IntN(2)) // extremes
		}
	}
	return x
}

// TestGemm packs and multiplies matrices of lengths around those of blocks, and
// compares with the definition of a product, signed and not.
func TestGemm(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		for range 300 {
			m, n, k := 1+rng.IntN(20), 1+rng.IntN(70), rng.IntN(50)
			flip := uint8(rng.IntN(2)) * Flip
			lda, ldc := Terms(k)+rng.IntN(3), Columns(n)+rng.IntN(3)
			a, src := randomBytes(rng, (m-1)*lda+Terms(k)), randomBytes(rng, 200+k*n)
			offsets := make([]int, k)
			for i := range offsets {
				offsets[i] = rng.IntN(len(src) - n)
			}
			b, checkB := guarded[int8](PackedLen(k, n))
			half := k / 2 / Group * Group
			PackRows(b, src, offsets[:half], 0, k, n, flip)
			PackRows(b, src, offsets[half:], half, k, n, flip)
			checkB(t)
			c, checkC := guarded[int32]((m-1)*ldc + Columns(n))
			Gemm(c, ldc, a, lda, b, m, n, k)
			checkC(t)
			for i := range m {
				for j := range Columns(n) {
					want := int32(0)
					for kk := 0; kk < k && j < n; kk++ {
						want += int32(a[i*lda+kk]) * int32(int8(src[offsets[kk]+j]^flip))
					}
					if got := c[i*ldc+j]; got != want {
						t.Fatalf("m=%d n=%d k=%d, element %d %d: got %d, want %d", m, n, k, i, j, got, want)
					}
				}
			}
		}
	})
}

// TestGemmWraps adds more than 32 bits hold.
func TestGemmWraps(t *testing.T) {
	implementations.Each(t, func(t *testing.T) {
		const k = 1 << 17
		a, row := slices.Repeat([]uint8{255}, k), []uint8{0x80} // −128
		b := make([]int8, PackedLen(k, 1))
		PackRows(b, row, make([]int, k), 0, k, 1, 0)
		c := make([]int32, Lanes)
		Gemm(c, Lanes, a, k, b, 1, 1, k)
		total := int64(k) * 255 * -128
		if want := int32(total); c[0] != want || int64(want) == total {
			t.Errorf("got %d, want %d", c[0], want)
		}
	})
}

func TestPackRowsNeedsItsSource(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a source that is too short was read")
		}
	}()
	PackRows(make([]int8, PackedLen(4, 16)), make([]uint8, 20), []int{0, 1, 2, 5}, 0, 4, 16, 0)
}

// TestConversions holds the kernels to their definitions, bit for bit, with what is
// no number, beyond every range, and half-way between integers.
func TestConversions(t *testing.T) {
	specials := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0.5, 1.5, -0.5, 2.5, 1e30, -1e30, 254.5}
	implementations.Each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 1))
		for n := range 100 {
			zero, f, g, scale := int32(rng.IntN(256)), int32(rng.IntN(600)-300), int32(rng.Uint32()), rng.Float32()*1e-3
			r := Unsigned(zero)
			if n%2 == 0 {
				zero -= 128
				r = Signed(zero)
			}
			c, s, x := make([]int32, n), make([]int32, n), make([]float32, n)
			for i := range c {
				c[i], s[i], x[i] = int32(rng.IntN(1<<18)), int32(rng.IntN(1<<10)), rng.Float32()*600-300
			}
			copy(x, specials)
			moved, checkMoved := guarded[int32](n)
			AddScaled(moved, c, s, f, g)
			checkMoved(t)
			g = int32(rng.IntN(1 << 16))
			narrowed, checkNarrowed := guarded[uint8](n)
			Requantize(narrowed, c, s, f, g, scale, r)
			checkNarrowed(t)
			quantized, checkQuantized := guarded[uint8](n)
			Quantize(quantized, x, scale*1000, r)
			checkQuantized(t)
			widened, checkWidened := guarded[float32](n)
			flip := uint8(n%3%2) * Flip
			Dequantize(widened, quantized, scale, zero, flip)
			checkWidened(t)
			for i := range n {
				g := g
				if want := r.narrow(float32(c[i]+f*s[i]+g) * scale); narrowed[i] != want {
					t.Fatalf("requantize, n=%d, %d: got %d, want %d", n, i, narrowed[i], want)
				}
				if want := r.narrow(x[i] / (scale * 1000)); quantized[i] != want {
					t.Fatalf("quantize, n=%d, %g: got %d, want %d", n, x[i], quantized[i], want)
				}
				if want := float32(int32(quantized[i]^flip)-zero) * scale; widened[i] != want {
					t.Fatalf("dequantize, n=%d, %d: got %g, want %g", n, quantized[i], widened[i], want)
				}
			}
			bytes := randomBytes(rng, 3*n)
			if got, want := Sum(bytes), sumGeneric(bytes); got != want {
				t.Fatalf("sum of %d bytes: got %d, want %d", len(bytes), got, want)
			}
		}
	})
}

// FuzzGemm compares a product with that of the generic code.
func FuzzGemm(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, uint8(2), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, rows, cols uint8) {
		m, n := int(rows%12)+1, int(cols%60)+1
		k := len(data) / max(m, n)
		if k == 0 || k > 64 {
			return
		}
		a, offsets := make([]uint8, m*Terms(k)), make([]int, k)
		for i := range m {
			copy(a[i*Terms(k):], data[i*k:(i+1)*k])
		}
		for i := range offsets {
			offsets[i] = i * n
		}
		b, generic := make([]int8, PackedLen(k, n)), make([]int8, PackedLen(k, n))
		PackRows(b, data, offsets, 0, k, n, Flip)
		for i := 0; i < k; i += Group {
			packRowsGeneric(generic[i*Lanes:], Lanes*Terms(k), data, offsets[i:min(i+Group, k)], 0, n, Flip)
		}
		if !slices.Equal(b, generic) {
			t.Fatal("panels differ")
		}
		c, want := make([]int32, m*Columns(n)), make([]int32, m*Columns(n))
		Gemm(c, Columns(n), a, Terms(k), b, m, n, k)
		for j := 0; j < n; j += Lanes {
			gemmGeneric(want[j:], Columns(n), a, Terms(k), b[j*Terms(k):], m, Terms(k))
		}
		if !slices.Equal(c, want) {
			t.Fatalf("got %v, want %v", c, want)
		}
	})
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range [][3]int{{256, 256, 256}, {64, 448, 576}} {
		m, n, k := s[0], s[1], s[2]
		b.Run(fmt.Sprintf("m=%d/n=%d/k=%d", m, n, k), func(b *testing.B) {
			x, y, c := make([]uint8, m*k), make([]int8, PackedLen(k, n)), make([]int32, m*n)
			b.ReportAllocs()
			for b.Loop() {
				Gemm(c, n, x, k, y, m, n, k)
			}
			b.ReportMetric(float64(2*m*n*k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "Gop/s")
		})
	}
}
