// SPDX-License-Identifier: Apache-2.0

package core

import (
	"errors"
	"slices"
	"sync"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// resources opens and closes what the functions of an app declare. A function's
// resources are open while its runtime owns a unit of its part, or may get one
// by default, and from before a move that brings one.
//
// Resources are not state. Shared ones exist once per runtime (a model, a table), the
// others once per core (scratch, a session). Rules:
//
//  1. Nothing is opened while a handler could miss it: expect opens before a move is
//     even asked for, and a failure to open refuses the move.
//  2. Lanes are only touched where their core runs (OnCore): a handler never sees a
//     resource appear or vanish.
//  3. Nothing is closed that any part which is here, or coming, still names.
//  4. A lost handler keeps its scratch for ever, and its successor gets new ones.
//
// The lock covers opening and closing as a whole. Both are rare, and two moves at once
// must not open the same resource twice.
type resources struct {
	app *plan.App

	mu     sync.Mutex
	shared map[*plan.ResourceDecl]any
	coming map[*plan.Part]int  // moves under way that bring a unit
	ready  map[*plan.Part]bool // everything is open on all cores, and stays so while anything is coming
}

func newResources(app *plan.App) *resources {
	return &resources{app: app, shared: map[*plan.ResourceDecl]any{}, coming: map[*plan.Part]int{}, ready: map[*plan.Part]bool{}}
}

// OnCore runs f where core i runs, between two steps. It reports false if the
// core has been stopped.
type OnCore func(i int, f func()) bool

// Directly is OnCore for cores that do not run.
func Directly(_ int, f func()) bool { f(); return true }

// first opens what a runtime needs from the start: that of the parts whose units
// are its own by default.
func (r *resources) first(cores []*Core) error {
	for _, k := range cores {
		k.scratch = r.reopen
	}
	var nodes []*plan.Node
	for _, n := range r.app.Nodes {
		if len(cores) > 0 && cores[0].byDefault(n.Part) {
			nodes = append(nodes, n)
		}
	}
	return r.open(nodes, cores, Directly)
}

// byDefault reports whether units of a part without a route are owned here.
func (k *Core) byDefault(p *plan.Part) bool { return k.restOf(p) == k.self.Node }

// standsBy reports whether the runtime owns nothing by default.
func (k *Core) standsBy() bool {
	return !slices.ContainsFunc(k.app.Parts, k.byDefault)
}

// expect opens what the functions of a part need before a unit of it moves
// here. The caller calls arrived when the move has ended.
func (r *resources) expect(p *plan.Part, cores []*Core, on OnCore) error {
	r.mu.Lock()
	r.coming[p]++
	ready := r.ready[p]
	r.mu.Unlock()
	// A standby that claims has prepared long before: no worker is asked again.
	if ready || !declares(p) {
		return nil
	}
	if err := r.open(p.Nodes, cores, on); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready[p] = true
	return nil
}

// declares reports whether functions of a part have resources.
//
// Most parts have none, and moves of their units ask no worker.
func declares(p *plan.Part) bool {
	return slices.ContainsFunc(p.Nodes, func(n *plan.Node) bool { return len(n.Fn.Resources) > 0 })
}

// arrived ends what expect began.
func (r *resources) arrived(p *plan.Part, cores []*Core, on OnCore) error {
	r.mu.Lock()
	r.coming[p]--
	r.mu.Unlock()
	return r.release(p, cores, on)
}

// open opens the resources of functions on all cores, shared ones first. If one
// cannot be opened, those that this call has opened are closed again.
//
// It is all or nothing, so that a failed move leaves no trace.
func (r *resources) open(nodes []*plan.Node, cores []*Core, on OnCore) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var o opening
	err := o.share(nodes, r.shared)
	for i := 0; i < len(cores) && err == nil; i++ {
		if !on(i, func() { err = o.lend(nodes, r.shared, i, cores[i].lane) }) {
			err = base.ErrClosed
		}
	}
	if err == nil {
		return nil
	}
	for _, x := range slices.Backward(o.opened) {
		err = errors.Join(err, r.close(x.d, x.core, cores, on))
	}
	return err
}

// opening is what one call of open has opened so far, by core; shared ones are
// those of core -1.
type opening struct {
	opened []opened
}

type opened struct {
	core int
	d    *plan.ResourceDecl
}

// share opens the shared resources of functions that are not open yet.
func (o *opening) share(nodes []*plan.Node, shared map[*plan.ResourceDecl]any) error {
	for _, n := range nodes {
		for _, d := range n.Fn.Resources {
			if _, ok := shared[d]; ok || !d.Shared {
				continue
			}
			x, err := o.open(n, d, -1)
			if err != nil {
				return err
			}
			shared[d] = x
		}
	}
	return nil
}

// lend gives the lane of a core the resources of functions that it lacks.
func (o *opening) lend(nodes []*plan.Node, shared map[*plan.ResourceDecl]any, core int, l *Lane) error {
	for _, n := range nodes {
		for _, d := range n.Fn.Resources {
			if _, ok := l.resources[d]; ok {
				continue
			}
			if d.Shared {
				l.resources[d] = shared[d]
				continue
			}
			x, err := o.open(n, d, core)
			if err != nil {
				return err
			}
			l.resources[d] = x
		}
	}
	return nil
}

