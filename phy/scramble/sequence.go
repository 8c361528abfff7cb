// SPDX-License-Identifier: Apache-2.0

package scramble

// nc is the number of discarded bits, N_C of TS 38.211 §5.2.1.
const nc = 1600

// Sequence is a position in the pseudo-random sequence c(n) of TS 38.211
// §5.2.1. The zero value is not a sequence; use [New] or [Sequence.Reset]. A
// Sequence is a plain value: a copy continues by itself. One goroutine at a
// time may use it.
type Sequence struct {
	x1, x2 uint64 // the next 64 bits of both registers, bit 0 first
	used   uint   // bits of x1^x2 that were handed out, 0…63
}

// New returns the sequence of c_init at n = 0. Only the lower 31 bits of cInit
// count.
func New(cInit uint32) Sequence {
	var s Sequence
	s.Reset(cInit)
	return s
}

// Reset starts the sequence of c_init at n = 0.
func (s *Sequence) Reset(cInit uint32) {
	x2 := uint64(0)
	for i := range jump.x2 {
		x2 ^= jump.x2[i] & -uint64(cInit>>i&1)
	}
	*s = Sequence{x1: jump.x1, x2: x2}
}

// PUSCHInit returns c_init = n_RNTI·2^15 + n_ID of TS 38.211 §6.3.1.1.
func PUSCHInit(rnti uint16, nID int) uint32 {
	return uint32(rnti)<<15 + uint32(nID)
}

// jump holds the registers at n = N_C: x1 as it is, x2 for each bit of c_init.
var jump = makeJump()

type jumpTable struct {
	x1 uint64
	x2 [31]uint64
}

func makeJump() *jumpTable {
	t := &jumpTable{x1: skip(fill1(1), next1)}
	for i := range t.x2 {
		t.x2[i] = skip(fill2(1<<i), next2)
	}
	return t
}

// skip advances a register by N_C bits, which is a whole number of words.
func skip(x uint64, next func(uint64) uint64) uint64 {
	for range nc / 64 {
		x = next(x)
	}
	return x
}

// fill1 extends the first 31 bits of register 1 to 64.
func fill1(x uint64) uint64 {
	for n := range 64 - 31 {
		x |= (x>>(n+3) ^ x>>n) & 1 << (n + 31)
	}
	return x
}

// fill2 extends the first 31 bits of register 2 to 64.
func fill2(x uint64) uint64 {
	for n := range 64 - 31 {
		x |= (x>>(n+3) ^ x>>(n+2) ^ x>>(n+1) ^ x>>n) & 1 << (n + 31)
	}
	return x
}

// next1 returns the 64 bits that follow the 64 bits of x in register 1, by
// x(n+62) = x(n+6) + x(n). The lowest 56 bits depend on x alone; the highest 8
// take the lowest bits of the result itself.
func next1(x uint64) uint64 {
	t := x>>2 ^ x>>8
	return t ^ t<<62 ^ t<<56
}

// next2 is the same for register 2: x(n+62) = x(n+6) + x(n+4) + x(n+2) + x(n).
func next2(x uint64) uint64 {
	t := x>>2 ^ x>>4 ^ x>>6 ^ x>>8
	return t ^ t<<62 ^ t<<60 ^ t<<58 ^ t<<56
}

// word returns the next 64 bits, c(n) in bit 0, and advances by 64.
func (s *Sequence) word() uint64 {
	w := s.x1 ^ s.x2
	s.x1, s.x2 = next1(s.x1), next2(s.x2)
	if s.used != 0 {
		w = w>>s.used | (s.x1^s.x2)<<(64-s.used)
	}
	return w
}

// take returns the next n ≤ 64 bits in the lowest bits, and advances by n.
func (s *Sequence) take(n int) uint64 {
	if n == 64 {
		return s.word()
	}
	before := *s
	w := before.word() & (1<<n - 1)
	s.used += uint(n)
	if s.used >= 64 {
		s.used -= 64
		s.x1, s.x2 = next1(s.x1), next2(s.x2)
	}
	return w
}

// Skip advances the sequence by n bits, n ≥ 0. Time grows by one step each 64
// bits.
func (s *Sequence) Skip(n int) {
	for ; n >= 64; n -= 64 {
		s.x1, s.x2 = next1(s.x1), next2(s.x2)
	}
	if n > 0 {
		s.take(n)
	}
}
