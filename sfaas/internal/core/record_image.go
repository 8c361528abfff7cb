// SPDX-License-Identifier: Apache-2.0

package core

import "github.com/neuroran/neuroran/sfaas/internal/plan"

// A unit that comes from elsewhere, by a move or from a snapshot, has no rows here. Those
// of a unit that moves are written before any core has its share, see import.go. From a
// snapshot each core takes its share, and writes the rows of that.

// writesImage reports whether what a unit brings is to be written by the core that takes
// it.
func (k *Core) writesImage(u *unit, img *Image) bool { return k.recordsOf(u.Part) && !img.recorded }

// recordOwner notes that this runtime owns a unit now.
func (k *Core) recordOwner(u *unit) {
	if k.recordsOf(u.Part) && k.lead(u.UnitID) == k.self.Core {
		w := k.changes(u)
		w.writes = k.rec.Fence(w.writes, u.fence)
	}
}

// imageRows makes the rows of an image.
//
// The order of rows is that of the image: instances, halves, lines, kept messages.
// Recovery lets inputs run in that order, and so goes on as the old owner would have.
type imageRows struct {
	k    *Core
	to   *[]Write
	next func() Row // names an input or a kept message
}

// rowsOf returns what makes the rows of this core's share of an image.
func (k *Core) rowsOf(u *unit) *imageRows {
	return &imageRows{k: k, to: &k.changes(u).writes, next: func() Row { return k.nextRow(u) }}
}

// row names the next input or kept message of an image. Rows of the epoch before are
// older than all that the new owner will make, and nobody else has made any here.
func (t *taking) row() Row {
	t.rows++
	return Row{Epoch: t.move.Epoch - 1, N: t.rows}
}

// pieces returns of how many pieces the image consists.
func (t *taking) pieces() int {
	return len(t.img.insts) + len(t.halves) + len(t.img.waits) + len(t.img.kept)
}

// piece makes the rows of the next piece, and reports whether there was one. Pieces are in
// the order in which a core takes them.
func (t *taking) piece(r *imageRows) bool {
	at := t.next
	t.next++
	if at < len(t.img.insts) {
		r.instance(t.img.insts[at])
		return true
	}
	if at -= len(t.img.insts); at < len(t.halves) {
		h := t.halves[at]
		r.joined(&h.joined, nil, newKey(h.key))
		return true
	}
	if at -= len(t.halves); at < len(t.img.waits) {
		w := &t.img.waits[at]
		r.item(&w.item, w.ks)
		return true
	}
	if at -= len(t.img.waits); at < len(t.img.kept) {
		r.kept(t.img.kept[at])
		return true
	}
	t.next--
	return false
}

// halves returns what waits for partners, in the order of [Image.Halves].
func (m *Image) halves() (all []*half) {
	for _, b := range m.joins {
		if b == nil {
			continue
		}
		for h := b.narrow.first; h != nil; h = h.after {
			all = append(all, h)
		}
		for i := range b.wide {
			all = append(all, &b.wide[i])
		}
	}
	return all
}

// instance writes an instance and what waits there.
func (r *imageRows) instance(inst *instance) {
	x, rec, now := Instance{inst}, r.k.rec, r.k.now
	inst.recorded = true
	*r.to = rec.Head(*r.to, x)
	for _, s := range inst.cells {
		// Volatile content is not recorded: a crash loses it, as it would have at the old
		// owner.
		if s.Head().Decl.Staged() {
			*r.to = rec.Content(*r.to, x, s, now)
		}
	}
	few := inst.few
	if few == nil {
		return
	}
	for i := range few.seen.list {
		// A mark is durable as it stands, since what it says has been taken is in this
		// image.
		if m := &few.seen.list[i]; m.From != 0 { // not one that only keeps an order
			m.durable = m.Taken
			*r.to = rec.Mark(*r.to, x, m, m.Taken)
		}
	}
	for in := range x.Settings() {
		*r.to = rec.Setting(*r.to, x, &in)
	}
	for t := range x.Timers() {
		*r.to = rec.Timer(*r.to, x, &t)
	}
	for i := range few.controls {
		c := &few.controls[i]
		r.taken(c.edge, c.msg, inst.ks, &c.stamp)
	}
	for i := range few.waiting.len() {
		r.item(few.waiting.at(i), inst.ks)
	}
}

// item writes the inputs of an item.
func (r *imageRows) item(it *item, ks *keyState) {
	r.taken(it.edge, it.msg, ks, &it.stamp)
	if it.rest != nil {
		r.joined(it.rest, it.msg, ks)
	}
}

// joined writes inputs but for one that has been written.
func (r *imageRows) joined(j *joined, but *Message, ks *keyState) {
	for i, m := range j.msgs {
		if m != nil && m != but {
			r.taken(j.edges[i], m, ks, &j.stamps[i])
		}
	}
}

// taken makes an input of the unit of a message that has come with it.
func (r *imageRows) taken(e *plan.Edge, m *Message, ks *keyState, s **Stamp) {
	if !r.k.promises(e) {
		return
	}
	in, c := Input{Edge: e, Msg: m}, &Stamp{Edge: e.ID, kind: stampLocal}
	// Another unit keeps the message: the stamp goes into the row, so that a later life
	// can acknowledge.
	if *s != nil && (*s).kind == stampOther {
		c = (*s).admitted()
		in.Stamp = c
	}
	c.row, *s = r.next(), c
	*r.to = r.k.rec.Input(*r.to, c.row, ks.key, &in)
}

// kept writes a message that the unit has kept elsewhere.
func (r *imageRows) kept(x *keptEntry) {
	x.row = r.next()
	*r.to = r.k.rec.Kept(*r.to, x.row, &Kept{Input{x.edge, x.msg, x.stamp}, x.key})
}
