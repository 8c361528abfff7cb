// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Link lets two runtimes of one process exchange messages and key groups. They
// run graphs of equal digest, on equally many workers, under different
// numbers.
func Link(a, b *Runtime) error {
	switch {
	case a.app.digest != b.app.digest:
		return fmt.Errorf("%w: graphs %s and %s: %v and %v", ErrDigest, a.app.name, b.app.name, a.app.digest, b.app.digest)
	case len(a.workers) != len(b.workers):
		return fmt.Errorf("sfaas: link: %d and %d workers", len(a.workers), len(b.workers))
	case a.set.node == b.set.node:
		return fmt.Errorf("sfaas: link: both runtimes are node %d", a.set.node)
	}
	a.join(b)
	b.join(a)
	return nil
}

func (r *Runtime) join(other *Runtime) {
	r.mu.Lock()
	r.links[other.set.node] = other
	r.mu.Unlock()
}

// MoveReport says what a move did.
type MoveReport struct {
	Function string        // function whose group moved
	Group    uint8         // key group that moved
	Epoch    uint32        // of the new owner
	Bytes    int           // encoded state
	Pause    time.Duration // for how long messages of the group waited
	Total    time.Duration // from the request on
}

// Move brings one key group of one function, the group of key, from one linked
// runtime to another while messages flow: it stops at a slot boundary, hands
// over cells and waiting messages, and forwards what still arrives at the old
// place. Nothing is lost or repeated and the order of each key is kept. Moves
// of one group follow each other; those of different groups may overlap.
//
// The resources of the function are opened at the target before the move
// begins, and closed at the source when it owns no group of the function any
// more. If one cannot be opened, the group stays where it is.
//
// Move returns ErrNotOwner if from does not own the group, and ErrDigest if
// the functions were constructed differently; the group then stays where it
// is.
func Move(ctx context.Context, from, to *Runtime, f Function, key Key) (MoveReport, error) {
	if from.at(to.set.node) != to {
		return MoveReport{}, fmt.Errorf("sfaas: move %s: runtimes are not linked", f.Name())
	}
	for _, r := range []*Runtime{from, to} {
		if n := r.app.byName[f.Name()]; n == nil || n.fn.digest() != f.Digest() {
			return MoveReport{}, fmt.Errorf("sfaas: move %s to node %d: %w", f.Name(), r.set.node, ErrDigest)
		}
	}
	here, there := from.app.byName[f.Name()], to.app.byName[f.Name()]
	if err := to.cores.res.expect(there, to.cores.List, to.onWorker); err != nil {
		return MoveReport{}, errors.Join(fmt.Errorf("sfaas: move %s: %w", f.Name(), err), to.cores.res.arrived(there, to.cores.List, to.onWorker))
	}
	group := key.KeyGroup()
	w := from.workerOf(group)
	type outcome struct {
		report MoveReport
		err    error
	}
	result := make(chan outcome, 1)
	done := func(t *Transfer, err error) {
		now := from.set.clock()
		result <- outcome{MoveReport{
			Function: t.Function, Group: t.Group, Epoch: t.Epoch, Bytes: t.Bytes,
			Pause: t.Pause(now), Total: now.Sub(t.Started),
		}, err}
	}
	release := func() error {
		return errors.Join(to.cores.res.arrived(there, to.cores.List, to.onWorker), from.cores.res.release(here, from.cores.List, from.onWorker))
	}
	t := NewTransfer(f, key, from.set.clock(), w.core.self, Endpoint{to.set.node, w.core.self.Core}, done)
	if !w.post(Event{Kind: EventFence, Transfer: t}) {
		return MoveReport{}, ErrClosed
	}
	select {
	case o := <-result:
		if err := errors.Join(o.err, release()); err != nil {
			return o.report, fmt.Errorf("sfaas: move %s: %w", f.Name(), err)
		}
		return o.report, nil
	case <-ctx.Done():
		go func() { // the move goes on, and what follows from it
			select {
			case <-result:
				_ = release()
			case <-from.stop:
			}
		}()
		return MoveReport{}, ctx.Err()
	case <-from.stop:
		return MoveReport{}, ErrClosed
	}
}

// onWorker runs f on worker i, see [onCore].
func (r *Runtime) onWorker(i int, f func()) bool {
	done, open := r.workers[i].call(f)
	if !open {
		return false
	}
	select {
	case <-done:
		return true
	case <-r.stop:
		return false
	}
}

// carryMove carries out the effects of a move. They take the same way as
// messages, behind those that were sent before.
func (r *Runtime) carryMove(e *Effect, from Endpoint) {
	var kind EventKind
	switch e.Kind {
	case EffectTransfer:
		kind = EventAdopt
	case EffectAdopted:
		kind = EventAdopted
	case EffectMarker:
		kind = EventMarker
	case EffectAck:
		kind = EventAck
	case EffectMoved:
		e.Transfer.Done(e.Err)
		return
	default:
		return
	}
	if to := r.at(e.To.Node); to != nil {
		to.workers[e.To.Core].post(Event{Kind: kind, Transfer: e.Transfer, Err: e.Err, From: from, Link: e.Link})
	}
}