func (o *opening) open(n *plan.Node, d *plan.ResourceDecl, core int) (any, error) {
	x, err := d.Open()
	if err != nil {
		return nil, resourceError(n, d, err)
	}
	o.opened = append(o.opened, opened{core, d})
	return x, nil
}

// resourceError names the function and the resource that could not be opened.
func resourceError(n *plan.Node, d *plan.ResourceDecl, err error) error {
	return base.Errorf("%s: resource %s: %w", n.Fn.Name, d.Name, err)
}

// close closes the resource of one core, or the shared one if core is -1.
//
// A shared resource is taken from all lanes before it is closed; between two steps of
// each core, so that no handler holds it.
func (r *resources) close(d *plan.ResourceDecl, core int, cores []*Core, on OnCore) error {
	if core < 0 {
		x := r.shared[d]
		delete(r.shared, d)
		for i, k := range cores {
			on(i, func() { delete(k.lane.resources, d) })
		}
		return d.Close(x)
	}
	var err error
	on(core, func() {
		l := cores[core].lane
		if x, ok := l.resources[d]; ok && !l.revoked() {
			delete(l.resources, d)
			err = d.Close(x)
		}
	})
	return err
}

// release closes the resources of a part of which no core owns a unit any more,
// except those that another part still needs.
//
// Two parts may declare the same resource, and a part may be here by default as well as
// by route: hence the search over all parts.
func (r *resources) release(p *plan.Part, cores []*Core, on OnCore) error {
	if !declares(p) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.ready) // something may be closed below
	needed := map[*plan.ResourceDecl]bool{}
	for _, x := range r.app.Parts {
		if !r.inUse(x, cores, on) {
			continue
		}
		for _, n := range x.Nodes {
			for _, d := range n.Fn.Resources {
				needed[d] = true
			}
		}
	}
	var errs []error
	for _, n := range slices.Backward(p.Nodes) {
		for _, d := range slices.Backward(n.Fn.Resources) {
			if !needed[d] {
				needed[d] = true // closed once
				errs = append(errs, r.closeEverywhere(d, cores, on))
			}
		}
	}
	return errors.Join(errs...)
}

// closeEverywhere closes a resource, shared or not.
func (r *resources) closeEverywhere(d *plan.ResourceDecl, cores []*Core, on OnCore) error {
	if _, ok := r.shared[d]; ok {
		return r.close(d, -1, cores, on)
	}
	var errs []error
	for i := range cores {
		errs = append(errs, r.close(d, i, cores, on))
	}
	return errors.Join(errs...)
}

// inUse reports whether a core owns a unit of a part, or will.
func (r *resources) inUse(p *plan.Part, cores []*Core, on OnCore) bool {
	used := r.coming[p] > 0
	for i, k := range cores {
		used = !on(i, func() { used = used || k.holds(p) }) || used
	}
	return used
}

// holds reports whether a unit of a part is here, or may be.
func (k *Core) holds(p *plan.Part) bool {
	if k.byDefault(p) && !k.set.Leaving.Load() {
		return true
	}
	for id, u := range k.units {
		if id.Part == p && u.phase != unitAway {
			return true
		}
	}
	return false
}

// reopen gives a lane that replaces one of a lost handler what that had: the
// scratch of the old one may still be in use and stays open.
func (r *resources) reopen(old map[*plan.ResourceDecl]any) (map[*plan.ResourceDecl]any, error) {
	m := map[*plan.ResourceDecl]any{}
	var errs []error
	for _, n := range r.app.Nodes {
		for _, d := range n.Fn.Resources {
			x, had := old[d]
			if _, done := m[d]; !had || done {
				continue
			}
			if !d.Shared {
				var err error
				if x, err = d.Open(); err != nil {
					errs = append(errs, resourceError(n, d, err))
					continue
				}
			}
			m[d] = x
		}
	}
	return m, errors.Join(errs...)
}

// closeAll closes what is open, per core first, when no core runs any more. The
// scratch of a lost handler stays open: it may still be in use.
func (r *resources) closeAll(cores []*Core) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for i := range cores {
		for _, d := range r.declared() {
			if !d.Shared {
				errs = append(errs, r.close(d, i, cores, Directly))
			}
		}
	}
	for _, d := range r.declared() {
		if x, ok := r.shared[d]; ok {
			delete(r.shared, d)
			errs = append(errs, d.Close(x))
		}
	}
	return errors.Join(errs...)
}

// declared returns all resources, each once, in the reverse order of the
// functions.
func (r *resources) declared() []*plan.ResourceDecl {
	var all []*plan.ResourceDecl
	for _, n := range slices.Backward(r.app.Nodes) {
		for _, d := range slices.Backward(n.Fn.Resources) {
			if !slices.Contains(all, d) {
				all = append(all, d)
			}
		}
	}
	return all
}
