// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Leave moves every unit away so that the runtime can be closed: to says where
// a unit goes, and 0 refuses. Units that have not been used are not known one by
// one; to is asked for them once a part, as the unit of the zero key, and from then
// on whoever it names owns those that the runtime would own by default. From the
// call on the runtime takes no unit, and pushes for units that are still here get a
// [*base.MovedError]. Leave returns the errors of all moves that failed.
//
// Steps:
//
//  1. Leaving is set: sources are refused for units that are here, and no unit comes any
//     more.
//  2. The rest of each part is passed on, so that a unit which nobody knows belongs to
//     somebody else before it can appear here.
//  3. The units that are known are moved, several at a time.
//  4. What could not be moved is reported, and stays: the runtime can still be used, and
//     closed.
func (r *Runtime) Leave(ctx context.Context, to func(base.Unit) base.NodeID, cfg MoveConfig) error {
	if to == nil {
		return &base.OptionError{Option: "Leave", Got: "nil", Want: "a function that says where units go"}
	}
	r.set.Leaving.Store(true)
	var errs []error
	for _, p := range r.app.Parts { // first, so that no unit is new here from now on
		node := to(base.Unit{Part: p.Name})
		if node == 0 || r.rest(p.Name) != r.set.Node {
			continue
		}
		if err := r.resign(ctx, p, node); err != nil {
			errs = append(errs, base.Errorf("leave: part %s to node %d: %w", p.Name, node, err))
		}
	}
	all, err := r.units(ctx)
	if err != nil {
		errs = append(errs, base.Errorf("leave: %w", err))
	}
	return errors.Join(append(errs, r.moveAll(ctx, all, to, cfg)...)...)
}

// movesAtOnce is how many units Leave moves at a time. Each stops by itself; what
// takes long is the way of the image.
const movesAtOnce = 16

// moveAll moves units and returns the errors of those that do not move, by unit.
//
// Places are asked for beforehand, one by one: to is the program's, and need not be safe
// for concurrent use.
func (r *Runtime) moveAll(ctx context.Context, all []base.Unit, to func(base.Unit) base.NodeID, cfg MoveConfig) []error {
	errs, nodes := make([]error, len(all)), make([]base.NodeID, len(all))
	for i, u := range all { // one call at a time
		nodes[i] = to(u)
	}
	var next atomic.Int64
	var movers sync.WaitGroup
	for range min(movesAtOnce, len(all)) {
		movers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(all) && ctx.Err() == nil; i = next.Add(1) - 1 {
				errs[i] = r.moveAway(ctx, all[i], nodes[i], cfg)
			}
		})
	}
	movers.Wait()
	if err := ctx.Err(); err != nil {
		errs = append(errs, base.Errorf("leave: %w", err))
	}
	return errs
}

func (r *Runtime) moveAway(ctx context.Context, u base.Unit, to base.NodeID, cfg MoveConfig) error {
	if to == 0 {
		return fmt.Errorf("sfaas: leave: unit %v has no place to go", u)
	}
	_, err := r.MoveUnit(ctx, u, to, cfg)
	return err
}

// resign lets another runtime own the units of a part that have no route.
//
// The successor opens the resources of the part first, as before a move: from the answer
// on any unit of the part may begin there.
func (r *Runtime) resign(ctx context.Context, p *plan.Part, to base.NodeID) (err error) {
	target := r.peer(to)
	if target == nil {
		return base.ErrUnlinked
	}
	u := base.Unit{Part: p.Name}
	if err := target.prepare(ctx, u); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, target.unprepare(u), r.cores.Arrived(p, false, r.onWorker))
	}()
	done := make(chan error, 1)
	if !r.workerOf(base.Key{}.KeyGroup()).post(core.ResignEvent(p.Name, r.set.Node, to, func(_ []base.Route, err error) { done <- err })) {
		return base.ErrClosed
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-r.stop:
		return base.ErrClosed
	}
}

// rest returns who owns the units of a part that have no route.
func (r *Runtime) rest(part string) base.NodeID {
	r.routes.mu.Lock()
	defer r.routes.mu.Unlock()
	return r.restLocked(part)
}

// restLocked is rest for a caller that holds the lock of the routes.
func (r *Runtime) restLocked(part string) base.NodeID {
	if x, ok := r.routes.rests[part]; ok {
		return x.Owner
	}
	return r.set.DefaultOwner(part)
}
