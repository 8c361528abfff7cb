// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"context"
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
//
// Steps of a link, and why in this order:
//
//  1. All pairs are checked before any is linked: after an error nothing has changed.
//  2. Each end enters the other in its table, and its cores are told (EventPeer), before
//     either can send to the other: a question of one would find no way back yet.
//  3. Each tells the other all routes that it knows. They are in the inboxes before Link
//     returns, so that what is pushed afterwards goes by them.
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
			if byFrames() {
				if err := linkByFrames(a, b); err != nil {
					return err
				}
				continue
			}
			joinBoth(a, b)
			a.tellRoutes(b)
			b.tellRoutes(a)
		}
	}
	return nil
}

// Equal digests, since messages go over by pointer: the two must mean the same by a type.
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

// peer is another runtime that is linked: of this process, where events go over by
// pointer, or one to which frames go. Its methods are called by workers and by host
// code, do not wait for the other runtime unless they say so, and keep the order in
// which a goroutine calls them.
type peer interface {
	node() base.NodeID
	// life returns the incarnation of the runtime.
	life() uint32
	// local returns the runtime if it is of this process, or nil.
	local() *Runtime
	// message brings a message there and gives up the effect's hold on it, or returns
	// why it cannot.
	message(w *worker, e *core.Effect) error
	acknowledge(e *core.Effect)
	// signal reports whether the signal is on its way.
	signal(w *worker, to core.Endpoint, s *core.Signal) bool
	// reply answers a call of host code there.
	reply(e *core.Effect)
	// prepare and unprepare are [Runtime.Prepare] and [Runtime.Unprepare] there, and
	// wait for them.
	prepare(ctx context.Context, u base.Unit) error
	unprepare(u base.Unit) error
	// settle returns what is closed when the other runtime has read what was sent.
	settle() []chan struct{}
	// leave says there that this runtime has closed.
	leave()
	// isBusy reports whether sources are not to push what goes there.
	isBusy() bool
}

// near is a runtime of this process.
//
// Everything goes over by pointer: a message has one hold more, and an image is the thing
// itself. So tests of linked runtimes run at full speed; the same tests by frames prove
// that bytes say as much.
type near struct{ self, other *Runtime }

func (p *near) node() base.NodeID { return p.other.set.Node }
func (p *near) life() uint32      { return p.other.set.Incarnation }
func (p *near) local() *Runtime   { return p.other }
func (p *near) isBusy() bool      { return false }
func (p *near) leave()            { p.other.unlinkNode(p.self.set.Node, base.ErrClosed) }

// message posts the event to the worker of the key's group there. near's methods post,
// and do nothing else.
func (p *near) message(w *worker, e *core.Effect) error {
	if !p.other.homes[e.To.Core].post(w.message(e)) {
		return base.ErrClosed
	}
	return nil
}

func (p *near) acknowledge(e *core.Effect) {
	p.other.homes[e.To.Core].post(core.Event{Kind: core.EventAck, Stamp: e.Stamp, Waits: e.Waits})
}

func (p *near) signal(w *worker, to core.Endpoint, s *core.Signal) bool {
	ev := core.Event{Kind: core.EventSignal, Signal: s, From: w.core.Self()}
	if to.IsAll() {
		p.other.postAll(ev)
		return true
	}
	return p.other.homes[to.Core].post(ev)
}

func (p *near) reply(e *core.Effect) { p.other.reply(e.Call, e.Msg, e.Err) }

func (p *near) prepare(_ context.Context, u base.Unit) error { return p.other.Prepare(u) }
func (p *near) unprepare(u base.Unit) error                  { return p.other.Unprepare(u) }

func (p *near) settle() []chan struct{} { return p.other.reads() }

// reads returns what is closed when the workers have read what has come.
func (r *Runtime) reads() (waits []chan struct{}) {
	for _, w := range r.workers {
		if ch, ok := w.call(func() {}); ok {
			waits = append(waits, ch)
		}
	}
	return waits
}

// join links another runtime, and lets the cores know.
func (r *Runtime) join(p peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(p)
}

