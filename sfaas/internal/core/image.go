// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Image is everything that a unit is: what moves to another runtime, and, as
// bytes, what a snapshot keeps. The holds of its messages are the image's until
// it is imported.
//
// There is one form of it for a move in a process, where it is handed over as it is, for
// bytes between processes, for a snapshot, and for a recovery. Whatever a unit comes to
// have, it must be added in five places: export, take, the views, the builder, and lose.
type Image struct {
	plan.UnitID
	Epoch  uint32    // of the owner that made it
	Fence  base.Slot // first slot of its owner, if it came by a move that fed both
	insts  []*instance
	shares [][]*instance // the same, by the core that takes them; nil for one core
	joins  []*joinBuffer // by node of the part, nil where nothing waits
	waits  []waitItem
	kept   []*keptEntry
	pushed []*keptEntry // in a snapshot: for the unit, kept by the runtimes that took the pushes
	soft   bool         // who takes it forgets the content of Volatile cells

	// The target of a move has taken it. Who made it knows that of an image that went to a
	// runtime of its process, and has nothing left then.
	taken atomic.Bool

	recorded bool  // the engine of who takes it has its rows
	leaving  *Hand // of a recovery: its owner has handed it over, and has had no answer
}

// Counts returns how many instances and waiting messages an image has.
func (m *Image) Counts() (instances, messages int) {
	messages = len(m.waits) + len(m.kept)
	for _, b := range m.joins {
		if b != nil {
			messages += b.narrow.n + len(b.wide)
		}
	}
	for _, i := range m.insts {
		if i.few != nil {
			messages += i.few.waiting.len() + len(i.few.controls)
		}
	}
	return len(m.insts), messages
}

// add adds the share of another core.
//
// Cores export side by side, and their shares meet at the lead of the unit.
func (m *Image) add(share *Image) {
	m.insts = append(m.insts, share.insts...)
	m.waits = append(m.waits, share.waits...)
	m.kept = append(m.kept, share.kept...)
	for i, b := range share.joins {
		if b == nil {
			continue
		}
		if m.joins == nil {
			m.joins = make([]*joinBuffer, len(share.joins))
		}
		if m.joins[i] == nil {
			m.joins[i] = b
			continue
		}
		m.joins[i].merge(b)
	}
}

// merge adds the halves of another core. Every core has a copy of a spread
// input: one is kept.
func (b *joinBuffer) merge(o *joinBuffer) {
	b.newest, b.newestWide = max(b.newest, o.newest), max(b.newestWide, o.newestWide)
	for h := o.narrow.first; h != nil; {
		next := h.after
		b.link(h)
		h = next
	}
	for _, w := range o.wide {
		if !b.hasWide(&w) {
			b.wide = append(b.wide, w)
			continue
		}
		for _, m := range w.msgs {
			if m != nil {
				m.release(nil)
			}
		}
	}
}

// spreadID tells apart the inputs that every core keeps a copy of.
type spreadID struct {
	edge base.EdgeID
	key  base.Key
	slot base.Slot
	seq  uint32
}

// id tells a spread input apart from all others: by edge, key, slot and sequence.
func (h *half) id() spreadID {
	for _, c := range h.edges {
		if c != nil {
			return spreadID{c.ID, h.key, h.slot, h.seq}
		}
	}
	return spreadID{}
}

// hasWide reports whether a copy of a spread input is there already.
func (b *joinBuffer) hasWide(w *half) bool {
	for i := range b.wide {
		if b.wide[i].id() == w.id() {
			return true
		}
	}
	return false
}

// stop takes what waits in the lines of this core for a unit out of them, into
// the unit. What arrives later lines up behind it. Tasks that have begun end.
//
// Items leave the lines in the order of the lines, so that they run in the same order
// where the unit goes on. What is not of the unit goes round once and keeps its place.
func (k *Core) stop(u *unit) {
	u.phase, u.hushed = unitStopping, false
	u.busy().seal = sealing{}
	waits := &u.busy().waits
	for l, r := range [...]*ring[item]{lineInline: &k.inline, lineQueued: &k.queued, lineIngress: &k.ingress} {
		n := r.len()
		for range n {
			it := r.pop()
			if it.task != nil || k.unitOf(it.edge.Node.Part, it.ks) != u {
				r.push(it)
				continue
			}
			if r == &k.queued {
				k.gauges[it.edge.ID-1].sub(it.edge, it.msg.size)
			}
			if !it.gate { // who imports looks for those again
				it.ks.held++
				waits.push(waitItem{item: it, line: line(l)})
			}
		}
	}
	u.queued = 0
	k.stopping = append(k.stopping, u)
	k.noteMoving(u)
}

