// SPDX-License-Identifier: Apache-2.0

package scramble

import (
	"encoding/binary"
	"math"

	"github.com/neuroran/neuroran/internal/simd/llr"
)

// Words writes the next 64·len(dst) bits, c(n) in the lowest bit of the first
// word. It does not allocate.
func (s *Sequence) Words(dst []uint64) {
	for i := range dst {
		dst[i] = s.word()
	}
}

// Bits writes the next len(dst) bits, one per byte, values 0 or 1. It does not
// allocate.
func (s *Sequence) Bits(dst []byte) {
	clear(dst)
	s.XORBits(dst)
}

// XORBits scrambles the bits in place: bits holds one bit per byte, and each is
// added modulo 2 to the next bit of the sequence. It does not allocate.
//
// TS 38.211 §6.3.1.1.
func (s *Sequence) XORBits(bits []byte) {
	for len(bits) >= 64 {
		w := s.word()
		for i := 0; i < 64; i += 8 {
			b := bits[i : i+8 : i+8]
			binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^spread(byte(w>>i)))
		}
		bits = bits[64:]
	}
	if len(bits) == 0 {
		return
	}
	w := s.take(len(bits))
	for i := range bits {
		bits[i] ^= byte(w>>i) & 1
	}
}

// DescrambleLLRs changes in place the sign of every LLR whose scrambling bit is
// 1. LLRs are int8 from −127 to 127. It does not allocate.
//
// It inverts TS 38.211 §6.3.1.1.
func (s *Sequence) DescrambleLLRs(llrs []int8) {
	var buf [64]uint64
	for len(llrs) >= 64 {
		words := buf[:min(len(llrs)/64, len(buf))]
		s.Words(words)
		llr.FlipSigns(llrs[:64*len(words)], words)
		llrs = llrs[64*len(words):]
	}
	if len(llrs) == 0 {
		return
	}
	w := s.take(len(llrs))
	for i, v := range llrs {
		m := -int8(w >> i & 1)
		llrs[i] = v ^ m - m
	}
}

// DescrambleFloats is [Sequence.DescrambleLLRs] for float32.
func (s *Sequence) DescrambleFloats(llrs []float32) {
	for len(llrs) > 0 {
		n := min(64, len(llrs))
		w := s.take(n)
		for i, v := range llrs[:n] {
			sign := uint32(w>>i) << 31
			llrs[i] = math.Float32frombits(math.Float32bits(v) ^ sign)
		}
		llrs = llrs[n:]
	}
}

// Signs writes scale·(1 − 2c(n)) for the next len(dst) bits. With scale 1/√2
// and an even length, pairs of values are I and Q of the reference signal of
// TS 38.211 §6.4.1.1.1.1. It does not allocate.
func (s *Sequence) Signs(dst []float32, scale float32) {
	bits := math.Float32bits(scale)
	for len(dst) > 0 {
		n := min(64, len(dst))
		w := s.take(n)
		for i := range dst[:n] {
			dst[i] = math.Float32frombits(bits ^ uint32(w>>i)<<31)
		}
		dst = dst[n:]
	}
}

// spread puts bit i of b into the lowest bit of byte i: the product has copies
// of b in all bytes, the mask keeps bit i of byte i, and the carry of the
// addition moves it to the byte's top.
func spread(b byte) uint64 {
	x := uint64(b) * 0x0101010101010101 & 0x8040201008040201
	return (x + 0x00406070787c7e7f) >> 7 & 0x0101010101010101
}
