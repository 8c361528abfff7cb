// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"container/heap"
	"errors"
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/sfaas"
)

var errUnsettled = errors.New("sim: the world came to rest with work under way")

// Snapshot writes the state of all nodes as sfaas.Runtime.Snapshot does for
// runtimes that are linked. Sources get sfaas.ErrBusy while it runs the world
// until everything under way is done; the virtual clock advances.
func (w *World) Snapshot() ([]byte, error) {
	w.paused = true
	defer func() { w.paused = false }()
	for !w.settled() {
		if len(w.queue.items) == 0 {
			return nil, errUnsettled
		}
		w.RunUntil(w.queue.items[0].at)
	}
	var cores []*sfaas.Core
	for _, n := range w.nodes {
		cores = append(cores, n.cores.List...)
	}
	w.hist.note(w.now, "snapshot")
	var b bytes.Buffer
	err := sfaas.WriteSnapshot(&b, cores...)
	return b.Bytes(), err
}

// settled reports whether nothing is on its way, in a core or in the engine.
func (w *World) settled() bool {
	for i := range w.queue.items {
		switch e := &w.queue.items[i]; {
		case e.core == nil, e.ev.Kind == sfaas.EventRun, e.ev.Kind == sfaas.EventTimer:
		default:
			return false
		}
	}
	for _, n := range w.nodes {
		for _, k := range n.cores.List {
			if !k.Settled() {
				return false
			}
		}
	}
	return true
}

// Restart lets one node lose its memory, with what is on its way to it and what
// the engine has taken from it, and starts it anew, empty. What it has sent is
// still on its way.
func (w *World) Restart(n *Node) error {
	w.queue.items = slices.DeleteFunc(w.queue.items, func(e entry) bool { return e.core != nil && e.core.node == n })
	heap.Init((*entryHeap)(&w.queue))
	w.hist.note(w.now, fmt.Sprintf("restart of node %d", n.id))
	return errors.Join(n.cores.Close(), n.start())
}

// Crash lets all nodes lose their memory at once, with everything on its way
// and everything that the engine has taken, and starts them anew from a
// snapshot, or empty if that is nil. The first node owns everything then. What
// was scheduled with [World.At] still happens.
func (w *World) Crash(snapshot []byte) error {
	w.queue.items = slices.DeleteFunc(w.queue.items, func(e entry) bool { return e.core != nil })
	heap.Init((*entryHeap)(&w.queue))
	*w.engine = *newEngine(w)
	w.hist.note(w.now, fmt.Sprintf("crash, %d bytes restored", len(snapshot)))
	for _, n := range w.nodes {
		if err := errors.Join(n.cores.Close(), n.start()); err != nil {
			return err
		}
	}
	if snapshot == nil {
		return nil
	}
	n := w.nodes[0]
	err := n.cores.Restore(bytes.NewReader(snapshot), w.now, func(core int, eff []sfaas.Effect) {
		for i := range eff {
			w.carryOut(n.list[core], &eff[i], w.now)
		}
	})
	for _, c := range n.list {
		if c.core.Ready() {
			c.runs = true
			w.queue.push(entry{at: w.now, core: c, ev: sfaas.Event{Kind: sfaas.EventRun}})
		}
	}
	return err
}
