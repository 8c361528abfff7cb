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
	Fn     sfaas.Fn[Symbols, LLRs]    // the function
	Grants sfaas.Controller[nr.Grant] // under [HARQKey]
}

// scheme is the state of demapping: the modulation, and the slot of its grant.
type scheme struct {
	Slot       sfaas.Slot
	Modulation nr.Modulation
}

// NewDemap returns the function that turns symbols into soft bits. Its state is
// the modulation scheme. Open makes one demapper for each worker; name tells
// algorithms apart in the function's digest.
func NewDemap(cfg Config, name string, open func() (modem.Demapper, error)) Demapper {
	cell := sfaas.NewValue[scheme]("modulation", sfaas.Volatile, sfaas.TTL(forgetAfter))
	scratch := sfaas.NewScratch("demapper", open, closer[modem.Demapper])
	f := sfaas.Define(StageDemap.String(), func(c *sfaas.Ctx, out *LLRs, in *Symbols) error {
		s := cell.View(c)
		if s == nil || s.Slot != c.Slot() {
			return errNoGrant
		}
		out.Mark(c, StageDemap, &in.Trace)
		out.Code = in.Code
		return pusch.Demap(&out.LLRs, scratch.Get(c), &in.Symbols, s.Modulation)
	}, sfaas.FunctionConfig{Params: cfg.params(name)}, cell, scratch)
	port := sfaas.OnControl(f, func(c *sfaas.Ctx, g *nr.Grant) error {
		mcs, err := g.MCSTable.Row(g.MCSIndex)
		if err != nil {
			return err
		}
		cell.Set(c, scheme{c.Slot(), mcs.Modulation})
		return nil
	})
	return Demapper{f, port}
}
