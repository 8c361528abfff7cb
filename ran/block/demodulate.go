// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/sfaas"
)

// NewDemodulate returns the function from samples to resource grid. Transform
// plans and buffers are a resource of the worker.
//
// TS 38.211 §5.3.1 and §5.4.
func NewDemodulate(cfg Config) sfaas.Fn[nr.Baseband, Grid] {
	modem := sfaas.NewScratch("ofdm", func() (*ofdm.Demodulator, error) {
		return ofdm.NewDemodulator(ofdm.Config{
			Carrier: cfg.Carrier, NumPorts: cfg.NumRx, WindowAdvance: ofdm.DefaultAdvance(cfg.Carrier),
		})
	}, nil)
	return sfaas.Define(StageDemodulate.String(), func(c *sfaas.Ctx, out *Grid, in *nr.Baseband) error {
		out.Start(c, StageDemodulate)
		return modem.Get(c).Process(&out.Grid, in)
	}, sfaas.FunctionConfig{Params: cfg.params("")}, modem)
}
