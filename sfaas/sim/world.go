// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// World is one simulation. It is for one goroutine.
type World struct {
	cfg    Config
	app    *sfaas.App
	nodes  []*Node
	now    sfaas.Time
	queue  schedule
	random *rand.Rand
	edges  []sfaas.EdgeInfo
	faults []*Fault // by edge, nil: none
	hist   history
	engine *engine
	cur    *core // whose handler runs
	eff    []sfaas.Effect
	calls  map[uint64]*callResult
	nextID uint64
	lost   uint64
	ways   []time.Duration  // from node to node, see between
	opts   [][]sfaas.Option // by node
	paused bool             // a snapshot is being taken
}

// core is one core of a node and what the loop knows about it.
type core struct {
	node  *Node
	core  *sfaas.Core
	self  sfaas.Endpoint
	busy  sfaas.Time // end of the running handler
	runs  bool       // an EventRun is scheduled
	alarm sfaas.Time
}

// New returns a world in which app is ready to run. Options are as for a
// runtime; those of workers, nodes, engine and clock belong to the world.
func New(app *sfaas.App, cfg Config, opts ...sfaas.Option) (*World, error) {
	cfg.Nodes, cfg.Cores = max(cfg.Nodes, 1), max(cfg.Cores, 1)
	if cfg.Link <= 0 {
		cfg.Link = 10 * time.Microsecond
	}
	w := &World{
		cfg: cfg, app: app, edges: app.Edges(), calls: map[uint64]*callResult{},
		random: rand.New(rand.NewPCG(cfg.Seed, 0x5fa5)),
	}
	w.engine = newEngine(w)
	for range cfg.Nodes * cfg.Nodes {
		way := cfg.Link
		if cfg.Spread > 0 {
			way += time.Duration(w.random.Int64N(int64(cfg.Spread)))
		}
		w.ways = append(w.ways, way)
	}
	w.hist.hash.Reset()
	w.hist.keep = cfg.Trace
	var cut []sfaas.EdgeID
	w.faults = make([]*Fault, len(w.edges))
	for i := range w.edges {
		for j := range cfg.Faults {
			if f := &w.cfg.Faults[j]; f.matches(&w.edges[i]) {
				w.faults[i] = f
			}
		}
		if w.faults[i] != nil {
			cut = append(cut, w.edges[i].ID)
		}
	}
	for i := range cfg.Nodes {
		all := append([]sfaas.Option{}, opts...)
		all = append(all, sfaas.WithWorkers(cfg.Cores), sfaas.WithNode(sfaas.NodeID(i+1)), sfaas.WithEngine(w.engine),
			sfaas.WithCut(cut...), sfaas.WithClock(func() sfaas.Time { return w.now }))
		if len(cut) > 0 {
			all = append(all, sfaas.WithLossyLinks(10*cfg.Link+2*cfg.Spread+w.slowest()))
		}
		if i > 0 {
			all = append(all, sfaas.WithStandby(1))
		}
		w.opts = append(w.opts, all)
		n := &Node{w: w, id: sfaas.NodeID(i + 1)}
		w.nodes = append(w.nodes, n)
		if err := n.start(); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	return w, nil
}

// slowest returns twice the longest delay of the network.
func (w *World) slowest() time.Duration {
	var d time.Duration
	for _, f := range w.cfg.Faults {
		d = max(d, 2*(f.Delay+f.Jitter))
	}
	return d
}

// Node returns node i, from 0.
func (w *World) Node(i int) *Node { return w.nodes[i] }

// Now returns the virtual time since the start.
func (w *World) Now() sfaas.Time { return w.now }

// Lost returns how many messages the network has lost.
func (w *World) Lost() uint64 { return w.lost }

// Close closes the resources of all nodes.
func (w *World) Close() error {
	var errs []error
	for _, n := range w.nodes {
		if n.cores != nil {
			errs = append(errs, n.cores.Close())
		}
	}
	return errors.Join(errs...)
}

// At lets f run at a moment of the virtual clock, between two events. It may
// push, move and schedule more.
func (w *World) At(t sfaas.Time, f func()) {
	w.queue.push(entry{at: max(t, w.now), call: f})
}

// Move brings the key group of key of one function from one node to another;
// done, which may be nil, gets the outcome.
func (w *World) Move(from, to *Node, f sfaas.Function, key sfaas.Key, done func(error)) {
	group := int(key.KeyGroup()) % w.cfg.Cores
	ended := func(err error) {
		w.hist.note(w.now, fmt.Sprintf("moved %s group of %v to node %d: %v", f.Name(), key, to.id, err))
		if done != nil {
			done(err)
		}
	}
	if err := to.cores.Expect(f); err != nil {
		ended(errors.Join(err, to.cores.Arrived(f, true)))
		return
	}
	t := sfaas.NewTransfer(f, key, w.now, sfaas.Endpoint{Node: from.id, Core: group}, sfaas.Endpoint{Node: to.id, Core: group},
		func(_ *sfaas.Transfer, err error) {
			ended(errors.Join(err, to.cores.Arrived(f, true), from.cores.Arrived(f, false)))
		})
	w.post(w.now, t.From, sfaas.Event{Kind: sfaas.EventFence, Transfer: t})
}
