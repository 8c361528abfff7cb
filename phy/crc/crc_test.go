// SPDX-License-Identifier: Apache-2.0

package crc_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/crc"
)

// terms lists the exponents of each generator polynomial as TS 38.212 §5.1
// prints them.
var terms = map[crc.Poly][]int{
	crc.CRC24A: {24, 23, 18, 17, 14, 11, 10, 7, 6, 5, 4, 3, 1, 0},
	crc.CRC24B: {24, 23, 6, 5, 1, 0},
	crc.CRC24C: {24, 23, 21, 20, 17, 15, 13, 12, 8, 4, 2, 1, 0},
	crc.CRC16:  {16, 12, 5, 0},
	crc.CRC11:  {11, 10, 9, 5, 0},
	crc.CRC6:   {6, 5, 0},
}

// divide is long division of the message times D^L by the polynomial.
func divide(p crc.Poly, bits []byte) uint32 {
	work := append(append([]byte{}, bits...), make([]byte, p.Len())...)
	for i := range bits {
		if work[i]&1 == 0 {
			continue
		}
		for _, e := range terms[p] {
			work[i+p.Len()-e] ^= 1
		}
	}
	var parity uint32
	for _, b := range work[len(bits):] {
		parity = parity<<1 | uint32(b&1)
	}
	return parity
}

func pack(bits []byte) []byte {
	out := make([]byte, (len(bits)+7)/8)
	for i, b := range bits {
		out[i/8] |= b & 1 << (7 - i%8)
	}
	return out
}

func randomBits(rng *rand.Rand, n int) []byte {
	bits := make([]byte, n)
	for i := range bits {
		bits[i] = byte(rng.IntN(2))
	}
	return bits
}

func TestAgainstLongDivision(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 0))
	for p := range terms {
		t.Run(p.String(), func(t *testing.T) {
			if got, want := p.Len(), terms[p][0]; got != want {
				t.Fatalf("Len = %d, want %d", got, want)
			}
			for n := range 200 {
				bits := randomBits(rng, n)
				want := divide(p, bits)
				if got := p.Bits(bits); got != want {
					t.Fatalf("seed %d: Bits of %d bits = %#x, want %#x", seed, n, got, want)
				}
				if got := p.Packed(pack(bits), n); got != want {
					t.Fatalf("seed %d: Packed of %d bits = %#x, want %#x", seed, n, got, want)
				}
			}
		})
	}
}

// TestKnownValues compares with published check values of "123456789":
// CRC-24/LTE-A, CRC-24/LTE-B and CRC-16/XMODEM of the CRC catalogue.
func TestKnownValues(t *testing.T) {
	msg := []byte("123456789")
	for p, want := range map[crc.Poly]uint32{crc.CRC24A: 0xcde703, crc.CRC24B: 0x23ef52, crc.CRC16: 0x31c3} {
		if got := p.Packed(msg, 72); got != want {
			t.Errorf("%v = %#x, want %#x", p, got, want)
		}
	}
}

func TestAttachThenCheck(t *testing.T) {
	const seed = 2
	rng := rand.New(rand.NewPCG(seed, 0))
	for p := range terms {
		for _, n := range []int{0, 1, 7, 8, 9, 100, 3824} {
			bits := randomBits(rng, n+p.Len())
			p.AttachBits(bits)
			if !p.CheckBits(bits) {
				t.Errorf("%v: %d bits: CheckBits fails after AttachBits", p, n)
			}
			data := pack(bits[:n])
			data = append(data, 0xa5, 0x5a, 0xff, 0x0f)
			if !p.AttachPacked(data, n) || !p.CheckPacked(data, n+p.Len()) {
				t.Errorf("%v: %d bits: CheckPacked fails after AttachPacked", p, n)
			}
			at := rng.IntN(len(bits))
			bits[at] ^= 1
			if p.CheckBits(bits) {
				t.Errorf("%v: %d bits: wrong bit %d not found", p, n, at)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	data := []byte{1, 2}
	if crc.CRC24A.AttachPacked(data, 0) || crc.CRC16.AttachPacked(data, -1) {
		t.Error("AttachPacked wrote past the end")
	}
	if crc.CRC24A.CheckPacked(data, 16) || crc.CRC16.CheckPacked(data, 17) {
		t.Error("CheckPacked passed a message of the wrong length")
	}
	if !crc.None.CheckBits(nil) || crc.None.Packed(data, 16) != 0 || crc.Poly(99).Len() != 0 {
		t.Error("None must pass and have no parity")
	}
	if crc.Poly(99).Packed(data, 16) != 0 || crc.Poly(99).Bits(data) != 0 || crc.Poly(99).Valid() {
		t.Error("unknown polynomial must give 0")
	}
	if got := crc.Poly(99).String(); got != "Poly(99)" {
		t.Errorf("String = %q", got)
	}
	if crc.ForTransportBlock(3824) != crc.CRC16 || crc.ForTransportBlock(3825) != crc.CRC24A {
		t.Error("the border between CRC16 and CRC24A is 3824 bits")
	}
}

func TestNoAllocs(t *testing.T) {
	bits := make([]byte, 1000)
	data := make([]byte, 125)
	n := testing.AllocsPerRun(10, func() {
		crc.CRC24A.AttachBits(bits)
		crc.CRC24A.CheckBits(bits)
		crc.CRC24B.AttachPacked(data, 900)
		crc.CRC24B.CheckPacked(data, 924)
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzPackedEqualsBits(f *testing.F) {
	f.Add([]byte("neuron"), 41, byte(1))
	f.Add([]byte{}, 0, byte(6))
	f.Fuzz(func(t *testing.T, data []byte, numBits int, which byte) {
		p := crc.Poly(which)
		got := p.Packed(data, numBits)
		if numBits < 0 || numBits > 8*len(data) {
			return
		}
		bits := make([]byte, numBits)
		for i := range bits {
			bits[i] = data[i/8] >> (7 - i%8)
		}
		if want := p.Bits(bits); got != want {
			t.Fatalf("%v of %d bits: packed %#x, bits %#x", p, numBits, got, want)
		}
	})
}

func BenchmarkPacked(b *testing.B) {
	for _, n := range []int{128, 8424, 295000} {
		b.Run(fmt.Sprintf("bits=%d", n), func(b *testing.B) {
			data := make([]byte, (n+7)/8)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				crc.CRC24A.Packed(data, n)
			}
		})
	}
}

func BenchmarkBits(b *testing.B) {
	bits := make([]byte, 8424)
	b.SetBytes(int64(len(bits)) / 8)
	b.ReportAllocs()
	for b.Loop() {
		crc.CRC24A.Bits(bits)
	}
}