// export packs this core's share of a unit that is quiet, and leaves the unit
// empty.
//
// Quiet means: no handler, no task and no commit of the unit is under way. So an instance
// is all there is, and can leave by pointer. Its key stays here if other units have
// something under it.
func (k *Core) export(u *unit) *Image {
	k.measureDirty() // it knows instances that leave
	k.closeLedger(u)
	u.resident = 0
	m := u.busy()
	img := &Image{UnitID: u.UnitID, Epoch: u.epoch, insts: u.insts, joins: m.joins, Fence: u.fence}
	for _, inst := range u.insts {
		inst.ks.insts[inst.node.Index] = nil
		k.keepSent(inst.node.Index, inst)
		k.unplug(inst)
	}
	u.insts, m.joins = nil, nil
	for _, b := range img.joins {
		if b != nil {
			for h := b.narrow.first; h != nil; h = h.after {
				h.ks.held--
			}
		}
	}
	for m.waits.len() > 0 {
		w := m.waits.pop()
		w.ks.held--
		if w.counts {
			k.load.kept.Add(-1)
			w.counts = false
		}
		img.waits = append(img.waits, w)
	}
	// What instances have sent is filed in two lists: it leaves both, and belongs to the
	// image with its hold.
	for x := m.kept.first; x != nil; {
		next := x.links[keptBy].after
		k.unfile(x)
		img.kept = append(img.kept, x)
		x = next
	}
	return img
}

// unplug takes the timers of an instance out of the heap. They stay with the
// instance.
//
// Timers are sorted, so that they come into another heap in the order in which they would
// have fired.
func (k *Core) unplug(inst *instance) {
	if inst.few == nil {
		return
	}
	timers := inst.few.sorted()
	for _, t := range timers {
		if t.place >= 0 {
			k.timers.remove(t)
			t.place = -1
		}
	}
	inst.few.timers, inst.few.tokens = timers, nil
}

// forgetVolatile empties the Volatile cells; what the last settings said is said
// again, if [hearsAgain].
//
// The settings are put in front of the control that waits, as if they had just come: what
// the function has to know for ever, such as a threshold, is in its volatile cells only
// because they were said once.
func (i *instance) forgetVolatile() {
	for j, s := range i.cells {
		if d := s.Head().Decl; d.Class == base.Volatile {
			i.cells[j] = d.Make()
		}
	}
	if i.few != nil && len(i.few.settings) > 0 && hearsAgain(i.node) {
		i.few.controls = append(i.few.settings, i.few.controls...)
		i.few.settings = nil
	}
}

// mergeWide leaves one of the copies of every spread input that waited in the
// lines of several cores.
//
// A spread input waited once at every core of the old owner. The new owner has a number
// of cores of its own: it takes one hold per core from the one that is left.
func (m *Image) mergeWide() {
	stamps := map[*Message]*Stamp{} // the copy of one core has it
	for i := range m.waits {
		if w := &m.waits[i]; w.stamp != nil && w.edge.IsWide() {
			stamps[w.msg] = w.stamp
		}
	}
	seen := map[*Message]bool{}
	m.waits = slices.DeleteFunc(m.waits, func(w waitItem) bool {
		if !w.edge.IsWide() {
			return false
		}
		if seen[w.msg] {
			w.msg.release(nil)
			return true
		}
		seen[w.msg] = true
		return false
	})
	for i := range m.waits {
		if w := &m.waits[i]; w.edge.IsWide() {
			w.stamp = stamps[w.msg]
		}
	}
}

// divide returns the instances by the core that takes them, nil for one core.
func (m *Image) divide(cores int) [][]*instance {
	if cores == 1 {
		return nil
	}
	shares := make([][]*instance, cores)
	for _, inst := range m.insts {
		at := &shares[int(inst.ks.group)%cores]
		*at = append(*at, inst)
	}
	return shares
}
