// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// fill completes the steps of a chain with the defaults of its receiver, whose
// model-driven blocks run the algorithms; name tells them apart.
func (s *steps) fill(cfg block.Config, name string, a pusch.Algorithms) {
	limits := cfg.Limits()
	meter := block.NewMeter(func() (pusch.Meter, error) { return a.NewMeter(limits) })
	setDefault(&s.demodulate, func() sfaas.Fn[nr.Baseband, block.Grid] { return block.NewDemodulate(cfg) })
	setDefault(&s.extract, func() block.Extractor { return block.NewExtract(cfg) })
	setDefault(&s.synchronise, func() sfaas.Fn[block.Pilots, block.Aligned] {
		return block.NewSynchronise(cfg, name, meter)
	})
	setDefault(&s.estimate, func() sfaas.Fn[block.Aligned, block.Channel] {
		return block.NewEstimate(cfg, name, meter)
	})
	setDefault(&s.equalize, func() sfaas.Fn2[block.Data, block.Channel, block.Symbols] {
		return block.NewEqualize(cfg, name, func() (pusch.Equalizer, error) { return a.NewEqualizer(limits) })
	})
	setDefault(&s.demap, func() block.Demapper { return block.NewDemap(cfg, name, a.NewDemapper) })
	setDefault(&s.recover, func() sfaas.Fn[block.LLRs, block.SoftBits] { return block.NewRecover(cfg) })
	setDefault(&s.decode, func() block.Decoder { return block.NewDecode(cfg) })
	setDefault(&s.check, func() sfaas.Fn[block.Bits, block.TransportBlock] { return block.NewCheckCRC(cfg) })
}

func setDefault[T any](p **T, make func() T) {
	if *p == nil {
		f := make()
		*p = &f
	}
}
