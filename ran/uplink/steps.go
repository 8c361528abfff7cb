// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/ran/block"
)

// steps returns the functions of the receiver: those that stand in the place of its
// own, and its own for the rest. A neural demapper works over networks, which stay
// open as long as the functions are in use.
func (c *Config) steps(networks *neural.Networks) (Steps, error) {
	name, a, err := c.algorithms()
	if err != nil {
		return Steps{}, err
	}
	cfg, limits := c.Config, c.Limits()
	meter := block.NewMeter(func() (pusch.Meter, error) { return a.NewMeter(limits) })
	demapper := name
	newDemapper := a.NewDemapper
	if networks != nil {
		demapper = "llrnet"
		newDemapper = func() (modem.Demapper, error) {
			d, err := networks.NewDemapper()
			if err != nil {
				return nil, err
			}
			return d, nil
		}
	}
	s := c.Steps
	setDefault(&s.Demodulate, s.Demodulate.Defined(), block.NewDemodulate(cfg))
	setDefault(&s.Extract, s.Extract.Fn.Defined(), block.NewExtract(cfg))
	setDefault(&s.Synchronize, s.Synchronize.Defined(), block.NewSynchronize(cfg, name, meter))
	setDefault(&s.Estimate, s.Estimate.Defined(), block.NewEstimate(cfg, name, meter))
	setDefault(&s.Equalize, s.Equalize.Defined(),
		block.NewEqualize(cfg, name, func() (pusch.Equalizer, error) { return a.NewEqualizer(limits) }))
	setDefault(&s.Demap, s.Demap.Fn.Defined(), block.NewDemap(cfg, demapper, newDemapper))
	setDefault(&s.Recover, s.Recover.Defined(), block.NewRecover(cfg))
	setDefault(&s.Decode, s.Decode.Fn.Defined(), block.NewDecode(cfg))
	setDefault(&s.CheckCRC, s.CheckCRC.Defined(), block.NewCheckCRC(cfg))
	return s, nil
}

// setDefault makes x the function that stands for none.
func setDefault[F any](x *F, defined bool, otherwise F) {
	if !defined {
		*x = otherwise
	}
}
