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

// DefaultIterations is the largest number of LDPC iterations when a
// configuration names none.
const DefaultIterations = 20

// Decoder turns the soft bits of a transmission into a transport block:
// descrambling, rate dematching and combining into a [SoftBuffer], LDPC
// decoding of the code blocks, and the CRCs. It keeps nothing from one
// transmission to the next. It is for one goroutine at a time.
//
// It inverts TS 38.212 §6.2 and TS 38.211 §6.3.1.1.
type Decoder struct {
	iterations int
	code       Code
	matcher    *ratematch.Matcher
	ldpc       *ldpc.Decoder

	llrs   []int8 // descrambled soft bits of one code block
	block  []byte // decided bits of one code block, packed
	packed []byte // transport block with CRC, packed
}

// NewDecoder returns a decoder of transmissions of at most maxCodedBits coded
// bits, with at most the given number of LDPC iterations, one iteration being one
// pass over all rows; 0 stands for [DefaultIterations]. It returns a
// [*nr.FieldError] for a number below 0.
func NewDecoder(maxCodedBits, iterations int) (*Decoder, error) {
	if iterations == 0 {
		iterations = DefaultIterations
	}
	if iterations < 0 {
		return nil, &nr.FieldError{Field: "max_iterations", Got: iterations, Want: "1 or more, or 0 for the default"}
	}
	dec, err := ldpc.NewDecoder(ldpc.Limits{})
	if err != nil {
		return nil, fmt.Errorf("sch: decoder: %w", err)
	}
	return &Decoder{
		iterations: iterations, matcher: ratematch.New(), ldpc: dec,
		llrs:   make([]int8, maxCodedBits),
		block:  make([]byte, ldpc.BG1.K(ldpc.MaxZ)/8),
		packed: make([]byte, maxCodedBits/8+crc.CRC24A.Len()/8),
	}, nil
}

// Configure selects the code of the next transmission. It returns a
// [*nr.UnsupportedError] for a code above the limits. It does not allocate when
// it succeeds.
func (d *Decoder) Configure(c *Code) error {
	if c.CodedBits > len(d.llrs) || c.TBS > len(d.llrs) {
		return &nr.UnsupportedError{Field: "coded bits above the limits of this block", Got: max(c.CodedBits, c.TBS)}
	}
	if err := d.matcher.Configure(c.RateMatch()); err != nil {
		return fmt.Errorf("sch: decoder: %w", err)
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
// It inverts TS 38.212 §6.2.5 and §6.2.6, §7.2.5 and §7.2.6, and the scrambling
// of TS 38.211 §6.3.1.1 or §7.3.1.1.
func (d *Decoder) Combine(soft *SoftBuffer, llrs []int8) error {
	if d.code.TBS == 0 || len(llrs) != d.code.CodedBits {
		return &tensor.ShapeError{Op: "sch: combine: soft bits", Want: []int{d.code.CodedBits}, Got: []int{len(llrs)}}
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
				return fmt.Errorf("sch: combine: %w", err)
			}
		}
		part := d.llrs[:e]
		copy(part, llrs)
		sequence.DescrambleLLRs(part)
		if err := d.matcher.Combine(block, part); err != nil {
			return fmt.Errorf("sch: combine: %w", err)
		}
		soft.Extent = max(soft.Extent, d.matcher.Extent(e))
		llrs = llrs[e:]
	}
	soft.Transmissions++
	return nil
}

// Decode decodes the transport block of the configured transmission from its
// soft bits: [Decoder.DecodeBlocks] and [Code.CheckTransportBlock].
//
//   - dst: NumBits, Data, CRC and both counts of iterations are set, with RNTI and HARQ; Data
//     holds no transport block when the CRC fails
//   - soft: what [Decoder.Combine] filled; only read
//
// It returns a [*tensor.ShapeError] if soft belongs to another code. It does
// not allocate once dst has grown.
func (d *Decoder) Decode(dst *nr.TransportBlock, soft *SoftBuffer) error {
	packed := d.packed[:d.code.PackedBytes()]
	blocks, err := d.DecodeBlocks(packed, soft)
	if err != nil {
		return err
	}
	dst.RNTI, dst.HARQ, dst.NumBits = d.code.RNTI, d.code.HARQProcess, d.code.TBS
	dst.Iterations, dst.MeanIterations = blocks.Iterations, blocks.MeanIterations()
	dst.CRC = blocks.CRC && d.code.CheckTransportBlock(packed)
	dst.Data.Resize(d.code.TBS / 8)
	copy(dst.Data.Data(), packed)
	return nil
}

