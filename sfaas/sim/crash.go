// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// settleLimit is for how long a snapshot waits for what is under way.
const settleLimit = 5 * time.Second

var errUnsettled = errors.New("sim: what is under way does not end")

// Snapshot writes the state of all nodes as sfaas.Runtime.Snapshot does for
// runtimes that are linked. Sources get [sfaas.ErrBusy], and handlers are held, while
// it runs the world until nothing is on its way but to a line; the virtual clock
// advances. It is refused with [sfaas.ErrBusy] during a move in mode Fed.
func (w *World) Snapshot() ([]byte, error) {
	w.held = true
	defer w.unblock()
	limit := w.now.Add(settleLimit)
	var cores []*core.Core
	for _, n := range w.nodes {
		cores = append(cores, n.cores.List...)
	}
	for !w.still() {
		if slices.ContainsFunc(cores, (*core.Core).Feeding) {
			return nil, sfaas.ErrBusy
		}
		if w.queue.len() == 0 || w.halted || w.now > limit {
			return nil, w.unsettled()
		}
		w.RunUntil(w.queue.first())
	}
	if slices.ContainsFunc(cores, (*core.Core).Feeding) {
		return nil, sfaas.ErrBusy
	}
	w.hist.note(w.now, "snapshot")
	return state.AppendSnapshot(nil, w.now, cores)
}

// unblock lets handlers run again.
func (w *World) unblock() {
	w.held = false
	for _, n := range w.nodes {
		for _, c := range n.list {
			w.wake(c)
		}
	}
}

// wake schedules a run of a core that has something to do.
func (w *World) wake(c *seat) {
	if c.core.Ready() && !c.runs && !c.node.down {
		c.runs = true
		w.queue.push(entry{at: max(w.now, c.busy), core: c, ev: core.Event{Kind: core.EventRun}})
	}
}

// unsettled says what the world is waiting for.
func (w *World) unsettled() error {
	for _, n := range w.nodes {
		for _, k := range n.cores.List {
			if what := k.Outstanding(); what != "" && !n.down {
				return fmt.Errorf("%w: %s", errUnsettled, what)
			}
		}
	}
	return errUnsettled
}

// still reports whether nothing is on its way, and every core still, see
// [core.Core.Still].
func (w *World) still() bool {
	if w.queue.any(func(e *entry) bool {
		return e.core != nil && e.ev.Kind != core.EventRun && e.ev.Kind != core.EventTimer
	}) {
		return false
	}
	for _, n := range w.nodes {
		for _, k := range n.cores.List {
			if !n.down && !k.Still() {
				return false
			}
		}
	}
	return true
}

// Stop lets one node lose its memory, with what is on its way to it, and what is on its
// disk and not synced. From then on
// what reaches it is lost, and what is pushed there is refused with
// [sfaas.ErrClosed], until [World.Start]. What it has sent is still on its way.
func (w *World) Stop(n *Node) error {
	w.queue.remove(func(e *entry) bool {
		if e.core == nil || e.core.node != n {
			return false
		}
		w.delayed(n, &e.ev)
		return true
	})
	w.hist.note(w.now, fmt.Sprintf("stop of node %d", n.id))
	w.engine.forget(n.id)
	n.down = true
	w.meetAgain(n)
	if s := n.storage; s != nil {
		w.durable(s, s.disk.Crash(w.random))
		s.open = nil
		s.life++
	}
	n.silent = w.chance(w.cfg.Silent)
	for _, x := range w.nodes {
		if x != n && !x.down && !n.silent {
			w.postAll(x, w.now, core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: n.id}, Err: sfaas.ErrClosed})
		}
	}
	return n.cores.Close()
}

// Start starts a node that has been stopped: a new incarnation, which goes on with what
// is on its disk, or is empty if it has none.
func (w *World) Start(n *Node) error {
	w.hist.note(w.now, fmt.Sprintf("start of node %d", n.id))
	n.down = false
	if err := n.start(); err != nil {
		return err
	}
	if n.storage != nil {
		if err := n.recover(); err != nil {
			return err
		}
	}
	if err := w.link(n); err != nil {
		return err
	}
	w.arriveLate(n)
	return nil
}

// Restart is [World.Stop] and [World.Start] at one moment.
func (w *World) Restart(n *Node) error { return errors.Join(w.Stop(n), w.Start(n)) }

// Crash lets all nodes lose their memory at once, with everything on its way
// and everything that the engine has taken, and starts them anew from a
// snapshot, or empty if that is nil. The first node owns everything then. What
// was scheduled with [World.At] still happens.
func (w *World) Crash(snapshot []byte) error {
	w.queue.remove(func(e *entry) bool { return e.core != nil })
	*w.engine = *newEngine(w)
	w.apart = nil
	w.hist.note(w.now, fmt.Sprintf("crash, %d bytes restored", len(snapshot)))
	clear(w.newest)
	clear(w.broken)
	for _, n := range w.nodes {
		n.down, n.silent = false, false
		if err := errors.Join(n.cores.Close(), n.start()); err != nil {
			return err
		}
	}
	for _, n := range w.nodes {
		if err := w.link(n); err != nil {
			return err
		}
	}
	if snapshot == nil {
		return nil
	}
	n := w.nodes[0]
	err := state.Restore(n.cores, bytes.NewReader(snapshot), w.now, func(i int, eff []core.Effect) {
		for j := range eff {
			w.carryOut(n.list[i], &eff[j], w.now)
		}
	})
	for _, c := range n.list {
		w.wake(c)
	}
	return err
}
