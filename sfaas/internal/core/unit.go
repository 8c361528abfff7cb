// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// unitPhase says what a core does with messages for a unit.
type unitPhase uint8

const (
	unitHere     unitPhase = iota // owned by this runtime: they run
	unitStopping                  // owned, and about to leave: they wait
	unitLeft                      // its image has left, the outcome is not known: they wait
	unitAway                      // owned by another runtime: they go there
)

// unit is what one core knows about one unit: its route, and, where this
// runtime owns it, the core's share of its content.
//
//	here --stop--> stopping --quiet, export--> left --outcome--> away
//	 ^                                          |                 |
//	 +----------------- failed: import ---------+                 |
//	 +----------------- import of an image from elsewhere --------+
//
// What each phase means for who asks:
//
//	           messages        handlers   commits      who may end it
//	here       run             run        offered      stop
//	stopping   wait            end        are answered quiet on all cores, then export
//	left       wait            none       none         the outcome, or the end of the link
//	away       go to owner     none       none         an image, a claim, a default
//
// Invariants: a unit is here on all cores of a runtime or on none, but for the moment in
// which a signal goes round; epoch never falls; of two owners the one with the newer
// epoch is right, and everything that carries an older one is refused. insts holds
// exactly the instances of the unit at this core, each with its place in at.
//
// Where nothing is known of a unit it belongs to the owner of the rest of its part
// (rest.go), so that a million units that nobody has used cost nothing.
type unit struct {
	plan.UnitID
	phase   unitPhase
	hushed  bool // stopped while its runtime passes on what has no route
	pinned  bool // it was used before that: it is no part of the rest
	owner   base.NodeID
	epoch   uint32
	uses    int       // keys that know it
	look    uint64    // of allUnits that has seen it
	records uint64    // that this core has made of the unit under the epoch
	newest  base.Slot // that was sent to it from here, or has come here
	fence   base.Slot // first slot of its owner, if it came by a move that fed both
	mute    base.Slot // what it makes of earlier slots is discarded
	insts   []*instance
	ledger  *ledger   // what has been counted, nil until used
	more    *unitMore // what few units have at a time
	gauges            // what it has here

	promised uint32 // up to which epoch this runtime, whose lead this core is, will not import it
}

// unitMore is what a unit has while something of it is under way.
//
// Most units are here, quiet, and have nothing under way: they do without it.
type unitMore struct {
	commits ring[*Batch]   // offered and not released, oldest first
	joins   []*joinBuffer  // by node of the part, nil until used
	waits   ring[waitItem] // what has come since it stopped
	kept    keptList       // made by its instances, not acknowledged
	out     keptList       // made here for it, not acknowledged
	tasks   int            // of parallel functions, under way
	feed    *feed          // both owners are fed, or will be
	asks    []*fenceAsk    // of which this core is the lead, and which its cores have not answered
	reach   *reach         // how far slots must come before the old owner drops it
	move    *Move          // of which this core is the lead
	stops   *Move          // for which it has stopped last
	changes changes        // that go into the next record
	acks    int            // kept messages whose rows may still be there though acknowledged
	pushing int            // messages for it whose push is being recorded
	await   *Move          // that waits for its slot, which has not come to this core
	seal    sealing        // how far its hand-over is, when it has stopped
	taking  *taking        // an import of which this core is the lead
	hands   int            // records of hand-overs that have no answer
}

// waitItem is something that waits until the unit goes on, here or elsewhere.
type waitItem struct {
	item
	line   line
	counts bool // among what its core has taken on: its unit has left, and may be long in coming back
}

// unit returns what is known about a unit, new if need be.
//
// A part whose rest is being passed on is hushed: a unit that appears meanwhile stops at
// once, since it is not clear to whom it belongs.
func (k *Core) unit(id plan.UnitID) *unit {
	if u := k.units[id]; u != nil {
		return u
	}
	u := &unit{UnitID: id, owner: k.restOf(id.Part)}
	switch {
	case u.owner != k.self.Node:
		u.phase = unitAway
	case k.parts[id.Part.Index].hushed:
		u.phase, u.hushed = unitStopping, true
	}
	k.units[id] = u
	return u
}

// unitOf returns the unit of a part to which a key belongs.
func (k *Core) unitOf(p *plan.Part, ks *keyState) *unit {
	if u := ks.unit; u != nil && u.Part == p { // the common case, without a call
		return u
	}
	return k.unitOfPart(p, ks)
}

// unitOfItem returns what this core knows about the unit in which an item runs. The
// key of a task is another core's.
func (k *Core) unitOfItem(it *item) *unit {
	p := it.edge.Node.Part
	if it.task != nil {
		return k.unit(plan.UnitID{Part: p, Root: p.Root(it.ks.key)})
	}
	return k.unitOf(p, it.ks)
}

// Most apps have one part, so that its unit stands in the key itself; the others are in a
// list by part.
func (k *Core) unitOfPart(p *plan.Part, ks *keyState) *unit {
	if p.Index == 0 {
		if ks.unit == nil {
			ks.unit = k.unit(plan.UnitID{Part: p, Root: p.Root(ks.key)})
			ks.unit.addUse(ks)
		}
		return ks.unit
	}
	if ks.others == nil {
		ks.others = make([]*unit, len(k.app.Parts)-1)
	}
	u := &ks.others[p.Index-1]
	if *u == nil {
		*u = k.unit(plan.UnitID{Part: p, Root: p.Root(ks.key)})
		(*u).addUse(ks)
	}
	return *u
}

