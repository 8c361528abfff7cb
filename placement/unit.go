// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Unit is a handle of what an app has under one key: of its unit in each part that is placed.
// It is an [sfaas.Host] that follows them: what is pushed into it goes to the owner, wherever
// that is, and to both owners while a unit moves in mode [sfaas.Fed].
//
//	cell := dep.Unit(block.CellKey(7))
//	err := cell.Ensure(ctx)
//	err = chain.Slots.Push(cell, key, n, samples)
//
// While an owner is lost and no standby has taken over, what is pushed on edges that promise
// nothing is lost, as on the air. Where the runtime knows that nobody can be reached it
// refuses with a [*sfaas.MovedError], after the handle has waited for the next route: for a
// slot, or a second where there are none or longer ones. A source of slots goes on with the next slot.
//
// Where the deployment has limits, or the nodes are shared by tenants, the handle holds the unit to
// them: what is beyond is refused with a [*meter.LimitError], which is [sfaas.ErrBusy] if it may
// be tried again; see [Spec].Limits and [Config].Tenants.
//
// A Unit may be used concurrently. Pushes do not allocate in the steady state.
type Unit struct {
	sfaas.Host
	d     *Deployment
	key   sfaas.Key
	units []sfaas.Unit
}

// patience is for how long a push waits for an owner, at most.
const patience = time.Second

// Unit returns the handle of the units under a key of one level, of the kind that is
// deployed; one of another kind has no unit, and [Unit.Ensure] says so.
func (d *Deployment) Unit(key sfaas.Key) *Unit {
	u := d.handle(key)
	u.Host = d.metered(u.Host, u.units)
	return u
}

// handle returns a handle that is held to no limit.
func (d *Deployment) handle(key sfaas.Key) *Unit {
	u := &Unit{d: d, key: key.Root()}
	for _, p := range d.placed {
		u.units = append(u.units, sfaas.Unit{Part: p.Name, Root: u.key})
	}
	u.Host = sfaas.Retry(d.rt, u.again)
	return u
}

// Key returns the key.
func (u *Unit) Key() sfaas.Key { return u.key }

// Ensure returns when each unit under the key has an owner that this node knows, and as many
// standbys as the [SLA] says; and from then on the nodes keep it so. Whoever pushes or calls
// may do so at once. It returns an error that says why no node has room, and the error of ctx.
//
// From a call that has succeeded on this node wants the unit, for as long as it is in the zone
// or until [Unit.Release]: a unit that has lost its owner and its standbys is placed anew by a
// node that has called Ensure, and by no other one. A call that fails, or whose ctx ends first,
// leaves nothing behind but what other calls want, and a kept unit that it has placed already.
func (u *Unit) Ensure(ctx context.Context) error {
	var all []func(stands bool)
	var err error
	for _, x := range u.units {
		if _, err = u.d.unit(x.Root, x.Part); err != nil {
			break
		}
		var epoch uint32
		var settle func(bool)
		if epoch, settle, err = u.d.ctl.ensure(ctx, u.d, x); err != nil {
			break
		}
		all = append(all, settle)
		if err = u.awaitRoute(ctx, x, epoch); err != nil {
			break
		}
	}
	for _, settle := range all {
		settle(err == nil)
	}
	return err
}

// awaitRoute waits until this node knows a route that is no older than an epoch.
func (u *Unit) awaitRoute(ctx context.Context, x sfaas.Unit, epoch uint32) error {
	return u.d.await(ctx, func() bool {
		r, err := u.d.rt.Route(x)
		return err == nil && r.Epoch >= epoch
	})
}

// Release takes the units under the key out of service, whoever has called Ensure: their owners
// and standbys drop what they have of them, leases are free, and no node wants them any more.
// It may be called again, and for units that were never placed. What they have used stays in
// [Node.Report].
//
// It returns when every member of the zone knows, so it waits for one that does not answer,
// until that is a member no more. From then on pushes are refused, with a [*sfaas.MovedError]
// whose owner is 0, and what is still under way is not published. An Ensure at any node brings
// the units into service again, empty. It ends each Ensure that had returned before it was
// called; of those at the same time either may win, and one that still waits has the units
// placed again.
//
// It changes nothing, and returns a [*sfaas.KeptError], where a unit is kept: the only copy of
// its content is at its owner, and what that has recorded of it in a store would bring it back.
// Such a unit goes with its deployment. Otherwise it returns the error of ctx, after which the
// unit may be in service, in parts, or go out of it a little later.
func (u *Unit) Release(ctx context.Context) error {
	for _, x := range u.units {
		soft, err := u.d.unit(x.Root, x.Part)
		if err != nil {
			return err
		}
		if !soft {
			r := u.d.route(x)
			return &sfaas.KeptError{Unit: x, Owner: r.Owner, Epoch: r.Epoch}
		}
	}
	for _, x := range u.units {
		epoch, err := u.d.ctl.release(ctx, u.d, x)
		if err != nil {
			return err
		}
		if err := u.awaitRoute(ctx, x, epoch); err != nil {
			return err
		}
	}
	return nil
}

// Move brings the units under the key to a node, those of the parts that are named by any of
// their functions, or all: as the nodes do by themselves, with a lease at the target. It
// returns when they are there, an [*UnplacedError] if the target has no room, and the error
// of ctx.
func (u *Unit) Move(ctx context.Context, to sfaas.NodeID, functions ...string) error {
	named := map[string]bool{}
	for _, name := range functions {
		f, err := u.d.app.Function(name)
		if err != nil {
			return err
		}
		named[f.Part] = true
	}
	for _, x := range u.units {
		if len(functions) > 0 && !named[x.Part] {
			continue
		}
		if err := u.moveOne(ctx, x, to); err != nil {
			return err
		}
	}
	return nil
}

