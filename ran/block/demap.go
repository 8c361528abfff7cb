// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/sfaas"
)

// Demapper is the function from symbols to soft bits with its control port.
type Demapper struct {
	Fn     sfaas.Fn[Symbols, LLRs]
	Grants sfaas.Controller[Schedule] // the UE's schedule, one a slot with a grant
}

// scheme is the state of demapping for one HARQ process: its modulation in the
// slot of its last grant.
type scheme struct {
	Slot       nr.Slot
	Modulation nr.Modulation
}

// NewDemap returns the function that turns symbols into soft bits. Its state is
// the modulation scheme, by UE; the HARQ process tells apart what one UE sends
// in one slot. Open makes one demapper for each worker; name tells algorithms
// apart in the function's digest.
func NewDemap(cfg Config, name string, open func() (modem.Demapper, error)) Demapper {
	cell := sfaas.NewMap[uint8, scheme]("modulation", sfaas.Volatile)
	scratch := sfaas.NewScratch("demapper", open, closer[modem.Demapper])
	f := sfaas.Define(StageDemap.String(), func(c *sfaas.Ctx, out *LLRs, in *Symbols) error {
		s := cell.View(c, uint8(in.Code.HARQProcess))
		if s == nil || s.Slot != in.Slot {
			return errNoGrant
		}
		out.Mark(c, StageDemap, &in.Trace)
		out.Code = in.Code
		return pusch.Demap(&out.LLRs, scratch.Get(c), &in.Symbols, s.Modulation)
	}, sfaas.Config{Params: params{cfg, name}}, cell, scratch)
	port := sfaas.OnControl(f, func(c *sfaas.Ctx, in *Schedule) error {
		for i := range in.Grants {
			g := &in.Grants[i]
			*cell.Mut(c, uint8(g.HARQProcess)) = scheme{in.Slot, g.MCS().Modulation}
		}
		return nil
	})
	return Demapper{f, port}
}
