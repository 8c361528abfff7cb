// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// Chain is an uplink receiver: a built graph with its ways in and out. It serves any
// number of cells at once, each under a key of its own. It is immutable and may run
// on any number of runtimes; Close it after them.
type Chain struct {
	Config block.Config // as given to [New], without the identity of a cell
	App    *sfaas.App   // the graph

	// Slots takes the samples of a slot under the key of the cell, see [block.CellKey].
	Slots sfaas.Input[nr.Baseband]
	// Grants takes the schedule of a slot under the key of the cell. A slot without
	// transmissions has an empty one.
	Grants sfaas.Input[block.Schedule]
	// Blocks receives every transport block, whatever its CRC.
	Blocks sfaas.Output[block.TransportBlock]

	networks *neural.Networks
	outputs  []sfaas.Option // sinks that options asked for
}

// New returns the uplink chain of all carriers of one form.
//
//   - "ls": least squares, linear interpolation, LMMSE equaliser, max-log
//   - "lmmse": LMMSE estimation in frequency and time, LMMSE equaliser, max-log
//   - "neural": as "lmmse" with the neural demapper of phy/neural
//
// It returns the error of [block.Config.Validate] and [track.Config.Validate], a
// [*nr.FieldError] for another receiver, the errors of opening the neural demapper, and wiring errors
// of functions that were replaced.
func New(cfg block.Config, opts ...Option) (*Chain, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Carrier = cfg.Carrier.Form()
	s := steps{receiver: "lmmse"}
	for _, o := range opts {
		o.apply(&s)
	}
	if s.tracking != nil {
		if err := s.tracking.Validate(); err != nil {
			return nil, err
		}
	}
	model := s.receiver // whose model-driven blocks are used
	var nets *neural.Networks
	if s.receiver == "neural" {
		model = "lmmse"
		var err error
		if nets, err = s.openNetworks(); err != nil {
			return nil, err
		}
		setDefault(&s.demap, func() block.Demapper { return demapNeural(cfg, nets) })
	}
	algorithms, err := pusch.AlgorithmsOf(model)
	if err != nil {
		return nil, &nr.FieldError{Field: "receiver", Got: s.receiver, Want: "ls, lmmse or neural"}
	}
	s.fill(cfg, model, algorithms)
	chain, err := s.compose(cfg)
	if err != nil {
		return nil, err
	}
	chain.networks = nets
	return chain, nil
}

// Close releases the networks of a neural receiver. The runtimes of the chain
// must be closed before.
func (c *Chain) Close() error {
	if c.networks == nil {
		return nil
	}
	return c.networks.Close()
}

// Open starts a runtime for the chain: as [sfaas.NewRuntime], with onBlock
// called for every transport block, whatever its CRC. Several workers call it
// at once; the block is read-only and valid until it returns.
func (c *Chain) Open(onBlock func(h sfaas.Header, tb *block.TransportBlock), opts ...sfaas.Option) (*sfaas.Runtime, error) {
	all := append([]sfaas.Option{sfaas.WithOutput(c.Blocks, onBlock)}, c.outputs...)
	return sfaas.NewRuntime(c.App, append(all, opts...)...)
}

// Device returns the device of the neural demapper, "" without one.
func (c *Chain) Device() accel.Device {
	if c.networks == nil {
		return ""
	}
	return c.networks.Device()
}

// measure wires the steps from pilots to channel, in a loop with the tracker if there
// is one.
func (s *steps) measure(cfg block.Config, pilots sfaas.Stream[block.Pilots]) sfaas.Edge[block.Channel] {
	if s.tracking == nil {
		return sfaas.Apply(sfaas.Apply(pilots, *s.synchronise), *s.estimate)
	}
	tracker := block.NewTrack(cfg, *s.tracking)
	channel := sfaas.Apply(sfaas.Apply(sfaas.Apply(pilots, tracker.Fn), *s.synchronise), *s.estimate)
	sfaas.Control(sfaas.Apply(channel, block.NewSight(cfg)), tracker.Sights)
	return channel
}

// compose wires the steps.
func (s *steps) compose(cfg block.Config) (*Chain, error) {
	g := sfaas.NewGraph("uplink")
	chain := &Chain{Config: cfg, Slots: sfaas.Source[nr.Baseband](g, "slots"), Grants: sfaas.Source[block.Schedule](g, "grants")}

	grid := sfaas.Apply(chain.Slots, *s.demodulate)
	pdu := sfaas.Apply(grid, s.extract.Fn)
	pilots := sfaas.Select(pdu, func(p *block.PDU) *block.Pilots { return &p.Pilots })
	data := sfaas.Select(pdu, func(p *block.PDU) *block.Data { return &p.Data })
	channel := s.measure(cfg, pilots)
	symbols := sfaas.Apply2(data, channel, *s.equalize)
	soft := sfaas.Apply(sfaas.Apply(symbols, s.demap.Fn), *s.recover)
	blocks := sfaas.Apply(sfaas.Apply(soft, s.decode.Fn), *s.check)
	chain.Blocks = sfaas.Sink(blocks, "blocks")
	if s.onSymbols != nil {
		sink := sfaas.Sink(symbols, "symbols")
		chain.outputs = append(chain.outputs, sfaas.WithOutput(sink, func(h sfaas.Header, x *block.Symbols) {
			if !warming(h.Key) {
				s.onSymbols(x)
			}
		}))
	}

	own := sfaas.Apply(chain.Grants, block.NewDistribute(cfg))
	sfaas.Control(chain.Grants, s.extract.Grants)
	sfaas.Control(own, s.demap.Grants)
	sfaas.Control(own, s.decode.Grants)

	var err error
	chain.App, err = g.Build()
	return chain, err
}
