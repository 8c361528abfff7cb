// SPDX-License-Identifier: Apache-2.0

package sch

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/ldpc"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ratematch"
)

// Code is everything that the coding chain needs to know of one transmission;
// encoder and decoder share it. It is a comparable value.
//
// The base graph follows the size and the code rate of the initial transmission
// ([Code.Begin]); a retransmission continues it ([Code.Continue]).
type Code struct {
	RNTI          uint16            // UE
	HARQProcess   int               // HARQ process
	NewData       bool              // soft bits of the process are discarded first
	TBS           int               // transport block size A, bits, without CRC; 0 until it is known
	CodedBits     int               // G, coded bits of the transmission
	NumLayers     int               // layers that the codeword is mapped to
	Modulation    nr.Modulation     // scheme
	RV            int               // redundancy version
	TBSLBRM       int               // TBS_LBRM, bits, which limits the circular buffer; 0 for a full one
	Segmentation  ldpc.Segmentation // code blocks
	MaxIterations int               // LDPC iterations of a code block at most, where the decoder makes more; 0 for as many as it does
	CInit         uint32            // initial state of the scrambling sequence (TS 38.211 §6.3.1.1, §7.3.1.1)
}

// Initial is what a retransmission must know of the initial transmission of its
// transport block. The zero value stands for none. It is a comparable value.
//
// TS 38.214 §6.1.4.2 takes the size from the initial transmission, TS 38.212 §6.2.2 the
// base graph.
type Initial struct {
	TBS       int            // transport block size, bits
	BaseGraph ldpc.BaseGraph // base graph of its code blocks
}

// Begin makes c the code of a transport block of tbs bits whose MCS has the
// given code rate: it selects the base graph and cuts the block into code
// blocks. The rate is that of the MCS table, never the effective one. Begin
// does not allocate when it succeeds.
//
// TS 38.212 §6.2.2, §6.2.3, §7.2.2 and §7.2.3.
func (c *Code) Begin(tbs int, rate nr.CodeRate) error {
	return c.segment(Initial{tbs, ldpc.Select(tbs, rate.Float())})
}

// Continue makes c the code of a retransmission of the transport block that
// began with first. The base graph follows the rate of the initial transmission,
// and the retransmission's own MCS may lie on the other side of a limit. The size
// is that of the initial transmission too where c has none, as with a reserved
// MCS; it remains unknown when first is the zero value. Continue does nothing for
// new data or another size, and does not allocate when it succeeds.
//
// TS 38.212 §6.2.2 and §7.2.2, TS 38.214 §5.1.3.2 and §6.1.4.2.
func (c *Code) Continue(first Initial) error {
	if c.NewData || first.TBS == 0 || c.Initial() == first || c.TBS != 0 && c.TBS != first.TBS {
		return nil
	}
	return c.segment(first)
}

// Initial returns what a retransmission of the transport block must know.
func (c *Code) Initial() Initial { return Initial{c.TBS, c.Segmentation.BaseGraph} }

// segment cuts the transport block into code blocks.
func (c *Code) segment(first Initial) error {
	s, err := ldpc.Segment(first.TBS, first.BaseGraph)
	if err != nil {
		return fmt.Errorf("sch: %w", err)
	}
	c.TBS, c.Segmentation = first.TBS, s
	return nil
}

// BlockBits returns E_r, the coded bits of code block r (TS 38.212 §5.4.2.1).
func (c *Code) BlockBits(r int) int {
	return ratematch.BlockBits(c.CodedBits, c.Segmentation.NumBlocks, r, c.NumLayers, c.Modulation.BitsPerSymbol())
}

// LDPC returns the code of each code block, with all rows of the base graph.
func (c *Code) LDPC() ldpc.Config { return c.Segmentation.Config() }

// RateMatch returns the circular buffer of each code block, which limited-buffer
// rate matching may shorten to N_ref = ⌊TBS_LBRM / (C·R_LBRM)⌋ with R_LBRM = 2/3.
//
// TS 38.212 §5.4.2.1.
func (c *Code) RateMatch() ratematch.Config {
	s := &c.Segmentation
	cfg := ratematch.Config{
		BaseGraph: int(s.BaseGraph), Z: s.Z, Filler: s.Filler,
		RV: c.RV, BitsPerSymbol: c.Modulation.BitsPerSymbol(),
	}
	if c.TBSLBRM > 0 && s.NumBlocks > 0 {
		cfg.Ncb = min(cfg.N(), 3*c.TBSLBRM/(2*s.NumBlocks))
	}
	return cfg
}

// PackedBytes returns the size of the transport block with its CRC, in bytes.
func (c *Code) PackedBytes() int { return (c.TBS + c.Segmentation.TBCRC.Len()) / 8 }

// CheckTransportBlock reports whether the CRC at the end of a packed transport
// block of [Code.PackedBytes] holds. It does not allocate.
//
// TS 38.212 §6.2.1 and §7.2.1.
func (c *Code) CheckTransportBlock(packed []byte) bool {
	return c.Segmentation.TBCRC.CheckPacked(packed, c.TBS+c.Segmentation.TBCRC.Len())
}
