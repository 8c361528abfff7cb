// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/phy/scramble"
)

// NewCode returns the code of a grant, which must be valid on its carrier. It
// is that of an initial transmission: [sch.Code.Continue] makes it that of a
// retransmission. With a reserved MCS, which only a retransmission has, the
// transport block is not known until then. NewCode does not allocate when it
// succeeds.
//
// TS 38.212 §6.2.2 and §6.2.3, TS 38.214 §6.1.4, TS 38.211 §6.3.1.1.
func NewCode(g *nr.Grant) (sch.Code, error) {
	mcs, err := g.MCSTable.Row(g.MCSIndex)
	if err != nil {
		return sch.Code{}, err
	}
	c := sch.Code{
		RNTI: g.RNTI, HARQProcess: g.HARQProcess, NewData: g.NewData,
		CodedBits: g.CodedBits(), NumLayers: g.NumLayers,
		Modulation: mcs.Modulation, RV: g.RV, TBSLBRM: g.TBSLBRM, MaxIterations: g.MaxIterations,
		CInit: scramble.PUSCHInit(g.RNTI, g.NID),
	}
	if mcs.Reserved() {
		return c, nil
	}
	if err := c.Begin(g.TBS(), mcs.Rate); err != nil {
		return sch.Code{}, fmt.Errorf("pusch: %w", err)
	}
	return c, nil
}
