// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/ldpc"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ratematch"
	"github.com/neuroran/neuroran/phy/scramble"
)

// Code is everything that the coding chain of one PUSCH transmission needs;
// transmitter and receiver share it. It follows from the grant, and for a
// retransmission from the initial one too: see [Code.Continue]. It is a
// comparable value.
type Code struct {
	RNTI         uint16            // UE
	HARQProcess  int               // HARQ process
	NewData      bool              // soft bits of the process are discarded first
	TBS          int               // transport block size A, bits, without CRC
	CodedBits    int               // G, coded bits of the transmission
	NumLayers    int               // layers
	Modulation   nr.Modulation     // scheme
	RV           int               // redundancy version
	Segmentation ldpc.Segmentation // code blocks
	CInit        uint32            // initial state of the scrambling sequence
}

// NewCode returns the code of a grant, which must be valid on its carrier. The
// base graph follows the payload size and the code rate of the MCS table, never
// the effective rate. It does not allocate when it succeeds.
//
// TS 38.212 §6.2.2 and §6.2.3, TS 38.214 §6.1.4, TS 38.211 §6.3.1.1.
func NewCode(g *nr.Grant) (Code, error) {
	mcs, err := g.MCSTable.Row(g.MCSIndex)
	if err != nil {
		return Code{}, err
	}
	c := Code{
		RNTI: g.RNTI, HARQProcess: g.HARQProcess, NewData: g.NewData,
		TBS: g.TBS(), CodedBits: g.CodedBits(), NumLayers: g.NumLayers,
		Modulation: mcs.Modulation, RV: g.RV,
		CInit: scramble.PUSCHInit(g.RNTI, g.NID),
	}
	c.Segmentation, err = ldpc.Segment(c.TBS, ldpc.Select(c.TBS, mcs.Rate.Float()))
	if err != nil {
		return Code{}, fmt.Errorf("pusch: %w", err)
	}
	return c, nil
}

// Continue makes c the code of a retransmission of a transport block that was
// first sent with tbs bits on base graph g: the base graph follows the rate of
// the initial transmission, and the retransmission's own MCS may lie on the
// other side of a limit. It does nothing for new data or another size, and does
// not allocate when it succeeds.
//
// TS 38.212 §6.2.2.
func (c *Code) Continue(tbs int, g ldpc.BaseGraph) error {
	if c.NewData || c.TBS != tbs || c.Segmentation.BaseGraph == g {
		return nil
	}
	s, err := ldpc.Segment(tbs, g)
	if err != nil {
		return fmt.Errorf("pusch: retransmission: %w", err)
	}
	c.Segmentation = s
	return nil
}

// BlockBits returns E_r, the coded bits of code block r (TS 38.212 §5.4.2.1).
func (c *Code) BlockBits(r int) int {
	return ratematch.BlockBits(c.CodedBits, c.Segmentation.NumBlocks, r, c.NumLayers, c.Modulation.BitsPerSymbol())
}

// LDPC returns the code of each code block, with all rows of the base graph.
func (c *Code) LDPC() ldpc.Config {
	return c.Segmentation.Config()
}

// RateMatch returns the circular buffer of each code block. The buffer is not
// limited (TS 38.212 §5.4.2.1 with I_LBRM = 0).
func (c *Code) RateMatch() ratematch.Config {
	s := &c.Segmentation
	return ratematch.Config{
		BaseGraph: int(s.BaseGraph), Z: s.Z, Filler: s.Filler,
		RV: c.RV, BitsPerSymbol: c.Modulation.BitsPerSymbol(),
	}
}

// PackedBytes returns the size of the transport block with its CRC, in bytes.
func (c *Code) PackedBytes() int { return (c.TBS + c.Segmentation.TBCRC.Len()) / 8 }

// CheckTransportBlock reports whether the CRC at the end of a packed transport
// block of [Code.PackedBytes] holds. It does not allocate.
//
// TS 38.212 §6.2.1.
func (c *Code) CheckTransportBlock(packed []byte) bool {
	return c.Segmentation.TBCRC.CheckPacked(packed, c.TBS+c.Segmentation.TBCRC.Len())
}
