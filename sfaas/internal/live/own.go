// SPDX-License-Identifier: Apache-2.0

package live

import (
	"errors"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Prepare opens the resources of a unit's part before the unit comes. What was
// prepared stays open until the unit has come and gone, or [Runtime.Unprepare].
//
// Opening takes as long as it takes, perhaps seconds for a model. That is why it is asked
// for before a move, and not by it.
func (r *Runtime) Prepare(u base.Unit) error {
	id, err := r.app.Unit(u)
	if err != nil {
		return err
	}
	if r.closed.Load() {
		return base.ErrClosed
	}
	if err := r.cores.Expect(id.Part, r.onWorker); err != nil {
		return errors.Join(err, r.cores.Arrived(id.Part, true, r.onWorker))
	}
	return nil
}

// Unprepare ends what Prepare began: resources that no unit needs are closed.
func (r *Runtime) Unprepare(u base.Unit) error {
	id, err := r.app.Unit(u)
	if err != nil {
		return err
	}
	if r.closed.Load() {
		return nil // Close closes everything
	}
	return r.cores.Arrived(id.Part, true, r.onWorker)
}

// Own makes this runtime the first owner of a unit: it sets the first route of
// one that has none yet, before the unit is used.
func (r *Runtime) Own(u base.Unit) error {
	id, err := r.app.Unit(u)
	if err != nil {
		return err
	}
	// The first owner of a unit is chosen once; who wants it later claims it.
	if x := r.route(id); x.Epoch > 0 {
		return base.Errorf("own: %w", &base.MovedError{Unit: u, Owner: x.Owner, Epoch: x.Epoch})
	}
	return r.own(id, 1, core.OwnEvent)
}

// Claim takes over a soft unit whose owner is gone, empty, under an epoch that
// is newer than the owner's. The old owner, should it still be there, stops.
// The records of a kept unit are needed to claim that: it is refused with a
// [*base.KeptError], but where it was handed over from and there is no answer.
func (r *Runtime) Claim(u base.Unit, epoch uint32) error {
	id, err := r.app.Unit(u)
	if err != nil {
		return err
	}
	return r.own(id, epoch, core.ClaimEvent)
}

// Release lets nobody own a soft unit, under an epoch that is newer than its owner's.
// Resources that no unit needs any more are closed.
func (r *Runtime) Release(u base.Unit, epoch uint32) error {
	id, err := r.app.Unit(u)
	if err != nil {
		return err
	}
	if err := r.decide(id, base.Route{Unit: id.Unit(), Epoch: epoch}, core.ReleaseEvent); err != nil {
		return base.Errorf("release %v: %w", u, err)
	}
	return r.cores.Arrived(id.Part, false, r.onWorker)
}

// own makes this runtime the owner. A unit that is owned may get its first message at once:
// resources are there before. Those that were opened for the unit are its own then; those that
// were not needed are closed.
func (r *Runtime) own(id plan.UnitID, epoch uint32, event func(base.Route, func(error)) core.Event) error {
	u := id.Unit()
	if err := r.Prepare(u); err != nil {
		return base.Errorf("claim %v: %w", u, err)
	}
	err := r.decide(id, base.Route{Unit: u, Owner: r.set.Node, Epoch: epoch}, event)
	if errors.Is(err, base.ErrClosed) {
		return err
	}
	if err != nil {
		err = base.Errorf("claim %v: %w", u, err)
	}
	return errors.Join(err, r.Unprepare(u))
}

// The lead decides, on its core: two claims at once are decided there in the order in
// which they come. The caller hears it after all linked runtimes have read the route, so
// that what it pushes next goes the right way.
func (r *Runtime) decide(id plan.UnitID, route base.Route, event func(base.Route, func(error)) core.Event) error {
	done := make(chan error, 1)
	if !r.leadOf(id).post(event(route, func(err error) { done <- err })) {
		return base.ErrClosed
	}
	select {
	case err := <-done:
		if err == nil { // whoever pushes from now on knows the route
			r.settleRoutes()
		}
		return err
	case <-r.stop:
		return base.ErrClosed
	}
}

// onWorker runs f on worker i, see [core.OnCore].
//
// Two may end the wait: the worker runs f, or the runtime stops. Whoever takes the flag
// first decides, and f never runs after onWorker has returned false: its variables may be
// gone.
func (r *Runtime) onWorker(i int, f func()) bool {
	var taken atomic.Bool // by the worker, or by this call, which gives up then
	done, open := r.workers[i].call(func() {
		if taken.CompareAndSwap(false, true) {
			f()
		}
	})
	if !open {
		return false
	}
	select {
	case <-done:
	case <-r.stop:
		if taken.CompareAndSwap(false, true) {
			return false
		}
		<-done // it is under way
	}
	return true
}
