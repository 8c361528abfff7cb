// SPDX-License-Identifier: Apache-2.0

package scramble_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/phy/scramble"
)

// gold is TS 38.211 §5.2.1 as it is printed.
func gold(cInit uint32, n int) []byte {
	x1 := make([]byte, 1600+n+31)
	x2 := make([]byte, 1600+n+31)
	x1[0] = 1
	for i := range 31 {
		x2[i] = byte(cInit>>i) & 1
	}
	for i := range 1600 + n {
		x1[i+31] = x1[i+3] ^ x1[i]
		x2[i+31] = x2[i+3] ^ x2[i+2] ^ x2[i+1] ^ x2[i]
	}
	c := make([]byte, n)
	for i := range c {
		c[i] = x1[i+1600] ^ x2[i+1600]
	}
	return c
}

func TestAgainstDefinition(t *testing.T) {
	for _, cInit := range []uint32{0, 1, 1 << 30, 0x7fffffff, scramble.PUSCHInit(0x1234, 567), 0xdeadbeef & 0x7fffffff} {
		want := gold(cInit, 3000)
		s := scramble.New(cInit)
		got := make([]byte, len(want))
		s.Bits(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("c_init %#x: (-want +got)\n%s", cInit, diff)
		}
	}
}

func TestPUSCHInit(t *testing.T) {
	if got, want := scramble.PUSCHInit(65535, 1023), uint32(65535)<<15+1023; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
	if scramble.New(5|1<<31) != scramble.New(5) {
		t.Error("bit 31 of c_init must not count")
	}
}

// TestPieces cuts one sequence into pieces of random length, each taken through
// another method, and compares with the whole.
func TestPieces(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, 0))
	want := gold(99, 40000)
	for trial := range 200 {
		s := scramble.New(99)
		for at := 0; at < len(want)-400; {
			n := rng.IntN(300)
			got := take(&s, rng.IntN(7), n)
			if len(got) != 0 && !slices.Equal(got, want[at:at+len(got)]) {
				t.Fatalf("seed %d, trial %d: %d bits at %d differ", seed, trial, n, at)
			}
			at += n
		}
	}
}

// take returns the next n bits through one of the methods, or nothing for Skip.
func take(s *scramble.Sequence, method, n int) []byte {
	bits := make([]byte, n)
	switch method {
	case 0:
		s.Bits(bits)
	case 1:
		for i := range bits {
			bits[i] = byte(i) & 1
		}
		s.XORBits(bits)
		for i := range bits {
			bits[i] ^= byte(i) & 1
		}
	case 2:
		x := make([]int8, n)
		for i := range x {
			x[i] = 127 - int8(i%5)
		}
		s.DescrambleLLRs(x)
		for i := range x {
			bits[i] = byte(x[i]) >> 7
			if x[i] != 127-int8(i%5) && x[i] != -(127-int8(i%5)) {
				bits[i] = 9
			}
		}
	case 3:
		x := make([]float32, n)
		s.Signs(x, 0.5)
		for i, v := range x {
			bits[i] = byte(int8(1-2*v) >> 1)
		}
	case 4:
		x := slices.Repeat([]float32{2}, n)
		s.DescrambleFloats(x)
		for i, v := range x {
			bits[i] = byte(int8(2-v) >> 2)
		}
	case 5:
		s.Skip(n)
		return nil
	case 6:
		words := make([]uint64, n/64)
		s.Words(words)
		for i := range 64 * len(words) {
			bits[i] = byte(words[i/64]>>(i%64)) & 1
		}
		s.Bits(bits[64*len(words):])
	}
	return bits
}

func TestNoAllocs(t *testing.T) {
	bits := make([]byte, 1000)
	llrs := make([]int8, 1000)
	signs := make([]float32, 1000)
	n := testing.AllocsPerRun(10, func() {
		s := scramble.New(1)
		s.Bits(bits)
		s.XORBits(bits)
		s.DescrambleLLRs(llrs)
		s.Signs(signs, 1)
		s.DescrambleFloats(signs)
		s.Skip(77)
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(uint32(1), uint16(64), uint16(65))
	f.Add(uint32(77), uint16(0), uint16(1))
	f.Fuzz(func(t *testing.T, cInit uint32, a, b uint16) {
		whole := make([]byte, int(a)+int(b))
		one := scramble.New(cInit)
		one.Bits(whole)
		two := scramble.New(cInit)
		two.Skip(int(a))
		rest := make([]byte, b)
		two.Bits(rest)
		if !slices.Equal(rest, whole[a:]) {
			t.Fatalf("c_init %#x: Skip(%d) leads elsewhere", cInit, a)
		}
	})
}

func BenchmarkWords(b *testing.B) {
	dst := make([]uint64, 5000)
	s := scramble.New(1)
	b.SetBytes(int64(len(dst)) * 8)
	b.ReportAllocs()
	for b.Loop() {
		s.Words(dst)
	}
}

func BenchmarkDescramble(b *testing.B) {
	for _, n := range []int{300, 314496} {
		b.Run(fmt.Sprintf("llrs=%d", n), func(b *testing.B) {
			x := make([]int8, n)
			b.ReportAllocs()
			for b.Loop() {
				s := scramble.New(1)
				s.DescrambleLLRs(x)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GLLR/s")
		})
	}
}

func BenchmarkReset(b *testing.B) {
	var s scramble.Sequence
	b.ReportAllocs()
	for b.Loop() {
		s.Reset(0x12345678)
	}
}
