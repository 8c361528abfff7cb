// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/crc"
	"github.com/neuroran/neuroran/phy/ldpc"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ratematch"
	"github.com/neuroran/neuroran/phy/scramble"
	"github.com/neuroran/neuroran/tensor"
)

// DefaultIterations is the largest number of LDPC iterations when a
// configuration names none.
const DefaultIterations = 20

// Decoder turns the soft bits of a transmission into a transport block:
// descrambling, rate dematching and combining into a [SoftBuffer], LDPC
// decoding of the code blocks, and the CRCs. It keeps nothing from one
// transmission to the next. It is for one goroutine at a time.
type Decoder struct {
	limits     Limits
	iterations int
	code       Code
	matcher    *ratematch.Matcher
	ldpc       *ldpc.Decoder

	llrs  []int8  // descrambled soft bits of one code block
	bits  []uint8 // decided bits of one code block, one a byte
	bytes []byte  // transport block with CRC, packed
}

// NewDecoder returns a decoder for grants within the limits, of at most the
// given number of LDPC iterations, one iteration being one pass over all rows;
// 0 stands for [DefaultIterations]. It returns a [*nr.FieldError] for bad
// limits.
func NewDecoder(l Limits, iterations int) (*Decoder, error) {
	if err := l.normalise(); err != nil {
		return nil, err
	}
	if iterations == 0 {
		iterations = DefaultIterations
	}
	if iterations < 0 {
		return nil, &nr.FieldError{Field: "max_iterations", Got: iterations, Want: "1 or more, or 0 for the default"}
	}
	dec, err := ldpc.NewDecoder(ldpc.Limits{})
	if err != nil {
		return nil, fmt.Errorf("pusch: decoder: %w", err)
	}
	return &Decoder{
		limits: l, iterations: iterations, matcher: ratematch.New(), ldpc: dec,
		llrs:  make([]int8, l.maxCodedBits()),
		bits:  make([]uint8, ldpc.BG1.K(ldpc.MaxZ)),
		bytes: make([]byte, l.maxCodedBits()/8+crc.CRC24A.Len()/8),
	}, nil
}

// Configure selects the code of the next transmission. It returns a
// [*nr.UnsupportedError] for a code above the limits. It does not allocate when
// it succeeds.
func (d *Decoder) Configure(c *Code) error {
	if c.CodedBits > len(d.llrs) || c.TBS > len(d.bytes)*8-crc.CRC24A.Len() {
		return &nr.UnsupportedError{Field: "coded bits above the limits of this block", Got: c.CodedBits}
	}
	if err := d.matcher.Configure(c.RateMatch()); err != nil {
		return fmt.Errorf("pusch: decoder: %w", err)
	}
	d.code = *c
	return nil
}

// Code returns the configured code.
func (d *Decoder) Code() Code { return d.code }

// Combine adds the soft bits of the configured transmission to its HARQ
// process. Soft bits of an earlier transport block are discarded when the grant
// says new data, and when they belong to another code: they cannot be combined.
//
//   - soft: soft bits of the HARQ process, resized as needed
//   - llrs: [G] as a demapper writes them, still scrambled; only read
//
// It returns a [*tensor.ShapeError] if llrs has another length. It does not
// allocate once soft has grown.
//
// It inverts TS 38.211 §6.3.1.1 and TS 38.212 §6.2.5 and §6.2.6.
func (d *Decoder) Combine(soft *SoftBuffer, llrs []int8) error {
	if d.code.TBS == 0 || len(llrs) != d.code.CodedBits {
		return &tensor.ShapeError{Op: "pusch: combine: soft bits", Want: []int{d.code.CodedBits}, Got: []int{len(llrs)}}
	}
	fresh := d.code.NewData || !soft.holds(&d.code)
	if fresh {
		soft.start(&d.code)
	}
	sequence := scramble.New(d.code.CInit)
	for r := range d.code.Segmentation.NumBlocks {
		e := d.code.BlockBits(r)
		block := soft.LLR.Row(r)
		if fresh {
			if err := d.matcher.Clear(block); err != nil {
				return fmt.Errorf("pusch: combine: %w", err)
			}
		}
		part := d.llrs[:e]
		copy(part, llrs)
		sequence.DescrambleLLRs(part)
		if err := d.matcher.Combine(block, part); err != nil {
			return fmt.Errorf("pusch: combine: %w", err)
		}
		soft.Extent = max(soft.Extent, d.matcher.Extent(e))
		llrs = llrs[e:]
	}
	soft.Transmissions++
	return nil
}

// Decode decodes the transport block of the configured transmission from its
// soft bits. It stops at the first code block that fails: the transport block
// is then lost for this transmission.
//
//   - dst: NumBits, Data, CRC and Iterations are set, with RNTI and HARQ; Data
//     holds no transport block when the CRC fails
//   - soft: what [Decoder.Combine] filled; only read
//
// It returns a [*tensor.ShapeError] if soft belongs to another code. It does
// not allocate once dst has grown.
//
// TS 38.212 §6.2.1 to §6.2.4, inverted.
func (d *Decoder) Decode(dst *nr.TransportBlock, soft *SoftBuffer) error {
	if !soft.holds(&d.code) {
		return &tensor.ShapeError{Op: "pusch: decode: soft buffer", Want: []int{d.code.TBS}, Got: []int{soft.TBS}}
	}
	s := &d.code.Segmentation
	cfg := ldpc.DecoderConfig{Config: d.code.LDPC().ForLength(soft.Extent), MaxIterations: d.iterations, CRC: s.BlockCRC}
	if s.NumBlocks == 1 {
		cfg.CRC = s.TBCRC
	}
	if err := d.ldpc.Configure(cfg); err != nil {
		return fmt.Errorf("pusch: decode: %w", err)
	}
	dst.RNTI, dst.HARQ, dst.NumBits = d.code.RNTI, d.code.HARQProcess, d.code.TBS
	dst.CRC, dst.Iterations = true, 0
	dst.Data.Resize(d.code.TBS / 8)
	for r := 0; r < s.NumBlocks && dst.CRC; r++ {
		bits := d.bits[:s.KPrime]
		res, err := d.ldpc.Decode(bits, soft.LLR.Row(r))
		if err != nil {
			return fmt.Errorf("pusch: decode: %w", err)
		}
		dst.Iterations = max(dst.Iterations, res.Iterations)
		dst.CRC = res.CRC
		// The payload of a code block is a whole number of bytes: TS 38.214
		// §5.1.3.2 only yields such sizes.
		packBits(d.bytes[r*s.PayloadBits/8:][:s.PayloadBits/8], bits)
	}
	dst.CRC = dst.CRC && s.TBCRC.CheckPacked(d.bytes, d.code.TBS+s.TBCRC.Len())
	copy(dst.Data.Data(), d.bytes)
	return nil
}

// packBits packs bits, one a byte, most significant first.
func packBits(dst []byte, bits []uint8) {
	for i := range dst {
		b := bits[8*i : 8*i+8 : 8*i+8]
		dst[i] = b[0]<<7 | b[1]<<6 | b[2]<<5 | b[3]<<4 | b[4]<<3 | b[5]<<2 | b[6]<<1 | b[7]
	}
}
