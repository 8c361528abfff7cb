// SPDX-License-Identifier: Apache-2.0

package crc

import "encoding/binary"

// slices is how many bytes one step of the look-up takes.
const slices = 8

// table is one polynomial's look-up: t[k][b] is the register after byte b and
// k zero bytes. The register is left-aligned in 32 bits, so that all
// polynomials share one loop.
type table [slices][256]uint32

var tables = makeTables()

func makeTables() *[numPolys]table {
	var all [numPolys]table
	for p := CRC24A; p < numPolys; p++ {
		t := &all[p]
		top := generators[p].poly << (32 - generators[p].degree)
		for b := range 256 {
			reg := uint32(b) << 24
			for range 8 {
				reg = step(reg, top)
			}
			t[0][b] = reg
		}
		for k := 1; k < slices; k++ {
			for b := range 256 {
				reg := t[k-1][b]
				t[k][b] = reg<<8 ^ t[0][reg>>24]
			}
		}
	}
	return &all
}

// step advances the register by one zero bit.
func step(reg, top uint32) uint32 {
	return reg<<1 ^ top&-(reg>>31)
}

// update8 advances the register by eight message bytes, the first in the
// highest byte of x.
func (t *table) update8(reg uint32, x uint64) uint32 {
	x ^= uint64(reg) << 32
	return t[7][x>>56] ^ t[6][x>>48&0xff] ^ t[5][x>>40&0xff] ^ t[4][x>>32&0xff] ^
		t[3][x>>24&0xff] ^ t[2][x>>16&0xff] ^ t[1][x>>8&0xff] ^ t[0][x&0xff]
}

// update advances the register by whole bytes.
func (t *table) update(reg uint32, data []byte) uint32 {
	for len(data) >= slices {
		reg = t.update8(reg, binary.BigEndian.Uint64(data))
		data = data[slices:]
	}
	for _, b := range data {
		reg = reg<<8 ^ t[0][byte(reg>>24)^b]
	}
	return reg
}

// updateBits advances the register by the n ≤ 8 highest bits of b.
func (t *table) updateBits(reg uint32, b byte, n int, top uint32) uint32 {
	reg ^= uint32(b&^(0xff>>n)) << 24
	for range n {
		reg = step(reg, top)
	}
	return reg
}
