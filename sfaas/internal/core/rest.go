// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Rest says who owns the units of a part that have no route. At first that is who
// the options name, the same at all linked runtimes. When that runtime leaves, it
// passes the rest on:
//
//  1. The lead of the part asks the cores of its runtime which units without a route
//     they have. From then on they hold what comes for any other one.
//  2. The units that they have are no part of the rest any more: they stay where they
//     are until they move, under routes of epoch 0.
//  3. The successor takes the rest, at all of its cores, under the next epoch, hears
//     of those routes, and says so.
//  4. Now all runtimes hear of both. What was held, and what is kept for units without
//     a route, goes to the successor, which knows that it owns them.
//
// If the connection is lost between 3 and 4 the old owner goes on holding, and asks the
// successor again, under the same epoch, when they are linked again. If its life is over
// and there are no records of it, the rest stays, under an epoch that is newer still.
//
// So no unit is ever at both: before step 3 the old owner holds everything, and
// nobody sends to the successor before that knows.
type Rest struct {
	Part  string      // name of the part
	Owner base.NodeID // who owns its units that have no route
	Epoch uint32      // rises with each owner; 0: as the options say
}

// Resignation is one attempt to pass the rest of a part on. It does not change once
// it has left the lead.
type Resignation struct {
	Rest              // who is to own what, and from which epoch on
	From base.NodeID  // who has owned it
	Used []base.Route // of epoch 0: where units are that are no part of the rest

	wait int // cores that have not answered
	done func(used []base.Route, err error)
}

// same is [Move.same] for attempts to pass a rest on.
func (r *Resignation) same(o *Resignation) bool {
	return r == o || (r.Rest == o.Rest && r.From == o.From)
}

// partState is what a core knows about a part beside its units.
//
// While it is hushed, nobody owns a unit of the part that is not known here: what comes
// for one waits.
type partState struct {
	rest   Rest
	hushed bool         // what comes for units without a route is held
	resign *Resignation // of which this core is the lead
}

// ResignEvent returns the event that asks the lead of a part to pass its rest on;
// done gets the outcome, and routes to the units that stay.
func ResignEvent(part string, from, to base.NodeID, done func(used []base.Route, err error)) Event {
	r := &Resignation{Rest: Rest{Part: part, Owner: to}, From: from, done: done}
	return Event{Kind: EventSignal, Signal: &Signal{Kind: signalResign, Resign: r}}
}

// RouteEvent returns the event that brings news of a route, RestEvent of a rest.
func RouteEvent(r base.Route) Event {
	return Event{Kind: EventSignal, Signal: &Signal{Kind: signalRoute, Route: r}}
}

// RestEvent is [RouteEvent] for the rest of a part.
func RestEvent(r Rest) Event {
	return Event{Kind: EventSignal, Signal: &Signal{Kind: signalRest, Resign: &Resignation{Rest: r}}}
}

// restOf returns who owns the units of a part that have no route.
func (k *Core) restOf(p *plan.Part) base.NodeID {
	if x := &k.parts[p.Index]; x.rest.Epoch > 0 {
		return x.rest.Owner
	}
	return k.set.DefaultOwner(p.Name)
}

// restLead returns the core that leads what concerns all units of a part.
//
// The root key stands for all units of a part, so its core leads.
func (k *Core) restLead() int { return k.coreOf(base.Key{}.KeyGroup()) }

// signalOfRest handles what concerns the rest of a part.
func (k *Core) signalOfRest(s *Signal) {
	r := s.Resign
	p := k.app.PartOf(r.Part)
	if p == nil {
		return // of another version
	}
	x := &k.parts[p.Index]
	switch s.Kind {
	case signalResign:
		k.resign(p, r)
	case signalHush:
		k.restToLead(&Signal{Kind: signalHushed, Resign: r, Used: k.hush(p)})
	case signalHushed:
		r.Used = append(r.Used, s.Used...)
		if r.wait--; r.wait == 0 {
			k.bequeath(x, r)
		}
	case signalUnhush:
		k.unhush(p)
	case signalHeir:
		k.inherit(p, r)
	case signalInherited:
		if r = x.resign; r == nil || !r.same(s.Resign) {
			return
		}
		x.resign = nil
		if s.Err == nil {
			k.restEverywhere(&Signal{Kind: signalRest, Resign: r})
		} else {
			k.restToCores(&Signal{Kind: signalUnhush, Resign: r})
		}
		k.resigned(r, s.Err)
	case signalRest:
		k.learnRest(p, r)
	}
}

