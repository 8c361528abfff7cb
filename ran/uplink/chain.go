// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"errors"

	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// Chain is a built graph that holds an uplink receiver, with its ways in and out. It
// serves any number of cells at once, each under a key of its own. It is immutable and
// may run on any number of runtimes; Close it after them.
type Chain struct {
	Edges
	App *sfaas.App // the graph
}

// New returns a chain that is the receiver and nothing else: [Compose] into a graph
// of its own, and [Edges.Build]. It returns the errors of both.
func New(cfg Config) (*Chain, error) {
	e, err := Compose(sfaas.NewGraph("uplink"), cfg)
	if err != nil {
		return nil, err
	}
	return e.Build()
}

// Build builds the graph into which the receiver was composed, with all that the
// program has added. It returns the wiring errors, as [sfaas.Graph.Build] does, and
// then closes the edges.
func (e *Edges) Build() (*Chain, error) {
	app, err := e.graph.Build()
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return &Chain{*e, app}, nil
}

// Open starts a runtime for the chain: as [sfaas.NewRuntime], with onBlock
// called for every transport block, whatever its CRC. Several workers call it
// at once; the block is read-only and valid until it returns.
func (c *Chain) Open(onBlock func(h sfaas.Header, tb *block.TransportBlock), opts ...sfaas.Option) (*sfaas.Runtime, error) {
	all := append([]sfaas.Option{sfaas.WithOutput(c.Out, onBlock)}, c.outputs...)
	return sfaas.NewRuntime(c.App, append(all, opts...)...)
}
