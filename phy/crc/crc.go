// SPDX-License-Identifier: Apache-2.0

package crc

import "encoding/binary"

// Packed returns the parity bits of the first numBits bits of data, which holds
// eight bits per byte, most significant first. Parity bit p_0 of TS 38.212 §5.1
// is bit Len−1 of the result.
//
// numBits is limited to the bits in data; None gives 0. It does not allocate.
//
// TS 38.212 §5.1.
func (p Poly) Packed(data []byte, numBits int) uint32 {
	if !p.Valid() {
		return 0
	}
	numBits = min(max(numBits, 0), 8*len(data))
	t := &tables[p]
	reg := t.update(0, data[:numBits/8])
	if rest := numBits % 8; rest != 0 {
		reg = t.updateBits(reg, data[numBits/8], rest, p.top())
	}
	return reg >> (32 - p.Len())
}

// Bits returns the parity bits of a message that holds one bit per byte; only
// the lowest bit of every byte counts. Parity bit p_0 is bit Len−1 of the
// result. None gives 0. It does not allocate.
//
// TS 38.212 §5.1.
func (p Poly) Bits(bits []byte) uint32 {
	if !p.Valid() {
		return 0
	}
	t := &tables[p]
	var reg uint32
	for len(bits) >= 8 {
		b := packByte(binary.LittleEndian.Uint64(bits))
		reg = reg<<8 ^ t[0][byte(reg>>24)^b]
		bits = bits[8:]
	}
	for _, b := range bits {
		reg ^= uint32(b&1) << 31
		reg = step(reg, p.top())
	}
	return reg >> (32 - p.Len())
}

// AttachBits overwrites the last Len bytes of bits, one bit per byte, with the
// parity bits of what stands before them. Shorter slices are left as they are.
func (p Poly) AttachBits(bits []byte) {
	n := len(bits) - p.Len()
	if n < 0 {
		return
	}
	parity := p.Bits(bits[:n])
	for i := range p.Len() {
		bits[n+i] = byte(parity>>(p.Len()-1-i)) & 1
	}
}

// CheckBits reports whether bits, one bit per byte, ends with the parity bits of
// what stands before them. A message shorter than Len fails; None passes.
func (p Poly) CheckBits(bits []byte) bool {
	return len(bits) >= p.Len() && p.Bits(bits) == 0
}

// AttachPacked writes the parity bits behind the first numBits bits of data,
// most significant first. It reports false, and changes nothing, when data has
// no room for numBits+Len bits. Bits behind the parity keep their value.
func (p Poly) AttachPacked(data []byte, numBits int) bool {
	if numBits < 0 || numBits+p.Len() > 8*len(data) {
		return false
	}
	parity := p.Packed(data, numBits)
	for i := range p.Len() {
		at := numBits + i
		bit := byte(parity>>(p.Len()-1-i)) & 1
		mask := byte(0x80) >> (at % 8)
		data[at/8] = data[at/8]&^mask | bit*mask
	}
	return true
}

// CheckPacked reports whether the first numBits bits of data end with the
// parity bits of what stands before them. A message shorter than Len fails;
// None passes.
func (p Poly) CheckPacked(data []byte, numBits int) bool {
	return numBits >= p.Len() && numBits <= 8*len(data) && p.Packed(data, numBits) == 0
}

// top is the polynomial aligned to bit 31.
func (p Poly) top() uint32 {
	return generators[p].poly << (32 - generators[p].degree)
}

// packByte gathers the lowest bits of eight bytes, the first byte in the
// highest bit: byte i of x meets the factor's bit 63−9i in bit 63−i, and no two
// products meet anywhere else in the top byte.
func packByte(x uint64) byte {
	return byte(x & 0x0101010101010101 * 0x8040201008040201 >> 56)
}