// joinBoth joins two runtimes of the process. A core that hears of the other one can look
// it up only when both have been told; posting does not wait.
func joinBoth(a, b *Runtime) {
	first, second := a, b
	if b.set.Node < a.set.Node { // one order, whoever links whom
		first, second = b, a
	}
	first.mu.Lock()
	defer first.mu.Unlock()
	second.mu.Lock()
	defer second.mu.Unlock()
	a.enter(&near{a, b})
	b.enter(&near{b, a})
}

// enter is join, under the lock of the table.
//
// A runtime that is linked already is left as it is; one that comes back under its number
// replaces what was there, and cores learn that the connection is new.
func (r *Runtime) enter(p peer) {
	old := r.links[p.node()]
	if old != nil && old.local() != nil && old.local() == p.local() {
		return
	}
	r.links[p.node()] = p
	r.postAll(core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: p.node()}, Life: p.life()})
}

// tellRoutes tells another runtime of the process all routes, before anything that is
// pushed there later.
//
// Routes may be newer here or there: both learn, and the newer one wins at each.
func (r *Runtime) tellRoutes(to *Runtime) {
	rests, routes := r.table()
	to.learnTable(rests, routes)
}

// table returns what the runtime knows of owners.
func (r *Runtime) table() (rests []core.Rest, routes []base.Route) {
	r.routes.mu.Lock()
	for _, x := range r.routes.rests {
		rests = append(rests, x)
	}
	r.routes.mu.Unlock()
	slices.SortFunc(rests, func(a, b core.Rest) int { return cmp.Compare(a.Part, b.Part) })
	return rests, r.Routes()
}

// learnTable takes what another runtime knows of owners.
func (r *Runtime) learnTable(rests []core.Rest, routes []base.Route) {
	for _, x := range rests {
		if r.app.PartOf(x.Part) != nil {
			r.postAll(core.RestEvent(x))
			r.routes.learnRest(x)
		}
	}
	for _, x := range routes {
		if _, err := r.app.Unit(x.Unit); err == nil {
			r.postAll(core.RouteEvent(x))
			if x.Owner != r.set.Node { // what this runtime owns its cores say, not news of an earlier life
				r.routes.learn(x)
			} else {
				r.routes.outlive(x)
			}
		}
	}
}

// settleRoutes waits, bounded by the block limit, until all linked runtimes that can be reached
// have read what was sent to them: they know the routes that this one knows.
func (r *Runtime) settleRoutes() {
	var waits []chan struct{}
	for _, x := range r.peers() {
		waits = append(waits, x.settle()...)
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

// unlink forgets another runtime: with [base.ErrClosed] its life is over, with
// [base.ErrUnlinked] the connection is lost, and it may come back.
//
// It is idempotent: a connection may be given up by its reader and its writer at once.
func (r *Runtime) unlink(p peer, why error) {
	r.mu.Lock()
	known := r.links[p.node()] == p
	if known {
		delete(r.links, p.node())
	}
	r.mu.Unlock()
	if known {
		r.postAll(core.Event{Kind: core.EventPeer, From: core.Endpoint{Node: p.node()}, Err: why})
		if f, ok := p.(*far); ok {
			f.end()
		}
	}
}

// unlinkNode is unlink for whoever is linked under a number.
func (r *Runtime) unlinkNode(node base.NodeID, why error) {
	if p := r.peer(node); p != nil {
		r.unlink(p, why)
	}
}

// hasDistant reports whether runtimes of other processes are linked: nobody can let
// them stand still.
func (r *Runtime) hasDistant() bool {
	for _, p := range r.peers() {
		if p.local() == nil {
			return true
		}
	}
	return false
}

// postAll posts an event to all workers.
func (r *Runtime) postAll(ev core.Event) {
	for _, w := range r.workers {
		w.post(ev)
	}
}

// peers returns the linked runtimes by number.
func (r *Runtime) peers() []peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []peer
	for _, x := range r.links {
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b peer) int { return cmp.Compare(a.node(), b.node()) })
	return all
}
