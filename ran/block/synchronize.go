// SPDX-License-Identifier: Apache-2.0

package block

import "github.com/neuroran/neuroran/sfaas"

// NewSynchronize returns the function that measures delay and carrier offset of
// each UE of a PRB group on its DM-RS, with the synchronizer of a meter; name tells
// algorithms apart in the function's digest.
func NewSynchronize(cfg Config, name string, meter Meter) sfaas.Fn[Pilots, Aligned] {
	return sfaas.Define(StageSynchronize.String(), func(c *sfaas.Ctx, out *Aligned, in *Pilots) error {
		out.Mark(c, StageSynchronize, &in.Trace)
		s := meter.Get(c).Synchronizer
		if err := s.Configure(&in.Group); err != nil {
			return err
		}
		out.Group, out.Priors = in.Group, in.Priors
		out.RE.CopyFrom(&in.RE)
		return s.Estimate(&out.Offsets, &in.Pilots)
	}, sfaas.FunctionConfig{Params: cfg.params(name)}, meter)
}