// moveOne asks again where the nodes say that it is done and the routes do not: what this
// node has heard of owners may be some rounds old.
func (u *Unit) moveOne(ctx context.Context, x sfaas.Unit, to sfaas.NodeID) error {
	there := func() bool {
		r, err := u.d.rt.Route(x)
		return err == nil && r.Owner == to && to != nobody
	}
	for !there() {
		if err := u.d.ctl.relocate(ctx, u.d, x, to); err != nil {
			return err
		}
		short, stop := context.WithTimeout(ctx, newsTime)
		err := u.d.await(short, there)
		stop()
		if err != nil && (ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded)) {
			return err
		}
	}
	return nil
}

// newsTime is within what time the news of a move has gone round.
const newsTime = 100 * time.Millisecond

// Routes returns who owns the units, in the order of the parts, as far as this node knows;
// the owner of one that nobody owns is 0.
func (u *Unit) Routes() []sfaas.Route {
	var all []sfaas.Route
	for _, x := range u.units {
		r, err := u.d.rt.Route(x)
		if err != nil {
			continue
		}
		if r.Owner == nobody {
			r.Owner = 0
		}
		all = append(all, r)
	}
	return all
}

// again is asked when a push is refused. It waits for the next route, or for a connection with
// the owner, if that may help.
func (u *Unit) again(err error) bool {
	var moved *sfaas.MovedError
	if !errors.As(err, &moved) {
		return false
	}
	wait := min(cmp.Or(u.d.cfg.Slot, patience), patience)
	since := sfaas.Now().Add(-upTime)
	ctx, stop := context.WithTimeout(u.d.ctx, wait)
	defer stop()
	return u.d.await(ctx, func() bool {
		r, err := u.d.rt.Route(moved.Unit)
		return err == nil && (r.Owner != moved.Owner || r.Epoch != moved.Epoch) || u.d.metSince(moved.Owner, since)
	}) == nil
}

// upTime is how long ago a connection may have been made that a push has missed by a moment.
const upTime = 10 * time.Millisecond

// metSince reports whether a connection with a node has been made since a moment, and is there.
func (d *Deployment) metSince(node sfaas.NodeID, since sfaas.Time) bool {
	d.mu.Lock()
	at, ok := d.ups[node]
	d.mu.Unlock()
	return ok && at >= since && d.node.Connected(node)
}

// Receive makes this node the one at which what comes out under a key surfaces: it owns the
// units of the parts that are sinks alone, behind a cut. Another node that calls it later
// takes them over. They are not placed, and need no lease.
func (d *Deployment) Receive(ctx context.Context, key sfaas.Key) error {
	found := false
	for _, p := range d.app.Parts() {
		if d.places(p.Name) || !sinksAlone(d.app, p) {
			continue
		}
		found = true
		if err := d.receive(ctx, sfaas.Unit{Part: p.Name, Root: key.Root()}); err != nil {
			return err
		}
	}
	if !found {
		return &sfaas.OptionError{Option: "placement.Deployment.Receive", Got: "no sink behind a cut in app " + d.app.Name(), Want: "one"}
	}
	return nil
}

func (d *Deployment) receive(ctx context.Context, u sfaas.Unit) error {
	for {
		r, err := d.rt.Route(u)
		switch {
		case err != nil:
			return err
		case r.Owner == d.ctl.ID():
			return nil
		case r.Epoch == 0 && d.kept[u.Part]:
			return d.rt.Own(u)
		}
		err = d.rt.Claim(u, d.ctl.claimEpoch(r.Epoch))
		if !errors.Is(err, sfaas.ErrStaleEpoch) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// move implements carrier. A move in mode Fed goes by slots, so a unit that has none at
// the moment moves in mode Soft.
func (d *Deployment) move(ctx context.Context, u sfaas.Unit, to sfaas.NodeID) (sfaas.MoveReport, error) {
	mode := d.cfg.mode(!d.kept[u.Part])
	if mode == sfaas.Fed && d.rests(u) {
		mode = sfaas.Soft
	}
	return d.rt.MoveUnit(ctx, u, to, sfaas.MoveConfig{Mode: mode})
}

// A unit is at rest when so many slots in a row, and for so long, have brought it nothing.
// Looks that came late do not count: then this process was stopped, and not the slots. After
// restMost it counts as resting all the same.
const (
	restSlots = 32
	restLeast = 300 * time.Millisecond
	restMost  = 2 * time.Second
)

// rests reports whether no slot of a unit comes.
func (d *Deployment) rests(u sfaas.Unit) bool {
	slots := func() (n uint64) {
		for _, s := range d.stats(nil) {
			if s.Unit == u && s.Owned {
				n += s.Slots + uint64(s.Queued)
			}
		}
		return n
	}
	begun, step := slots(), max(d.cfg.Slot, restLeast/restSlots)
	start := time.Now()
	for quiet := 0; quiet < restSlots && time.Since(start) < restMost; {
		at := time.Now()
		if !d.sleep(step) || slots() != begun {
			return false
		}
		if time.Since(at) < 2*step {
			quiet++
		}
	}
	return true
}
