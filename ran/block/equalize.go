// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/sfaas"
)

// NewEqualize returns the function that joins the data of a PRB group with its
// channel, separates the layers of all its UEs, and sends the symbols of each UE
// to the HARQ process that they are for, see [HARQKey]. Open makes one equalizer
// for each worker; name tells algorithms apart in the function's digest.
func NewEqualize(cfg Config, name string, open func() (pusch.Equalizer, error)) sfaas.Fn[sfaas.Pair[Data, Channel], Symbols] {
	scratch := sfaas.NewScratch("equalizer", func() (*detection, error) {
		eq, err := open()
		return &detection{Equalizer: eq}, err
	}, func(d *detection) error { return closer(d.Equalizer) })
	return sfaas.DefineEach(StageEqualize.String(), func(c *sfaas.Ctx, out sfaas.Emitter[Symbols], in *sfaas.Pair[Data, Channel]) error {
		return scratch.Get(c).run(c, out, in.A, in.B)
	}, sfaas.FunctionConfig{Params: cfg.params(name)}, scratch)
}

// detection is an equalizer with the symbols of the messages that it writes.
type detection struct {
	pusch.Equalizer
	to   [nr.MaxUEs]*Symbols
	into [nr.MaxUEs]nr.Symbols
}

func (d *detection) run(c *sfaas.Ctx, out sfaas.Emitter[Symbols], data *Data, ch *Channel) error {
	cell, n := c.Key().Parent(), data.Group.NumUEs
	for u := range n {
		to := out.Add(HARQKey(cell, data.Group.UEs[u].RNTI, data.Codes[u].HARQProcess))
		to.Mark(c, StageEqualize, &ch.Trace)
		to.Code = data.Codes[u]
		d.to[u], d.into[u] = to, to.Symbols
	}
	err := d.Equalize(d.into[:n], nr.ViewOf(&data.RE), &ch.Channel)
	for u := range n {
		d.to[u].Symbols = d.into[u]
	}
	return err
}
