// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Routes returns the routes that the runtime knows of, by unit. Units without
// one belong to their default owner.
func (r *Runtime) Routes() []base.Route {
	r.routes.mu.Lock()
	defer r.routes.mu.Unlock()
	var all []base.Route
	for _, x := range r.routes.byUnit {
		all = append(all, x)
	}
	slices.SortFunc(all, compareRoutes)
	return all
}

// Route returns the route of one unit.
func (r *Runtime) Route(u base.Unit) (base.Route, error) {
	id, err := r.app.Unit(u)
	if err != nil {
		return base.Route{}, err
	}
	return r.route(id), nil
}

// route returns the route of a unit, of epoch 0 if it belongs to who owns the rest of its
// part.
func (r *Runtime) route(id plan.UnitID) base.Route {
	r.routes.mu.Lock()
	defer r.routes.mu.Unlock()
	u := id.Unit()
	if x, ok := r.routes.byUnit[u]; ok {
		return x
	}
	return base.Route{Unit: u, Owner: r.restLocked(u.Part)}
}

// WatchRoutes calls f with every route that the runtime learns of from now on,
// one call at a time, until stop is called: see the table.
func (r *Runtime) WatchRoutes(f func(base.Route)) (stop func()) {
	r.routes.mu.Lock()
	defer r.routes.mu.Unlock()
	r.routes.next++
	id := r.routes.next
	r.routes.watch[id] = f
	return func() {
		r.routes.mu.Lock()
		defer r.routes.mu.Unlock()
		delete(r.routes.watch, id)
	}
}

// routeTable is what a runtime knows about owners, for host code.
//
// Cores have routes of their own, one per unit that they know. This table is a copy for
// host code, so that a push need not ask a core who owns a unit. It may lag behind by as
// much as a signal takes; a message that goes the wrong way is sent on or refused, with
// the right route.
//
// Who watches is called by whoever learns a route, before that goes on, and without mu: so it
// may look at routes, and push.
type routeTable struct {
	telling sync.Mutex // orders what who watches is told; held around mu

	mu     sync.Mutex
	byUnit map[base.Unit]base.Route
	rests  map[string]core.Rest // by part: those that were passed on
	watch  map[int]func(base.Route)
	next   int

	outlived map[base.Unit]uint32 // epochs under which others have taken this runtime for an owner

	self    base.NodeID
	foreign atomic.Bool // some unit is owned elsewhere
}

// hear takes what the lead of a unit, or of a part, says.
//
// It is told by the lead alone, once per change.
func (t *routeTable) hear(s *core.Signal) {
	if s.Resign == nil {
		t.learn(s.Route)
		return
	}
	t.learnRest(s.Resign.Rest)
}

// learnRest notes who owns the units of a part that have no route.
func (t *routeTable) learnRest(r core.Rest) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.rests[r.Part]; base.Newer(r.Epoch, r.Owner, old.Epoch, old.Owner) {
		t.rests[r.Part] = r
		t.foreign.Store(true)
	}
}

// learn takes a route that is newer than what is known, and tells who watches before it
// returns: nobody hears of two routes in the wrong order.
func (t *routeTable) learn(r base.Route) {
	t.telling.Lock()
	defer t.telling.Unlock()
	if !t.note(r) {
		return
	}
	// In the order in which they began to watch.
	for i := 1; ; i++ {
		f, more := t.watcher(i)
		if !more {
			return
		}
		if f != nil {
			f(r)
		}
	}
}

// note takes a route, and reports whether it is newer than what was known.
func (t *routeTable) note(r base.Route) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, known := t.byUnit[r.Unit]
	if known && !r.After(old) {
		return false
	}
	t.byUnit[r.Unit] = r
	if r.Owner != t.self {
		t.foreign.Store(true)
	}
	return true
}

// outlive notes that others take this runtime for the owner of a unit. If that is none that it
// has or will have, an earlier life had it.
func (t *routeTable) outlive(r base.Route) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Epoch > t.byUnit[r.Unit].Epoch {
		t.outlived[r.Unit] = max(t.outlived[r.Unit], r.Epoch)
	}
}

// Outlived returns the routes that others have told of this runtime and that are newer than
// what it knows itself, by unit.
func (r *Runtime) Outlived() (all []base.Route) {
	t := &r.routes
	t.mu.Lock()
	defer t.mu.Unlock()
	for u, epoch := range t.outlived {
		if epoch <= t.byUnit[u].Epoch {
			delete(t.outlived, u)
			continue
		}
		all = append(all, base.Route{Unit: u, Owner: t.self, Epoch: epoch})
	}
	slices.SortFunc(all, compareRoutes)
	return all
}

// compareRoutes orders routes by unit.
func compareRoutes(a, b base.Route) int {
	return cmp.Or(cmp.Compare(a.Unit.Part, b.Unit.Part), a.Unit.Root.Compare(b.Unit.Root))
}

// watcher returns who was the i-th to watch, nil if it has stopped, and whether there may be
// a later one.
func (t *routeTable) watcher(i int) (f func(base.Route), more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.watch[i], i <= t.next
}

// reachable returns a [*base.MovedError] if a message pushed here would not get to
// the owner of its unit: that is not linked, or this runtime is leaving. It returns
// ErrBusy if too much waits on the way there.
//
// foreign spares the common case the look: as long as all units are here, every push is
// reachable.
func (r *Runtime) reachable(from core.SourceRef, key base.Key) error {
	if from.Outlet == nil {
		return nil // a call says so itself
	}
	for _, e := range from.Outlet.Edges {
		x := r.route(plan.UnitID{Part: e.Node.Part, Root: e.Node.Part.Root(key)})
		// In turn, for each edge behind the source: here; nowhere that can be reached;
		// elsewhere, with too much on the way; elsewhere.
		if x.Owner == r.set.Node && !r.set.Leaving.Load() {
			continue
		}
		to := r.peer(x.Owner)
		if x.Owner == r.set.Node || to == nil {
			return &base.MovedError{Unit: x.Unit, Owner: x.Owner, Epoch: x.Epoch}
		}
		if to.isBusy() {
			return base.ErrBusy
		}
	}
	return nil
}
