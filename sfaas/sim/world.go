// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
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
	cur    *seat // whose handler runs
	eff    []core.Effect
	calls  map[uint64]*callResult
	nextID uint64
	lost   uint64
	ways   []time.Duration // from node to node, see between
	paused bool            // a snapshot is being taken
	halted bool
}

// seat is one core of a node and what the loop knows about it.
type seat struct {
	node  *Node
	core  *core.Core
	self  core.Endpoint
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
	w.faults = make([]*Fault, len(w.edges))
	for i := range w.edges {
		for j := range cfg.Faults {
			if f := &w.cfg.Faults[j]; f.matches(&w.edges[i]) {
				w.faults[i] = f
			}
		}
	}
	for i := range cfg.Nodes {
		n := &Node{w: w, id: sfaas.NodeID(i + 1)}
		n.set = w.settings(n.id, opts)
		w.nodes = append(w.nodes, n)
		if err := n.start(); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	return w, nil
}

// settings returns what the options say for one node, and what the world says.
func (w *World) settings(id sfaas.NodeID, opts []sfaas.Option) *core.Settings {
	set := core.NewSettings()
	for _, o := range opts {
		o.Apply(set)
	}
	set.Workers, set.Node, set.Engine = w.cfg.Cores, id, w.engine
	set.Bugs = w.cfg.Bugs
	set.Clock, set.ForeignClock = func() sfaas.Time { return w.now }, true
	if id > 1 {
		set.Standby = 1
	}
	for i, f := range w.faults {
		if f != nil {
			set.Cut[w.edges[i].ID] = true
			set.Lossy, set.LinkTimeout = true, 10*w.cfg.Link+2*w.cfg.Spread+w.slowest()
		}
	}
	return set
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
	if err := to.cores.Expect(f.Name(), core.Directly); err != nil {
		ended(errors.Join(err, to.cores.Arrived(f.Name(), true, core.Directly)))
		return
	}
	t := core.NewTransfer(f.Name(), key, w.now, core.Endpoint{Node: from.id, Core: group}, core.Endpoint{Node: to.id, Core: group},
		func(_ *core.Transfer, err error) {
			ended(errors.Join(err, to.cores.Arrived(f.Name(), true, core.Directly), from.cores.Arrived(f.Name(), false, core.Directly)))
		})
	w.post(w.now, t.From, core.Event{Kind: core.EventFence, Transfer: t})
}
