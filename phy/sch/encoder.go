// SPDX-License-Identifier: Apache-2.0

package sch

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/crc"
	"github.com/neuroran/neuroran/phy/ldpc"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ratematch"
	"github.com/neuroran/neuroran/phy/scramble"
	"github.com/neuroran/neuroran/tensor"
)

// Encoder turns transport blocks into the coded bits that are modulated: CRC,
// segmentation, LDPC, rate matching and scrambling. It is for one goroutine at a
// time.
//
// TS 38.212 §6.2 and TS 38.211 §6.3.1.1.
type Encoder struct {
	maxCodedBits int
	code         Code
	ldpc         *ldpc.Encoder
	matcher      *ratematch.Matcher

	block []uint8 // transport block with CRC, one bit per byte
	info  []uint8 // one code block with CRC
	coded []uint8 // its coded bits
}

// NewEncoder returns an encoder of transmissions of at most maxCodedBits coded
// bits. It needs a call of Configure before the first block.
func NewEncoder(maxCodedBits int) (*Encoder, error) {
	encoder, err := ldpc.NewEncoder(ldpc.Limits{})
	if err != nil {
		return nil, fmt.Errorf("sch: encoder: %w", err)
	}
	return &Encoder{
		maxCodedBits: maxCodedBits, ldpc: encoder, matcher: ratematch.New(),
		block: make([]uint8, maxCodedBits+crc.CRC24A.Len()),
		info:  make([]uint8, ldpc.BG1.K(ldpc.MaxZ)),
		coded: make([]uint8, ldpc.BG1.N(ldpc.MaxZ)),
	}, nil
}

// Configure selects the code of the next transport block. It returns a
// [*nr.UnsupportedError] for a code above the limit. It does not allocate when
// it succeeds.
func (e *Encoder) Configure(c *Code) error {
	if c.CodedBits > e.maxCodedBits || c.TBS > e.maxCodedBits {
		return &nr.UnsupportedError{Field: "coded bits above the limits of this block", Got: max(c.CodedBits, c.TBS)}
	}
	if err := e.ldpc.Configure(c.LDPC()); err != nil {
		return fmt.Errorf("sch: encoder: %w", err)
	}
	if err := e.matcher.Configure(c.RateMatch()); err != nil {
		return fmt.Errorf("sch: encoder: %w", err)
	}
	e.code = *c
	return nil
}

// Encode encodes one transport block.
//
//   - dst: [G] coded bits, scrambled, one per byte, values 0 or 1
//   - tb: [TBS/8] bytes, first bit most significant
//
// It returns a [*tensor.ShapeError] if a length disagrees with the code. It does
// not allocate; dst and tb must not overlap.
//
// TS 38.212 §6.2 and §7.2, TS 38.211 §6.3.1.1 and §7.3.1.1.
func (e *Encoder) Encode(dst []uint8, tb []byte) error {
	if e.code.TBS == 0 || len(tb)*8 != e.code.TBS {
		return &tensor.ShapeError{Op: "sch: encode: bytes of the transport block", Want: []int{e.code.TBS / 8}, Got: []int{len(tb)}}
	}
	if len(dst) != e.code.CodedBits {
		return &tensor.ShapeError{Op: "sch: encode: coded bits", Want: []int{e.code.CodedBits}, Got: []int{len(dst)}}
	}
	s := &e.code.Segmentation
	block := e.attachCRC(tb)
	out := dst
	for r := range s.NumBlocks {
		info := e.info[:s.KPrime]
		copy(info, block[r*s.PayloadBits:(r+1)*s.PayloadBits])
		s.BlockCRC.AttachBits(info)
		coded := e.coded[:s.BaseGraph.N(s.Z)]
		if err := e.ldpc.Encode(coded, info); err != nil {
			return fmt.Errorf("sch: encode: %w", err)
		}
		n := e.code.BlockBits(r)
		if err := e.matcher.Match(out[:n], coded); err != nil {
			return fmt.Errorf("sch: encode: %w", err)
		}
		out = out[n:]
	}
	sequence := scramble.New(e.code.CInit)
	sequence.XORBits(dst)
	return nil
}

// attachCRC returns the bits of the transport block with its CRC.
func (e *Encoder) attachCRC(tb []byte) []uint8 {
	block := e.block[:e.code.TBS+e.code.Segmentation.TBCRC.Len()]
	for i := range e.code.TBS {
		block[i] = tb[i/8] >> (7 - i%8) & 1
	}
	e.code.Segmentation.TBCRC.AttachBits(block)
	return block
}
