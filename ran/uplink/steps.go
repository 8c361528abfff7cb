// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// fill completes the steps of a chain with the defaults of its receiver, whose
// model-driven blocks are called name.
func (s *steps) fill(cfg block.Config, name string) {
	blocks := maker{name: name, limits: cfg.Limits()}
	setDefault(&s.demodulate, func() sfaas.Fn[nr.Baseband, block.Grid] { return block.NewDemodulate(cfg) })
	setDefault(&s.extract, func() block.Extractor { return block.NewExtract(cfg) })
	setDefault(&s.synchronise, func() sfaas.Fn[block.Pilots, block.Aligned] {
		return block.NewSynchronise(cfg, name, blocks.synchronizer)
	})
	setDefault(&s.estimate, func() sfaas.Fn[block.Aligned, block.Channel] {
		return block.NewEstimate(cfg, name, blocks.estimator)
	})
	setDefault(&s.equalize, func() sfaas.Fn2[block.Data, block.Channel, block.Symbols] {
		return block.NewEqualize(cfg, name, blocks.equalizer)
	})
	setDefault(&s.demap, func() block.Demapper { return block.NewDemap(cfg, name, blocks.demapper) })
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

// maker makes the blocks of a named receiver one by one, as phy/pusch composes
// them.
type maker struct {
	name   string
	limits pusch.Limits
}

func (m maker) synchronizer() (pusch.Synchronizer, error) {
	b, err := pusch.NewBlocks(m.name, m.limits)
	return b.Synchronizer, err
}

func (m maker) estimator() (pusch.Estimator, error) {
	b, err := pusch.NewBlocks(m.name, m.limits)
	return b.Estimator, err
}

func (m maker) equalizer() (pusch.Equalizer, error) {
	b, err := pusch.NewBlocks(m.name, m.limits)
	return b.Equalizer, err
}

func (m maker) demapper() (modem.Demapper, error) {
	b, err := pusch.NewBlocks(m.name, m.limits)
	return b.Demapper, err
}
