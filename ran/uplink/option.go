// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/track"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// Option replaces a part of the chain.
type Option interface {
	apply(s *steps)
}

type option func(s *steps)

func (o option) apply(s *steps) { o(s) }

// steps are the functions of a chain; nil stands for the default.
type steps struct {
	receiver  string
	networks  neural.Config
	onSymbols func(*block.Symbols)
	tracking  *track.Config

	demodulate  *sfaas.Fn[nr.Baseband, block.Grid]
	extract     *block.Extractor
	synchronise *sfaas.Fn[block.Pilots, block.Aligned]
	estimate    *sfaas.Fn[block.Aligned, block.Channel]
	equalize    *sfaas.Fn2[block.Data, block.Channel, block.Symbols]
	demap       *block.Demapper
	recover     *sfaas.Fn[block.LLRs, block.SoftBits]
	decode      *block.Decoder
	check       *sfaas.Fn[block.Bits, block.TransportBlock]
}

// WithReceiver selects the algorithms of all steps that are not replaced one by
// one: "ls", "lmmse" (the default) or "neural", see [New].
func WithReceiver(name string) Option { return option(func(s *steps) { s.receiver = name }) }

// WithTracking follows delay, carrier offset, Doppler frequency and power delay
// profile of each UE over slots, and tells synchronisation and estimation before a
// slot what to expect in it. It helps where a slot says little by itself: few PRBs,
// low SNR. [track.DefaultConfig] is a good choice.
func WithTracking(c track.Config) Option { return option(func(s *steps) { s.tracking = &c }) }

// WithDemodulate replaces the function from samples to grid.
func WithDemodulate(f sfaas.Fn[nr.Baseband, block.Grid]) Option {
	return option(func(s *steps) { s.demodulate = &f })
}

// WithExtract replaces the function from grid to PDUs.
func WithExtract(e block.Extractor) Option { return option(func(s *steps) { s.extract = &e }) }

// WithSynchronise replaces the function that measures delay and carrier offset.
func WithSynchronise(f sfaas.Fn[block.Pilots, block.Aligned]) Option {
	return option(func(s *steps) { s.synchronise = &f })
}

// WithEstimate replaces the function from pilots to channel.
func WithEstimate(f sfaas.Fn[block.Aligned, block.Channel]) Option {
	return option(func(s *steps) { s.estimate = &f })
}

// WithEqualize replaces the function from data and channel to symbols. It is
// made by [sfaas.DefineEach2] and emits the symbols of each UE under its
// [block.HARQKey].
func WithEqualize(f sfaas.Fn2[block.Data, block.Channel, block.Symbols]) Option {
	return option(func(s *steps) { s.equalize = &f })
}

// WithDemap replaces the function from symbols to soft bits.
func WithDemap(d block.Demapper) Option { return option(func(s *steps) { s.demap = &d }) }

// WithRecover replaces the function that takes scrambling and rate matching
// back.
func WithRecover(f sfaas.Fn[block.LLRs, block.SoftBits]) Option {
	return option(func(s *steps) { s.recover = &f })
}

// WithDecode replaces the function from soft bits to bits.
func WithDecode(d block.Decoder) Option { return option(func(s *steps) { s.decode = &d }) }

// WithCheckCRC replaces the function from bits to transport block.
func WithCheckCRC(f sfaas.Fn[block.Bits, block.TransportBlock]) Option {
	return option(func(s *steps) { s.check = &f })
}

// WithSymbols lets f see the equalised symbols of every transmission. Several
// workers call it at once; the symbols are read-only and valid until it returns.
func WithSymbols(f func(*block.Symbols)) Option { return option(func(s *steps) { s.onSymbols = f }) }
