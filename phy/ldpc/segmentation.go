// SPDX-License-Identifier: Apache-2.0

package ldpc

import (
	"github.com/neuroran/neuroran/phy/crc"
	"github.com/neuroran/neuroran/phy/nr"
)

// Segmentation says how a transport block with its CRC is cut into code blocks:
// every block has K bits, of which the first PayloadBits are transport-block
// bits, then BlockCRC parity bits, then Filler zeros.
//
// TS 38.212 §5.2.2.
type Segmentation struct {
	BaseGraph   BaseGraph
	NumBlocks   int      // C
	Z           int      // lifting size Z_c
	K           int      // bits of a code block with filler, 22·Z or 10·Z
	KPrime      int      // K', bits of a code block without filler
	PayloadBits int      // transport-block bits in a code block, K' − L
	Filler      int      // F = K − K'
	TBCRC       crc.Poly // CRC of the transport block
	BlockCRC    crc.Poly // CRC of a code block: CRC24B, or None with one block
}

// Segment returns the segmentation of a transport block of payload bits
// (without CRC) on base graph g.
//
// It returns a [*nr.FieldError] for an unknown base graph, a payload below 1, and
// a payload whose bits cannot be shared out evenly: TS 38.214 §5.1.3.2 only
// yields sizes that can. It does not allocate when it succeeds.
//
// TS 38.212 §5.2.2, §6.2.1 and §6.2.3.
func Segment(payload int, g BaseGraph) (Segmentation, error) {
	if !g.Valid() {
		return Segmentation{}, &nr.FieldError{Field: "ldpc.base_graph", Got: int(g), Want: "1 or 2"}
	}
	if payload < 1 || payload > maxPayload {
		return Segmentation{}, &nr.FieldError{Field: "ldpc.payload_bits", Got: payload, Want: "1…2^24 bits"}
	}
	s := Segmentation{BaseGraph: g, NumBlocks: 1, TBCRC: crc.ForTransportBlock(payload)}
	bits := payload + s.TBCRC.Len() // B
	if bits > g.MaxCodeBlock() {
		s.BlockCRC = crc.CRC24B
		per := g.MaxCodeBlock() - s.BlockCRC.Len()
		s.NumBlocks = (bits + per - 1) / per
	}
	if bits%s.NumBlocks != 0 {
		return Segmentation{}, &nr.FieldError{Field: "ldpc.payload_bits", Got: payload, Want: "a size of TS 38.214 §5.1.3.2"}
	}
	s.PayloadBits = bits / s.NumBlocks
	s.KPrime = s.PayloadBits + s.BlockCRC.Len()
	s.Z = minLiftingSize(segmentKb(g, bits), s.KPrime)
	s.K = g.K(s.Z)
	s.Filler = s.K - s.KPrime
	return s, nil
}

// maxPayload bounds the transport block: the largest of TS 38.214 is below 2^21.
const maxPayload = 1 << 24

// segmentKb returns K_b for a transport block of bits bits with CRC.
func segmentKb(g BaseGraph, bits int) int {
	switch {
	case g == BG1:
		return 22
	case bits > 640:
		return 10
	case bits > 560:
		return 9
	case bits > 192:
		return 8
	}
	return 6
}
