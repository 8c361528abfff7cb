// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Image is everything that a unit is: what moves to another runtime, and, as
// bytes, what a snapshot keeps. The holds of its messages are the image's until
// it is imported.
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

func (h *half) id() spreadID {
	for _, c := range h.edges {
		if c != nil {
			return spreadID{c.ID, h.key, h.slot, h.seq}
		}
	}
	return spreadID{}
}

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
func (k *Core) stop(u *unit) {
	u.phase, u.hushed = unitStopping, false
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
				waits.push(waitItem{it, line(l)})
			}
		}
	}
	k.stopping = append(k.stopping, u)
	k.noteMoving(u)
}

// export packs this core's share of a unit that is quiet, and leaves the unit
// empty.
func (k *Core) export(u *unit) *Image {
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
		img.waits = append(img.waits, w)
	}
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
// again.
func (i *instance) forgetVolatile() {
	for j, s := range i.cells {
		if d := s.Head().Decl; d.Class == base.Volatile {
			i.cells[j] = d.Make()
		}
	}
	if i.few != nil && len(i.few.settings) > 0 {
		i.few.controls = append(i.few.settings, i.few.controls...)
		i.few.settings = nil
	}
}

// mergeWide leaves one of the copies of every spread input that waited in the
// lines of several cores.
func (m *Image) mergeWide() {
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
}

// share prepares an image for the cores of this runtime: each gets its instances,
// which nobody else looks at from then on, and a hold on every spread input.
func (m *Image) share(cores int) {
	m.shares = m.divide(cores)
	for i := range m.waits {
		if w := &m.waits[i]; w.edge.IsWide() {
			w.msg.take(int32(cores - 1))
		}
	}
	for _, b := range m.joins {
		if b == nil {
			continue
		}
		for i := range b.wide {
			for _, x := range b.wide[i].msgs {
				if x != nil {
					x.take(int32(cores - 1))
				}
			}
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

// take makes this core's share of an image its own: what falls to it by key.
// The unit is owned here from now on.
//
//  1. Instances, with their timers and what waits at them.
//  2. Halves, without looking for partners: those were there before.
//  3. What waited in lines, in the same lines; what an instance had made for
//     another key goes behind the running work, before anything newer of it.
//  4. What its instances had sent and is not acknowledged is filed here; the
//     caller sends it.
func (k *Core) take(u *unit, img *Image) {
	mine := func(key base.Key) bool { return k.coreOf(key.KeyGroup()) == k.self.Core }
	insts := img.insts
	if img.shares != nil {
		insts = img.shares[k.self.Core]
	}
	for _, inst := range insts {
		if img.soft {
			inst.forgetVolatile()
		}
		k.takeInstance(inst, k.state(inst.ks.key, inst.ks.group))
	}
	for i, b := range img.joins {
		if b != nil {
			k.takeJoins(u.joins(u.Part.Nodes[i]), b, mine)
		}
	}
	for i := range img.waits {
		w := img.waits[i]
		if w.edge.IsWide() {
			k.arriveWide(w.edge, w.msg, k.state(w.ks.key, w.ks.group))
		} else if mine(w.ks.key) {
			w.ks = k.state(w.ks.key, w.ks.group)
			k.takeWaiting(w)
		}
	}
	for _, inst := range insts { // behind what waits in lines: a repetition is older
		if few := inst.few; few != nil && few.waiting.len() > 0 {
			k.inline.push(item{edge: few.waiting.at(0).edge, ks: inst.ks, gate: true})
		}
	}
	for _, x := range img.kept {
		if mine(x.stamp.Source) {
			k.takeKept(u, x)
		}
	}
}

// sendKept sends again what the instances of a unit had sent and is not
// acknowledged: it is filed here now.
func (k *Core) sendKept(u *unit) {
	if u.more == nil {
		return
	}
	for x := u.more.kept.first; x != nil; {
		next := x.links[keptBy].after
		x.msg.take(1)
		k.transmit(x.to, x.edge, x.msg, x.key, nil, x.stamp)
		x = next
	}
}

func (k *Core) takeInstance(inst *instance, ks *keyState) {
	inst.sent = max(inst.sent, k.idle.sent[inst.node.Index])
	k.place(inst, ks)
	few := inst.few
	if few == nil {
		return
	}
	timers := few.timers
	few.timers, few.tokens = nil, nil
	for _, t := range timers {
		k.setInstanceTimer(inst, *t)
	}
	for i := range few.waiting.len() {
		few.waiting.at(i).ks = ks
	}
	if few.tasks != nil {
		few.tasks = nil // of the old core
	}
}

func (k *Core) takeJoins(b, from *joinBuffer, mine func(base.Key) bool) {
	b.newest, b.newestWide = max(b.newest, from.newest), max(b.newestWide, from.newestWide)
	for h := from.narrow.first; h != nil; h = h.after {
		if !mine(h.key) {
			continue
		}
		x := *h // the list is read by all cores
		x.ks = k.state(h.key, h.key.KeyGroup())
		b.add(&x)
		k.wakeForJoin(x.node(), x.ks, x.due)
	}
	b.wide = append(b.wide, from.wide...)
}

// node returns the consumer of a half.
func (h *half) node() *plan.Node {
	for _, c := range h.edges {
		if c != nil {
			return c.Node
		}
	}
	return nil
}

// takeWaiting lets a message that waited take its course. A joined item, and one
// that is to be repeated, is past that: it runs.
func (k *Core) takeWaiting(w waitItem) {
	e := w.edge
	inside := !e.From.Source && !e.Cross // made by an instance of the unit
	switch {
	case k.set.Bugs.linesLast && w.rest == nil && !e.Kind.Control():
		k.lineUp(e, w.msg, w.ks, w.stamp)
	case w.rest != nil || w.tries > 0:
		k.inline.push(w.item)
	case e.Kind.Control() || w.line == lineInline || (inside && !e.Queue()):
		k.accept(e, w.msg, w.ks, w.stamp)
	default:
		k.lineUp(e, w.msg, w.ks, w.stamp)
	}
}

func (k *Core) takeKept(u *unit, x *keptEntry) {
	s := *x.stamp
	s.PrevEpoch, s.Prev, s.Via = 0, 0, u.epoch
	y := &keptEntry{stamp: &s, edge: x.edge, msg: x.msg, key: x.key, by: u, to: k.unit(x.to.UnitID)}
	k.file(y)
}

// takePushed takes what sources had pushed for the unit at other runtimes and
// what it has not taken in: its own marks tell. Now that the unit is here, such a
// message is kept by nobody else.
func (k *Core) takePushed(img *Image) {
	for _, x := range img.pushed {
		g := x.key.KeyGroup()
		if k.coreOf(g) != k.self.Core {
			continue
		}
		ks := k.state(x.key, g)
		if inst := ks.insts[x.edge.Node.Index]; inst != nil && inst.few != nil {
			if w := inst.few.seen.find(x.stamp.mark()); w != nil && !x.stamp.place().after(w.Taken) {
				continue
			}
		}
		k.within(x.edge, x.msg, x.key, ks, nil, fromOutside)
	}
}
