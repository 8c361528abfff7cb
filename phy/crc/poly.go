// SPDX-License-Identifier: Apache-2.0

package crc

import "fmt"

// Poly names a generator polynomial of TS 38.212 §5.1. The zero value is no
// polynomial: its length is 0 and every check of it passes.
type Poly uint8

// Generator polynomials of TS 38.212 §5.1.
const (
	None   Poly = iota // no CRC
	CRC24A             // transport blocks above 3824 bits
	CRC24B             // code blocks of a segmented transport block
	CRC24C             // polar-coded channels
	CRC16              // transport blocks up to 3824 bits
	CRC11              // uplink control information of 20 bits and more
	CRC6               // uplink control information of 12 to 19 bits
	numPolys
)

// generators holds each polynomial without its leading term, and its degree.
var generators = [numPolys]struct {
	poly   uint32
	degree int
	name   string
}{
	None:   {0, 0, "none"},
	CRC24A: {0x864cfb, 24, "CRC24A"},
	CRC24B: {0x800063, 24, "CRC24B"},
	CRC24C: {0xb2b117, 24, "CRC24C"},
	CRC16:  {0x1021, 16, "CRC16"},
	CRC11:  {0x621, 11, "CRC11"},
	CRC6:   {0x21, 6, "CRC6"},
}

// Len returns L, the number of parity bits, or 0 for an unknown polynomial.
func (p Poly) Len() int {
	if p >= numPolys {
		return 0
	}
	return generators[p].degree
}

// Valid reports whether p is one of the six polynomials.
func (p Poly) Valid() bool { return p > None && p < numPolys }

// String returns the name as in the standard.
func (p Poly) String() string {
	if p >= numPolys {
		return fmt.Sprintf("Poly(%d)", uint8(p))
	}
	return generators[p].name
}

// ForTransportBlock returns the polynomial of a transport block of numBits
// bits: CRC24A above 3824 bits, else CRC16 (TS 38.212 §6.2.1 and §7.2.1).
func ForTransportBlock(numBits int) Poly {
	if numBits > 3824 {
		return CRC24A
	}
	return CRC16
}
