// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// NewDistribute returns the function that hands the grants of a cell's schedule
// to the HARQ processes that they are for. It keeps nothing.
func NewDistribute(cfg Config) sfaas.Fn[nr.Schedule, nr.Grant] {
	return sfaas.DefineEach("ran/distribute", func(c *sfaas.Ctx, out sfaas.Emitter[nr.Grant], in *nr.Schedule) error {
		for i := range in.Grants {
			g := &in.Grants[i]
			*out.Add(HARQKey(c.Key(), g.RNTI, g.HARQProcess)) = *g
		}
		return nil
	}, sfaas.FunctionConfig{Params: cfg.params("")})
}
