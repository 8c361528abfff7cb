// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/sfaas"
)

// NewEqualize returns the function that joins the data of a PRB group with its
// channel and separates the layers of all its UEs. Open makes one equalizer for
// each worker; name tells algorithms apart in the function's digest.
func NewEqualize(cfg Config, name string, open func() (pusch.Equalizer, error)) sfaas.Fn2[Data, Channel, Detected] {
	scratch := sfaas.NewScratch("equalizer", open, closer[pusch.Equalizer])
	return sfaas.Define2(StageEqualize.String(), func(c *sfaas.Ctx, out *Detected, data *Data, ch *Channel) error {
		out.Mark(c, StageEqualize, &ch.Trace)
		out.NumUEs, out.Codes = data.Group.NumUEs, data.Codes
		return scratch.Get(c).Equalize(out.UEs[:out.NumUEs], nr.ViewOf(&data.RE), &ch.Channel)
	}, sfaas.Config{Params: params{cfg, name}}, scratch)
}

// NewSeparate returns the function that hands the symbols of each UE of a PRB
// group to the HARQ process that they are for.
func NewSeparate(cfg Config) sfaas.Fn[Detected, Symbols] {
	return sfaas.DefineEach(StageSeparate.String(), separate, sfaas.Config{Params: params{cfg, ""}})
}

func separate(c *sfaas.Ctx, out sfaas.Emitter[Symbols], in *Detected) error {
	cell := c.Key().Parent()
	for u := range in.NumUEs {
		from := &in.UEs[u]
		to := out.Add(HARQKey(cell, from.RNTI, in.Codes[u].HARQProcess))
		to.Mark(c, StageSeparate, &in.Trace)
		to.Code = in.Codes[u]
		to.Slot, to.RNTI, to.Quality = from.Slot, from.RNTI, from.Quality
		to.Z.CopyFrom(&from.Z)
		to.NoiseVar.CopyFrom(&from.NoiseVar)
	}
	return nil
}
