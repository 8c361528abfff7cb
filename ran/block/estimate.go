// SPDX-License-Identifier: Apache-2.0

package block

import "github.com/neuroran/neuroran/sfaas"

// NewEstimate returns the function that estimates the channel of a PRB group,
// and noise and interference, from its DM-RS, with the estimator of a meter; name
// tells algorithms apart in the function's digest.
func NewEstimate(cfg Config, name string, meter Meter) sfaas.Fn[Aligned, Channel] {
	return sfaas.Define(StageEstimate.String(), func(c *sfaas.Ctx, out *Channel, in *Aligned) error {
		out.Mark(c, StageEstimate, &in.Trace)
		e := meter.Get(c).Estimator
		if err := e.Configure(&in.Group); err != nil {
			return err
		}
		return e.Estimate(&out.Channel, &in.Pilots, &in.Offsets)
	}, sfaas.FunctionConfig{Params: cfg.params(name)}, meter)
}
