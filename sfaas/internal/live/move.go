// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// Link lets two runtimes of one process exchange messages and key groups, if
// their graphs, workers and numbers allow it.
func Link(a, b *Runtime) error {
	switch {
	case a.app.Digest != b.app.Digest:
		return fmt.Errorf("%w: graphs %s and %s: %v and %v", base.ErrDigest, a.app.Name, b.app.Name, a.app.Digest, b.app.Digest)
	case len(a.workers) != len(b.workers):
		return fmt.Errorf("sfaas: link: %d and %d workers", len(a.workers), len(b.workers))
	case a.set.Node == b.set.Node:
		return fmt.Errorf("sfaas: link: both runtimes are node %d", a.set.Node)
	}
	a.join(b)
	b.join(a)
	return nil
}

func (r *Runtime) join(other *Runtime) {
	r.mu.Lock()
	r.links[other.set.Node] = other
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

// Move brings the key group of key of one function from one linked runtime to
// another. It opens the resources of the function at the target first, posts
// the fence at the source, and waits for the outcome, which the cores of both
// bring about; see [core.Transfer] for the steps.
func Move(ctx context.Context, from, to *Runtime, function string, digest base.Digest, key base.Key) (MoveReport, error) {
	if from.at(to.set.Node) != to {
		return MoveReport{}, fmt.Errorf("sfaas: move %s: runtimes are not linked", function)
	}
	for _, r := range []*Runtime{from, to} {
		if n := r.app.ByName[function]; n == nil || n.Fn.Digest() != digest {
			return MoveReport{}, fmt.Errorf("sfaas: move %s to node %d: %w", function, r.set.Node, base.ErrDigest)
		}
	}
	if err := to.cores.Expect(function, to.onWorker); err != nil {
		return MoveReport{}, errors.Join(fmt.Errorf("sfaas: move %s: %w", function, err), to.cores.Arrived(function, true, to.onWorker))
	}
	group := key.KeyGroup()
	w := from.workerOf(group)
	type outcome struct {
		report MoveReport
		err    error
	}
	result := make(chan outcome, 1)
	done := func(t *core.Transfer, err error) {
		now := from.set.Clock()
		result <- outcome{MoveReport{
			Function: t.Function, Group: t.Group, Epoch: t.Epoch, Bytes: t.Bytes,
			Pause: t.Pause(now), Total: now.Sub(t.Started),
		}, err}
	}
	release := func() error {
		return errors.Join(to.cores.Arrived(function, true, to.onWorker), from.cores.Arrived(function, false, from.onWorker))
	}
	t := core.NewTransfer(function, key, from.set.Clock(), w.core.Self(), core.Endpoint{Node: to.set.Node, Core: w.core.Self().Core}, done)
	if !w.post(core.Event{Kind: core.EventFence, Transfer: t}) {
		return MoveReport{}, base.ErrClosed
	}
	select {
	case o := <-result:
		if err := errors.Join(o.err, release()); err != nil {
			return o.report, fmt.Errorf("sfaas: move %s: %w", function, err)
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
		return MoveReport{}, base.ErrClosed
	}
}

// onWorker runs f on worker i, see [core.OnCore].
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
func (r *Runtime) carryMove(e *core.Effect, from core.Endpoint) {
	var kind core.EventKind
	switch e.Kind {
	case core.EffectTransfer:
		kind = core.EventAdopt
	case core.EffectAdopted:
		kind = core.EventAdopted
	case core.EffectMarker:
		kind = core.EventMarker
	case core.EffectAck:
		kind = core.EventAck
	case core.EffectMoved:
		e.Transfer.Done(e.Err)
		return
	default:
		return
	}
	if to := r.at(e.To.Node); to != nil {
		to.workers[e.To.Core].post(core.Event{Kind: kind, Transfer: e.Transfer, Err: e.Err, From: from, Link: e.Link})
	}
}
