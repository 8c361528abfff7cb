// SPDX-License-Identifier: Apache-2.0

package ldpc

import "encoding/binary"

// A bit vector of z bits is stored in words, bit n in bit n%64 of word n/64, and
// twice in a row, so that every rotation of it is a plain run of bits.
const (
	vecWords    = MaxZ / 64      // words of one vector
	doubleWords = 2*vecWords + 1 // words of a doubled vector and one to read over
)

type doubled [doubleWords]uint64

// set stores the first z bits of v, twice.
func (d *doubled) set(v *[vecWords]uint64, z int) {
	clear(d[:])
	n := (z + 63) / 64
	copy(d[:n], v[:n])
	if z%64 != 0 {
		d[n-1] &= 1<<(z%64) - 1
	}
	q, r := z/64, uint(z%64)
	for i := n - 1; i >= 0; i-- {
		w := d[i]
		d[q+i+1] |= w >> 1 >> (63 - r)
		if i == 0 && q == 0 {
			d[0] |= w << r
		} else {
			d[q+i] |= w << r
		}
	}
}

// xorRotated adds to acc the vector rotated down by shift: bit i of acc meets
// bit i+shift. n is the number of words.
func (d *doubled) xorRotated(acc *[vecWords]uint64, shift, n int) {
	q, r := shift/64, uint(shift%64)
	src := d[q : q+n+1]
	low := src[0]
	for i, high := range src[1:] {
		acc[i] ^= low>>(r&63) | high<<1<<(63-r&63)
		low = high
	}
}

// packBits gathers bits, one per byte, into words; the rest of dst becomes 0.
func packBits(dst []uint64, bits []byte) {
	clear(dst)
	n := len(bits) &^ 7
	for i := 0; i < n; i += 8 {
		x := binary.LittleEndian.Uint64(bits[i:]) & 0x0101010101010101
		dst[i/64] |= x * 0x0102040810204080 >> 56 << (i % 64)
	}
	for i, b := range bits[n:] {
		dst[(n+i)/64] |= uint64(b&1) << ((n + i) % 64)
	}
}

// unpackBits writes len(dst) bits of src, one per byte.
func unpackBits(dst []byte, src []uint64) {
	n := len(dst) &^ 7
	for i := 0; i < n; i += 8 {
		b := src[i/64] >> (i % 64) & 0xff
		x := b * 0x0101010101010101 & 0x8040201008040201
		binary.LittleEndian.PutUint64(dst[i:], (x+0x00406070787c7e7f)>>7&0x0101010101010101)
	}
	for i := n; i < len(dst); i++ {
		dst[i] = byte(src[i/64]>>(i%64)) & 1
	}
}
