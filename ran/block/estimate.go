// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/sfaas"
)

// NewEstimate returns the function that estimates the channel of a PRB group,
// and noise and interference, from its DM-RS. Open makes one estimator for each
// worker; name tells algorithms apart in the function's digest.
func NewEstimate(cfg Config, name string, open func() (pusch.Estimator, error)) sfaas.Fn[Aligned, Channel] {
	scratch := sfaas.NewScratch("estimator", open, closer[pusch.Estimator])
	return sfaas.Define(StageEstimate.String(), func(c *sfaas.Ctx, out *Channel, in *Aligned) error {
		out.Mark(c, StageEstimate, &in.Trace)
		e := scratch.Get(c)
		if err := e.Configure(&in.Group); err != nil {
			return err
		}
		return e.Estimate(&out.Channel, &in.Pilots, &in.Offsets)
	}, sfaas.Config{Params: params{cfg, name}}, scratch)
}