// resign is step 1, at the lead.
//
// The first lead of a rest can be wrong about being the owner only if news is on its way;
// it is then refused, with the owner's name.
func (k *Core) resign(p *plan.Part, r *Resignation) {
	x := &k.parts[p.Index]
	var err error
	switch owner := k.restOf(p); {
	case owner != k.self.Node:
		err = &base.MovedError{Unit: base.Unit{Part: p.Name}, Owner: owner, Epoch: x.rest.Epoch}
	case x.resign != nil:
		err = base.ErrMoving
	case r.Owner == k.self.Node:
		err = base.ErrOwned
	case !slices.Contains(k.peers, r.Owner):
		err = base.ErrUnlinked
	}
	if err != nil {
		k.resigned(r, err)
		return
	}
	x.resign, r.Epoch, r.wait = r, x.rest.Epoch+1, k.count
	k.restToCores(&Signal{Kind: signalHush, Resign: r})
}

// resigned tells who asked how an attempt has ended.
func (k *Core) resigned(r *Resignation, err error) {
	k.effect(Effect{Kind: EffectMoved, Signal: &Signal{Kind: signalInherited, Resign: r}, Err: err})
}

// hush lets what comes for units that the core does not have wait, and returns
// those that it has and that have no route.
//
// Units that are known but unused are stopped, and not reported: they go with the rest.
// Those with content stay.
func (k *Core) hush(p *plan.Part) (used []base.Route) {
	k.parts[p.Index].hushed = true
	for _, u := range k.sortedUnits() {
		switch {
		case u.Part != p || u.epoch > 0 || u.phase == unitAway:
		case u.phase == unitHere && !u.used():
			u.phase, u.hushed = unitStopping, true
		default:
			used = append(used, u.route())
		}
	}
	return used
}

// used reports whether the core has content of a unit, or knows keys of it.
func (u *unit) used() bool { return u.uses > 0 || len(u.insts) > 0 || !u.idle() }

// unhush lets units without a route be owned here as before.
func (k *Core) unhush(p *plan.Part) {
	if !k.parts[p.Index].hushed {
		return
	}
	k.parts[p.Index].hushed = false
	for _, u := range k.sortedUnits() {
		if u.Part == p && u.hushed {
			u.phase, u.hushed = unitHere, false
			k.goOn(u)
		}
	}
}

// inherit is step 3, at the successor's lead.
//
// From the answer on the successor owns what nobody has used; the old owner hears it
// before any other runtime, so that nothing is sent past it.
func (k *Core) inherit(p *plan.Part, r *Resignation) {
	var err error
	switch {
	case k.set.Leaving.Load():
		err = base.ErrClosed
	case r.Rest == k.parts[p.Index].rest: // it is asked again: yes
		k.toRestOf(r.From, &Signal{Kind: signalInherited, Resign: r})
		return
	case r.Epoch <= k.parts[p.Index].rest.Epoch:
		err = base.ErrStaleEpoch
	}
	if err == nil {
		k.restToCores(&Signal{Kind: signalRest, Resign: r})
	}
	k.toRestOf(r.From, &Signal{Kind: signalInherited, Resign: r, Err: err})
}

// learnRest takes news of the rest of a part; older news changes nothing.
//
// Routes of epoch 0 come first: they say which units are excepted, before the rest has a
// new owner.
func (k *Core) learnRest(p *plan.Part, r *Resignation) {
	x := &k.parts[p.Index]
	if !base.Newer(r.Epoch, r.Owner, x.rest.Epoch, x.rest.Owner) {
		return
	}
	for _, route := range r.Used {
		k.learn(k.unit(plan.UnitID{Part: p, Root: route.Unit.Root}), route)
	}
	x.rest, x.hushed, k.told = r.Rest, false, nil
	for _, u := range k.sortedUnits() {
		if u.Part == p && u.epoch == 0 && !u.pinned && u.owner != r.Owner {
			k.settleOwner(u, r.Owner)
		}
	}
	if k.restLead() == k.self.Core {
		if k.keeps {
			w := k.changes(k.local)
			w.writes = k.rec.Rest(w.writes, x.rest)
		}
		k.effect(Effect{Kind: EffectRoute, Signal: &Signal{Kind: signalRest, Resign: r}})
	}
}

