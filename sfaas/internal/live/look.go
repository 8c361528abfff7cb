// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Copy returns what cells of a function hold under a key, as of a moment between two
// invocations there. The worker of the key copies them.
//
// A copy, since content goes on changing: the worker makes it between two invocations,
// and the reader has it for itself. Who owns the unit is asked there too, since it may
// have moved meanwhile. A unit that is between two owners cannot be read at either.
func (r *Runtime) Copy(ctx context.Context, n *plan.Node, key base.Key, decls []*plan.CellDecl) (*core.Copy, error) {
	var x *core.Copy
	var err error
	w := r.workerOf(key.KeyGroup())
	done, open := w.call(func() {
		// Asked on the worker, where no move of the unit can begin meanwhile.
		if at := r.route(plan.UnitID{Part: n.Part, Root: n.Part.Root(key)}); at.Owner != r.set.Node {
			err = &base.MovedError{Unit: at.Unit, Owner: at.Owner, Epoch: at.Epoch}
			return
		}
		x, err = w.core.Copy(n, key, decls, w.clock.now())
	})
	if !open {
		return nil, base.ErrClosed
	}
	select {
	case <-done:
		return x, err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.stop:
		return nil, base.ErrClosed
	}
}

// Keys returns the keys under which cells of a function have content here, in order.
//
// Workers are asked one after the other, so the list is no cut: a key may come or go
// while others are read.
func (r *Runtime) Keys(ctx context.Context, n *plan.Node) ([]base.Key, error) {
	lists := make([][]base.Key, len(r.workers))
	if r.closed.Load() {
		return nil, base.ErrClosed
	}
	// Each worker writes an entry of its own, which nobody reads before the worker has
	// said so.
	for i, w := range r.workers {
		done, open := w.call(func() { lists[i] = w.core.KeysOf(nil, n, w.clock.now()) })
		if !open {
			return nil, base.ErrClosed
		}
		select {
		case <-done:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-r.stop:
			return nil, base.ErrClosed
		}
	}
	// No key is at two workers: lists are of different key groups.
	var keys []base.Key
	for _, l := range lists {
		keys = append(keys, l...)
	}
	core.SortKeys(keys)
	return keys, nil
}
