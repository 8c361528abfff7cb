// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// World is one simulation. It is for one goroutine.
type World struct {
	cfg        Config
	app        *sfaas.App
	nodes      []*Node
	now        sfaas.Time
	queue      schedule
	random     *rand.Rand
	edges      []sfaas.EdgeInfo
	faults     []*Fault // by edge, nil: none
	hist       history
	engine     *engine
	cur        *seat // whose handler runs
	eff        []core.Effect
	calls      map[uint64]*callResult
	nextID     uint64
	lost       uint64
	breakCount uint64
	ways       []time.Duration // from node to node, see arrival
	newest     []sfaas.Time    // arrival of what was sent last, the same way
	broken     []sfaas.Time    // until when nothing arrives, the same way
	held       bool            // a snapshot is being taken: no handler runs
	halted     bool
	bound      uint64 // events after which it is halted, 0 for none
	onBound    func()
	owners     map[twoOwners]sfaas.NodeID
	frames     base.FramePool
	late       []lateImage
	apart      []*apart
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
		cfg: cfg, app: app, edges: app.Edges(), calls: map[uint64]*callResult{}, owners: map[twoOwners]sfaas.NodeID{},
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
	w.newest, w.broken = make([]sfaas.Time, len(w.ways)), make([]sfaas.Time, len(w.ways))
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
		if cfg.Disks {
			n.storage = &storage{disk: NewDisk(cfg.Log)}
			n.storage.disk.gap = cfg.Bugs.SnapshotGap()
			n.set.Engine, n.set.OwnSealer = n.storage.disk, false
		}
		w.nodes = append(w.nodes, n)
		if err := n.start(); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	for _, n := range w.nodes {
		if err := w.link(n); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	return w, nil
}

// link lets the cores of a node and those of all others know each other, once the number of
// the node's life may be shown.
func (w *World) link(n *Node) error {
	for _, x := range w.nodes {
		if x == n || x.down || n.down {
			continue
		}
		if w.cfg.Bytes {
			if err := errors.Join(n.meet(x), x.meet(n)); err != nil {
				return err
			}
		}
		if n.silent {
			w.postAll(x, w.now, core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: n.id}, Err: sfaas.ErrUnlinked})
		}
		switch shown := max(n.shown, x.shown); {
		case shown <= w.now:
			w.greet(n, x)
		case !w.areApart(n, x):
			w.part(n, x, shown)
		}
	}
	n.silent = false
	return nil
}

// settings returns what the options say for one node, and what the world says.
func (w *World) settings(id sfaas.NodeID, opts []sfaas.Option) *core.Settings {
	set := core.NewSettings()
	for _, o := range opts {
		o.Apply(set)
	}
	set.Workers, set.Node, set.Engine, set.Incarnation = w.cfg.Cores, id, w.engine, 0
	set.Clock, set.ForeignClock = func() sfaas.Time { return w.now }, true
	set.Bugs, set.Translate = w.cfg.Bugs, state.Translate
	if set.Owner == 0 {
		set.Owner = 1
	}
	if w.cfg.Rows > 0 {
		set.ImportBytes = w.cfg.Rows
	}
	return set
}

// Node returns node i, from 0.
func (w *World) Node(i int) *Node { return w.nodes[i] }

// Now returns the virtual time since the start.
func (w *World) Now() sfaas.Time { return w.now }

// Lost returns how many messages of edges without a promise the network has lost.
func (w *World) Lost() uint64 { return w.lost }

// Breaks returns how often a connection between two nodes has broken.
func (w *World) Breaks() uint64 { return w.breakCount }

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

// Move brings the unit of a function under a key from one node to another; done,
// which may be nil, gets the outcome.
func (w *World) Move(from, to *Node, f sfaas.Function, key sfaas.Key, done func(error)) {
	u, err := w.app.Unit(f.Name(), key)
	if err != nil {
		w.moved(u, to, err, done)
		return
	}
	w.MoveUnit(from, to, u, sfaas.MoveConfig{}, done)
}

// MoveUnit brings a unit from one node to another; done, which may be nil, gets
// the outcome.
func (w *World) MoveUnit(from, to *Node, u sfaas.Unit, cfg sfaas.MoveConfig, done func(error)) {
	id, err := w.app.Plan().Unit(u)
	if err != nil {
		w.moved(u, to, err, done)
		return
	}
	there := to.cores // of this incarnation
	if err := there.Expect(id.Part, core.Directly); err != nil {
		w.moved(u, to, errors.Join(err, there.Arrived(id.Part, true, core.Directly)), done)
		return
	}
	here := from.cores
	m := core.NewMove(u, from.id, to.id, cfg.Mode, w.now, func(_ *core.Move, err error) {
		w.moved(u, to, errors.Join(err, there.Arrived(id.Part, true, core.Directly), here.Arrived(id.Part, false, core.Directly)), done)
	})
	if m.History = sfaas.Slot(cfg.History); m.History == 0 {
		m.History = id.Part.History()
	}
	m.Slot = cfg.Slot
	w.post(w.now, core.Endpoint{Node: from.id, Core: int(u.Root.KeyGroup())}, m.Event())
}

func (w *World) moved(u sfaas.Unit, to *Node, err error, done func(error)) {
	w.hist.note(w.now, fmt.Sprintf("moved %v to node %d: %v", u, to.id, err))
	if done != nil {
		done(err)
	}
}

// Claim lets a node take over a soft unit under an epoch, as sfaas.Runtime.Claim does;
// done gets the outcome.
func (w *World) Claim(n *Node, u sfaas.Unit, epoch uint32, done func(error)) {
	ev := core.ClaimEvent(sfaas.Route{Unit: u, Owner: n.id, Epoch: epoch}, func(err error) {
		w.hist.note(w.now, fmt.Sprintf("claim of %v by node %d: %v", u, n.id, err))
		done(err)
	})
	w.post(w.now, core.Endpoint{Node: n.id, Core: int(u.Root.KeyGroup())}, ev)
}

// Release lets nobody own a soft unit under an epoch, as sfaas.Runtime.Release does, and any
// node says so; done gets the outcome.
func (w *World) Release(n *Node, u sfaas.Unit, epoch uint32, done func(error)) {
	ev := core.ReleaseEvent(sfaas.Route{Unit: u, Epoch: epoch}, func(err error) {
		w.hist.note(w.now, fmt.Sprintf("release of %v by node %d: %v", u, n.id, err))
		done(err)
	})
	w.post(w.now, core.Endpoint{Node: n.id, Core: int(u.Root.KeyGroup())}, ev)
}

// Resign lets a node pass on the units of a part that have no route, as
// sfaas.Runtime.Leave does; done gets the outcome, and the routes of the units that
// stay.
func (w *World) Resign(from, to *Node, part string, done func(used []sfaas.Route, err error)) {
	p := w.app.Plan().PartOf(part)
	there, here := to.cores, from.cores // of this incarnation
	if err := there.Expect(p, core.Directly); err != nil {
		done(nil, errors.Join(err, there.Arrived(p, true, core.Directly)))
		return
	}
	ev := core.ResignEvent(part, from.id, to.id, func(used []sfaas.Route, err error) {
		err = errors.Join(err, there.Arrived(p, true, core.Directly), here.Arrived(p, false, core.Directly))
		w.hist.note(w.now, fmt.Sprintf("rest of %s from node %d to node %d: %v", part, from.id, to.id, err))
		done(used, err)
	})
	w.post(w.now, core.Endpoint{Node: from.id, Core: int(sfaas.Key{}.KeyGroup())}, ev)
}