// settleOwner makes a runtime the owner of a unit that has no route of a move.
//
// A runtime that was away while the rest was passed on may have begun units of it. They
// were begun by someone who did not own them, and are given up.
func (k *Core) settleOwner(u *unit, owner base.NodeID) {
	if u.phase != unitAway && !u.hushed && owner != k.self.Node && u.used() {
		k.lose(u) // somebody has come back who did not know
	}
	if u.hushed || u.phase == unitAway || owner != k.self.Node {
		k.closeLedger(u)
		if u.phase = unitAway; owner == k.self.Node {
			u.phase = unitHere
		}
	}
	u.owner, u.hushed = owner, false
	k.goOn(u)
}

// bequeath is step 2, at the lead, when all cores have answered. If the successor is not
// linked any more, nothing has happened yet.
func (k *Core) bequeath(x *partState, r *Resignation) {
	if slices.Contains(k.peers, r.Owner) {
		// Who hears of this owner and has not heard of an earlier one learns its exceptions
		// too.
		r.Used = append(r.Used, k.pinned(r.Part)...)
		k.toRestOf(r.Owner, &Signal{Kind: signalHeir, Resign: r})
		return
	}
	x.resign = nil
	k.restToCores(&Signal{Kind: signalUnhush, Resign: r})
	k.resigned(r, base.ErrUnlinked)
}

// askHeir asks a runtime that is linked again for the answers to step 3 that have not come.
func (k *Core) askHeir(node base.NodeID) {
	for i := range k.parts {
		if r := k.parts[i].resign; r != nil && r.Owner == node && r.wait == 0 {
			k.toRestOf(node, &Signal{Kind: signalHeir, Resign: r})
		}
	}
}

// restGone ends an attempt to pass the rest on to a runtime whose life is over. It may have
// had the rest, and told others so: they hear of a newer owner, which is this runtime.
func (k *Core) restGone(node base.NodeID) {
	for i := range k.parts {
		x := &k.parts[i]
		r := x.resign
		if r == nil || r.Owner != node || r.wait > 0 || k.keeps {
			continue
		}
		x.resign = nil
		k.restToCores(&Signal{Kind: signalUnhush, Resign: r})
		k.restEverywhere(&Signal{Kind: signalRest, Resign: &Resignation{Rest: Rest{Part: r.Part, Owner: k.self.Node, Epoch: r.Epoch + 1}}})
		k.resigned(r, base.ErrClosed)
	}
}

// tellRests tells the cores of another runtime of the rests that were passed on, once
// as long as nothing has changed: what is on its way from there meanwhile would ask
// for the same again and again.
func (k *Core) tellRests(node base.NodeID) {
	if slices.Contains(k.told, node) {
		return
	}
	k.told = append(k.told, node)
	for i := range k.parts {
		if x := k.parts[i].rest; x.Epoch > 0 {
			r := &Resignation{Rest: x, Used: k.pinned(x.Part)}
			k.effect(Effect{Kind: EffectSignal, To: Endpoint{node, allCores}, Signal: &Signal{Kind: signalRest, Resign: r}})
		}
	}
}

// pinned returns where units of a part are that were excepted when its rest was passed on,
// and have not moved since.
func (k *Core) pinned(part string) (used []base.Route) {
	for _, u := range k.sortedUnits() {
		if u.pinned && u.epoch == 0 && u.Part.Name == part {
			used = append(used, u.route())
		}
	}
	return used
}

// toRestOf sends a signal to the lead of the part at another runtime.
func (k *Core) toRestOf(node base.NodeID, s *Signal) {
	k.effect(Effect{Kind: EffectSignal, To: Endpoint{node, int(base.Key{}.KeyGroup())}, Signal: s})
}

// restToCores, restToLead and restEverywhere are tell, toLead and everywhere for
// what concerns a part.
func (k *Core) restToCores(s *Signal) {
	for c := range k.count {
		if c != k.self.Core {
			k.effect(Effect{Kind: EffectSignal, To: Endpoint{k.self.Node, c}, Signal: s})
		}
	}
	k.signalOfRest(s)
}

func (k *Core) restToLead(s *Signal) {
	if c := k.restLead(); c != k.self.Core {
		k.effect(Effect{Kind: EffectSignal, To: Endpoint{k.self.Node, c}, Signal: s})
		return
	}
	k.signalOfRest(s)
}

func (k *Core) restEverywhere(s *Signal) {
	k.effect(Effect{Kind: EffectSignal, To: Endpoint{base.AllNodes, allCores}, Signal: s})
	k.restToCores(s)
}