// DecodeBlocks decodes the code blocks of the configured transmission, each in at most
// as many iterations as decoder and [Code] allow. It stops at the first that fails: the
// transport block is then lost for this transmission.
//
//   - dst: [Code.PackedBytes] the transport block with its CRC, packed, first
//     bit most significant
//   - soft: what [Decoder.Combine] filled; only read
//
// It returns a [*tensor.ShapeError] if dst has another length or soft belongs
// to another code. It does not allocate.
//
// TS 38.212 §6.2.3 and §6.2.4, §7.2.3 and §7.2.4, inverted.
func (d *Decoder) DecodeBlocks(dst []byte, soft *SoftBuffer) (BlockResult, error) {
	if !soft.holds(&d.code) {
		return BlockResult{}, &tensor.ShapeError{Op: "sch: decode: soft buffer", Want: []int{d.code.TBS}, Got: []int{soft.TBS}}
	}
	if len(dst) != d.code.PackedBytes() {
		return BlockResult{}, &tensor.ShapeError{Op: "sch: decode: bytes", Want: []int{d.code.PackedBytes()}, Got: []int{len(dst)}}
	}
	s := &d.code.Segmentation
	cfg := ldpc.DecoderConfig{Config: d.code.LDPC().ForLength(soft.Extent), MaxIterations: d.iterations, CRC: s.BlockCRC}
	if n := d.code.MaxIterations; n > 0 {
		cfg.MaxIterations = min(n, d.iterations)
	}
	if s.NumBlocks == 1 {
		cfg.CRC = s.TBCRC
	}
	if err := d.ldpc.Configure(cfg); err != nil {
		return BlockResult{}, fmt.Errorf("sch: decode: %w", err)
	}
	out := BlockResult{CRC: true, NumBlocks: s.NumBlocks}
	block := d.block[:(s.KPrime+7)/8]
	for r := 0; r < s.NumBlocks && out.CRC; r++ {
		res, err := d.ldpc.DecodePacked(block, soft.LLR.Row(r))
		if err != nil {
			return BlockResult{}, fmt.Errorf("sch: decode: %w", err)
		}
		out.Iterations = max(out.Iterations, res.Iterations)
		out.Sum += res.Iterations
		out.CRC = res.CRC && (!allZero(block) || saysZero(soft.LLR.Row(r), evidenceFor(s.KPrime)))
		// The payload of a code block is a whole number of bytes: TS 38.214
		// §5.1.3.2 only yields such sizes.
		dst = dst[copy(dst, block[:s.PayloadBits/8]):]
	}
	return out, nil
}

// allZero reports whether a decided block has no bit set. Every CRC holds for
// such a block and says nothing about it: see [saysZero].
func allZero(block []byte) bool {
	for _, b := range block {
		if b != 0 {
			return false
		}
	}
	return true
}

// BlockResult says how the code blocks of a transport block were decoded.
//
// The CRCs of code blocks are those of TS 38.212 §5.2.2.
type BlockResult struct {
	CRC        bool // every code block has its CRC
	Iterations int  // most LDPC iterations of a code block
	Sum        int  // LDPC iterations of all code blocks that were begun, which is what the work goes by
	NumBlocks  int  // code blocks of the transport block; decoding ends at the first that fails
}

// MeanIterations returns the LDPC iterations per code block of the transport block, to which
// those that were not begun add none: times its coded bits, the work of decoding it. It is 0
// where there are no code blocks.
func (r *BlockResult) MeanIterations() float32 {
	return float32(r.Sum) / float32(max(r.NumBlocks, 1))
}
