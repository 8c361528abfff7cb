// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// MoveReport says what a move did.
type MoveReport struct {
	Unit      base.Unit     // that moved
	Epoch     uint32        // of the new owner
	Instances int           // that moved
	Messages  int           // that waited and moved along
	Fence     base.Slot     // of mode Fed: the first slot of the new owner
	Pause     time.Duration // for how long messages of the unit waited
	Total     time.Duration // from the request on
}

// MoveConfig describes a move. The zero value is a move at once, in mode Kept.
type MoveConfig struct {
	Mode base.MoveMode // what becomes of Volatile cells
	// History is, in mode Fed, for how many slots before the fence both owners
	// get everything; 0 means the longest Config.History of the part.
	History int
	// Slot is, in the modes Kept and Soft, not before which the unit stops: it
	// waits until a message of that slot or a later one has come, at most until
	// the slot is due, without a timeline and a budget as long as it takes.
	// 0 means at once.
	Slot base.Slot
}

// MoveUnit brings a unit that this runtime owns to a linked runtime while
// messages flow. All functions of the unit move together or not at all. On
// edges that promise delivery nothing is lost or repeated, and the messages of
// one producer and key keep their order; AtMostOnce edges from other units may
// lose messages meanwhile, counted, except in mode Fed.
//
// The resources of the unit's part are opened at the target before the unit
// stops, and closed here when it was the last unit of the part. If one cannot
// be opened, or the target refuses, the unit stays where it is.
//
// MoveUnit returns a [*base.MovedError] if another runtime owns the unit. If ctx
// ends first, the move goes on and its outcome shows in the routes.
func (r *Runtime) MoveUnit(ctx context.Context, u base.Unit, to base.NodeID, cfg MoveConfig) (MoveReport, error) {
	report, err := r.moveUnit(ctx, u, to, cfg)
	if err != nil {
		return report, base.Errorf("move %v to node %d: %w", u, to, err)
	}
	return report, nil
}

// moveUnit is the shell's part of a move: resources before it, resources after it, and somebody who
// waits. All that concerns content is the core's (core.Move).
//
//  1. The target opens what the part needs; a failure refuses the move.
//  2. The lead gets the event, and the protocol runs from core to core.
//  3. The outcome comes by the move's own function, on some worker: it goes into a
//     channel with room for it, so that no worker waits for the caller.
//  4. What was prepared at the target is let go of there: the unit holds it now, or it
//     is not needed. What the part needed here is closed if it was the last unit.
func (r *Runtime) moveUnit(ctx context.Context, u base.Unit, to base.NodeID, cfg MoveConfig) (MoveReport, error) {
	id, err := r.app.Unit(u)
	if err != nil {
		return MoveReport{}, err
	}
	target := r.peer(to)
	switch {
	case to == r.set.Node:
		return MoveReport{}, base.ErrOwned
	case target == nil:
		return MoveReport{}, base.ErrUnlinked
	}
	if cfg.Slot > 0 && cfg.Mode == base.Fed {
		return MoveReport{}, &base.OptionError{Option: "MoveConfig.Slot", Got: fmt.Sprint(cfg.Slot), Want: "0 in mode Fed, which chooses its fence itself"}
	}
	if err := target.prepare(ctx, u); err != nil {
		return MoveReport{}, err
	}
	type outcome struct {
		report MoveReport
		err    error
	}
	result := make(chan outcome, 1)
	m := core.NewMove(u, r.set.Node, to, cfg.Mode, r.set.Clock(), func(m *core.Move, err error) {
		now := r.set.Clock()
		result <- outcome{MoveReport{
			Unit: u, Epoch: m.Epoch, Instances: m.Instances, Messages: m.Messages, Fence: m.Fence,
			Pause: m.Pause(now), Total: now.Sub(m.Started),
		}, err}
	})
	// The longest history of the part's functions: what Volatile content reaches back to.
	if m.History = base.Slot(cfg.History); m.History == 0 {
		m.History = id.Part.History()
	}
	m.Slot = cfg.Slot
	release := func() error {
		return errors.Join(target.unprepare(u), r.cores.Arrived(id.Part, false, r.onWorker))
	}
	if !r.leadOf(id).post(m.Event()) {
		return MoveReport{}, errors.Join(base.ErrClosed, target.unprepare(u))
	}
	select {
	case o := <-result:
		return o.report, errors.Join(o.err, release())
	// The caller gives up; the move does not, since nobody could take it back. A
	// goroutine that Close waits for does what is left.
	case <-ctx.Done():
		r.wg.Add(1)
		go func() { // the move goes on, and what follows from it
			defer r.wg.Done()
			select {
			case <-result:
				_ = release()
			case <-r.stop:
				_ = target.unprepare(u)
			}
		}()
		return MoveReport{}, ctx.Err()
	case <-r.stop:
		return MoveReport{}, errors.Join(base.ErrClosed, target.unprepare(u))
	}
}

// leadOf returns the worker that leads a unit.
func (r *Runtime) leadOf(id plan.UnitID) *worker { return r.workerOf(id.Root.KeyGroup()) }

// Units returns what the workers have published about units, in dst as far as it fits.
func (r *Runtime) Units(dst []core.UnitStats) []core.UnitStats { return r.cores.Units(dst) }

// WatchUnits lets f hear of units whose counters have been published: see [core.Cores.Watch].
func (r *Runtime) WatchUnits(f func([]core.UnitStats)) { r.cores.Watch(f) }

// Flows returns what has travelled between this runtime and others.
func (r *Runtime) Flows(dst []core.EdgeFlow) []core.EdgeFlow { return r.cores.Flows(dst) }

// units returns the units of which this runtime has content, or a route. It asks all
// workers, until ctx ends: one whose handler blocks may answer late.
//
// A worker whose handler blocks does not answer; the others do, and the error says that
// the list may lack some.
func (r *Runtime) units(ctx context.Context) ([]base.Unit, error) {
	seen := map[base.Unit]bool{}
	var mu sync.Mutex
	err := r.askUntil(ctx, func(w *worker) {
		mu.Lock()
		defer mu.Unlock()
		for _, u := range w.core.Units() {
			seen[u] = true
		}
	})
	mu.Lock()
	defer mu.Unlock()
	var all []base.Unit
	for u := range seen {
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b base.Unit) int {
		return cmp.Or(cmp.Compare(a.Part, b.Part), a.Root.Compare(b.Root))
	})
	return all, err
}