func (u *unit) addUse(ks *keyState) {
	u.uses++
	if ks.here {
		u.keys++
	}
}

// unitFor is unitOf for a key of which this core may know nothing.
func (k *Core) unitFor(p *plan.Part, key base.Key, ks *keyState) *unit {
	if ks != nil {
		return k.unitOf(p, ks)
	}
	return k.unit(plan.UnitID{Part: p, Root: p.Root(key)})
}

// leave lets a key that is forgotten let go of its units.
func (k *Core) leaveUnits(ks *keyState) {
	drop := func(u *unit) {
		if u == nil {
			return
		}
		u.uses--
		if ks.here {
			u.keys--
		}
		k.dropUnit(u)
	}
	drop(ks.unit)
	for _, u := range ks.others {
		drop(u)
	}
	ks.unit, ks.others = nil, nil
}

// dropUnit forgets a unit of which nothing is known that another one would not have
// too.
// Any of these would be lost with it: a route, an instance, something under way, or the
// knowledge that it is no part of a rest that has been passed on.
func (k *Core) dropUnit(u *unit) {
	if u.uses == 0 && u.epoch == 0 && u.promised == 0 && !u.pinned && u.phase != unitStopping && u.phase != unitLeft && len(u.insts) == 0 && u.idle() {
		k.closeLedger(u)
		delete(k.units, u.UnitID)
	}
}

// idle reports whether nothing of the unit is under way, and forgets where it
// would be.
func (u *unit) idle() bool {
	m := u.more
	if m == nil {
		return true
	}
	if m.commits.len()+m.waits.len()+m.tasks+m.acks+m.pushing+m.hands+len(m.changes.writes) > 0 || m.kept.first != nil || m.out.first != nil || m.feed != nil || m.move != nil || len(m.asks) > 0 || m.taking != nil {
		return false
	}
	for _, b := range m.joins {
		if b != nil && (b.narrow.first != nil || len(b.wide) > 0) {
			return false
		}
	}
	return true
}

// inMove reports whether a move of which this core is the lead is under way. One
// that waits for its slot has changed nothing yet.
func (u *unit) inMove() bool { return u.more != nil && u.more.move != nil && !u.more.move.awaits }

// busy returns the part of the unit for what is under way.
func (u *unit) busy() *unitMore {
	if u.more == nil {
		u.more = &unitMore{}
	}
	return u.more
}

// quiet reports whether what the core does for a unit that has stopped has
// ended: nothing runs, and every commit has been answered.
func (k *Core) quiet(u *unit) bool {
	m := u.busy()
	return m.commits.len() == 0 && m.tasks == 0 && len(m.changes.writes) == 0 && !(k.cur.active && k.unitOf(k.cur.edge.Node.Part, k.cur.ks) == u)
}

// addInstance lets the unit know an instance of it.
func (u *unit) addInstance(inst *instance) {
	inst.unit, inst.at = u, int32(len(u.insts))
	u.insts = append(u.insts, inst)
}

// removeInstance is its inverse; the last instance takes the place.
func (u *unit) removeInstance(inst *instance) {
	last := len(u.insts) - 1
	u.insts[inst.at] = u.insts[last]
	u.insts[inst.at].at = inst.at
	u.insts[last] = nil
	u.insts = u.insts[:last]
}

// lead returns the core of this runtime that leads the moves of a unit.
//
// All cores of a runtime agree on it without talking, and so do runtimes with equal
// numbers of cores.
func (k *Core) lead(id plan.UnitID) int { return k.coreOf(id.Root.KeyGroup()) }

// Units returns the units of which this core has content, or which it has got by
// a route.
func (k *Core) Units() []base.Unit {
	var all []base.Unit
	for _, u := range k.sortedUnits() {
		if u.phase != unitAway && (u.uses > 0 || u.epoch > 0) {
			all = append(all, u.Unit())
		}
	}
	return all
}

// allUnits returns all units that this core knows, in an order that depends on
// events alone: those of keys as they came, and then the others, sorted. It is for
// a look at all of many units, which takes longer to sort than to write.
// Sorting a million units takes longer than looking at them; those of keys come in the
// order of keys, which events alone decide.
func (k *Core) allUnits() []*unit {
	k.unitLook++
	all := make([]*unit, 0, len(k.units))
	add := func(u *unit) {
		if u != nil && u.look != k.unitLook {
			u.look = k.unitLook
			all = append(all, u)
		}
	}
	for _, ks := range k.order {
		add(ks.unit)
		for _, u := range ks.others {
			add(u)
		}
	}
	if len(all) < len(k.units) {
		for _, u := range k.sortedUnits() {
			add(u)
		}
	}
	return all
}

// sortedUnits returns all units that this core knows, in an order that does not
// depend on the map.
func (k *Core) sortedUnits() []*unit {
	all := make([]*unit, 0, len(k.units))
	for _, u := range k.units {
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b *unit) int {
		if a.Part != b.Part {
			return a.Part.Index - b.Part.Index
		}
		return a.Root.Compare(b.Root)
	})
	return all
}
