// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// Link lets runtimes of one process exchange messages and units, each with each
// of the others. They run graphs of equal digest, under different numbers, and
// agree on default owners; they may differ in workers. A runtime that closes is
// unlinked. What is pushed after Link has returned goes by the routes of all: also at
// a runtime that has been started anew, and owns nothing of what it did before.
func Link(runtimes ...*Runtime) error {
	for i, a := range runtimes {
		for _, b := range runtimes[i+1:] {
			if err := linkable(a, b); err != nil {
				return err
			}
		}
	}
	for i, a := range runtimes {
		for _, b := range runtimes[i+1:] {
			a.join(b)
			b.join(a)
			a.tellRoutes(b)
			b.tellRoutes(a)
		}
	}
	return nil
}

func linkable(a, b *Runtime) error {
	switch {
	case a.closed.Load() || b.closed.Load():
		return base.Errorf("link: %w", base.ErrClosed)
	case a.app.Digest != b.app.Digest:
		return base.Errorf("%w: graphs %s and %s: %v and %v", base.ErrDigest, a.app.Name, b.app.Name, a.app.Digest, b.app.Digest)
	case a.set.Node == b.set.Node:
		return fmt.Errorf("sfaas: link: both runtimes are node %d", a.set.Node)
	}
	for _, p := range a.app.Parts {
		if x, y := a.set.DefaultOwner(p.Name), b.set.DefaultOwner(p.Name); x != y {
			return fmt.Errorf("sfaas: link: part %s is owned by default by node %d at node %d, and by node %d at node %d", p.Name, x, a.set.Node, y, b.set.Node)
		}
	}
	return nil
}

// join links another runtime, and lets the cores know.
func (r *Runtime) join(other *Runtime) {
	r.mu.Lock()
	known := r.links[other.set.Node] == other
	r.links[other.set.Node] = other
	r.mu.Unlock()
	if !known {
		r.postAll(core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: other.set.Node}})
	}
}

// tellRoutes tells another runtime all routes, before anything that is pushed there
// later.
func (r *Runtime) tellRoutes(to *Runtime) {
	r.routes.mu.Lock()
	var rests []core.Rest
	for _, x := range r.routes.rests {
		rests = append(rests, x)
	}
	r.routes.mu.Unlock()
	for _, x := range rests {
		to.postAll(core.RestEvent(x))
		to.routes.learnRest(x)
	}
	for _, x := range r.Routes() {
		to.postAll(core.RouteEvent(x))
		to.routes.learn(x)
	}
}

// settleRoutes waits, bounded by the block limit, until all linked runtimes have read
// what was sent to them: they know the routes that this one knows.
func (r *Runtime) settleRoutes() {
	var waits []chan struct{}
	for _, x := range r.peers() {
		for _, w := range x.workers {
			if ch, ok := w.call(func() {}); ok {
				waits = append(waits, ch)
			}
		}
	}
	deadline := time.After(r.set.BlockLimit)
	for _, ch := range waits {
		select {
		case <-ch:
		case <-deadline:
			return
		}
	}
}

// unlink forgets another runtime.
func (r *Runtime) unlink(other *Runtime) {
	r.mu.Lock()
	known := r.links[other.set.Node] == other
	if known {
		delete(r.links, other.set.Node)
	}
	r.mu.Unlock()
	if known {
		r.postAll(core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: other.set.Node}, Err: base.ErrClosed})
	}
}

// postAll posts an event to all workers.
func (r *Runtime) postAll(ev core.Event) {
	for _, w := range r.workers {
		w.post(ev)
	}
}

// peers returns the linked runtimes by number.
func (r *Runtime) peers() []*Runtime {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*Runtime
	for _, x := range r.links {
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b *Runtime) int { return cmp.Compare(a.set.Node, b.set.Node) })
	return all
}

// workerAt returns the worker of an endpoint: cores of other runtimes go by the
// group of a key.
func (r *Runtime) workerAt(to core.Endpoint, from *Runtime) *worker {
	if r == from {
		return r.workers[to.Core]
	}
	return r.homes[to.Core]
}
