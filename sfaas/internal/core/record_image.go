// SPDX-License-Identifier: Apache-2.0

package core

import "github.com/neuroran/neuroran/sfaas/internal/plan"

// A unit that comes from elsewhere, by a move or from a snapshot, has no rows here: each
// core writes those of its share.

// writesImage reports whether what a unit brings is to be written.
func (k *Core) writesImage(u *unit, img *Image) bool { return k.recordsOf(u.Part) && !img.recorded }

// recordOwner notes that this runtime owns a unit now.
func (k *Core) recordOwner(u *unit) {
	if k.recordsOf(u.Part) && k.lead(u.UnitID) == k.self.Core {
		w := k.changes(u)
		w.writes = k.rec.Fence(w.writes, u.fence)
	}
}

// recordInstance writes an instance and what waits there.
func (k *Core) recordInstance(inst *instance) {
	x := Instance{inst}
	inst.recorded = true
	w := k.changes(inst.unit)
	w.writes = k.rec.Head(w.writes, x)
	for _, s := range inst.cells {
		if s.Head().Decl.Staged() {
			w.writes = k.rec.Content(w.writes, x, s, k.now)
		}
	}
	few := inst.few
	if few == nil {
		return
	}
	for i := range few.seen.list {
		if m := &few.seen.list[i]; m.From != 0 { // not one that only keeps an order
			m.durable = m.Taken
			w.writes = k.rec.Mark(w.writes, x, m, m.Taken)
		}
	}
	for in := range x.Settings() {
		w.writes = k.rec.Setting(w.writes, x, &in)
	}
	for t := range x.Timers() {
		w.writes = k.rec.Timer(w.writes, x, &t)
	}
	for i := range few.controls {
		c := &few.controls[i]
		k.recordTaken(c.edge, c.msg, inst.ks, &c.stamp)
	}
	for i := range few.waiting.len() {
		k.recordItem(few.waiting.at(i), inst.ks)
	}
}

// recordItem writes the inputs of an item.
func (k *Core) recordItem(it *item, ks *keyState) {
	k.recordTaken(it.edge, it.msg, ks, &it.stamp)
	if it.rest != nil {
		k.recordJoined(it.rest, it.msg, ks)
	}
}

// recordJoined writes inputs but for one that has been written.
func (k *Core) recordJoined(j *joined, but *Message, ks *keyState) {
	for i, m := range j.msgs {
		if m != nil && m != but {
			k.recordTaken(j.edges[i], m, ks, &j.stamps[i])
		}
	}
}

// recordTaken makes an input of the unit of a message that has come with it.
func (k *Core) recordTaken(e *plan.Edge, m *Message, ks *keyState, s **Stamp) {
	if !k.promises(e) {
		return
	}
	in, c := Input{Edge: e, Msg: m}, &Stamp{Edge: e.ID, kind: stampLocal}
	if *s != nil && (*s).kind == stampOther {
		c = (*s).admitted()
		in.Stamp = c
	}
	u := k.unitOf(e.Node.Part, ks)
	c.row, *s = k.nextRow(u), c
	w := k.changes(u)
	w.writes = k.rec.Input(w.writes, c.row, ks.key, &in)
}

// recordKept writes a message that the unit has kept elsewhere.
func (k *Core) recordKept(u *unit, x *keptEntry) {
	x.row = k.nextRow(u)
	w := k.changes(u)
	w.writes = k.rec.Kept(w.writes, x.row, &Kept{Input{x.edge, x.msg, x.stamp}, x.key})
}
