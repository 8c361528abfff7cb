// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// share prepares an image for the cores of this runtime: each gets its instances,
// which nobody else looks at from then on, and a hold on every spread input.
//
// Instances are divided beforehand, so that cores can take their shares side by side
// without looking at what is not theirs. Spread inputs are needed by all cores: one hold
// each.
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
	// A core takes what it would have got by message: that of its key groups.
	var rows *imageRows
	if k.writesImage(u, img) {
		rows = k.rowsOf(u)
	}
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
		if rows != nil {
			rows.instance(inst)
		}
	}
	for i, b := range img.joins {
		if b != nil {
			k.takeJoins(u.joins(u.Part.Nodes[i]), b, mine, rows)
		}
	}
	for i := range img.waits {
		w := img.waits[i]
		if rows != nil && mine(w.ks.key) {
			rows.item(&w.item, w.ks)
		}
		// Every core keeps spread inputs; one of them, that of the key, acknowledges.
		if w.edge.IsWide() {
			var s *Stamp
			if mine(w.ks.key) {
				s = w.stamp
			}
			k.arriveWide(w.edge, w.msg, k.state(w.ks.key, w.ks.group), s)
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
	// What is kept for other units is filed, and not sent: they may be in the same image,
	// and must be here first.
	for _, x := range img.kept {
		if mine(x.stamp.Source) {
			k.takeKept(u, x, rows)
		}
	}
}

// sendKept sends again what the instances of a unit had sent and is not
// acknowledged: it is filed here now.
//
// It is filed again under this owner: receivers learn by the epoch who to acknowledge to.
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

// takeInstance places an instance at this core. Counts of messages go on where the
// function's or the instance's own have come, whichever is higher: a number must not be
// given twice under one epoch.
func (k *Core) takeInstance(inst *instance, ks *keyState) {
	inst.sent = max(inst.sent, k.idle.sent[inst.node.Index])
	inst.bytes = 0
	k.place(inst, ks)
	k.noteChange(inst)
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

// takeJoins takes the halves that fall to this core. The buffer is read by all cores of
// the target and belongs to none: halves are copied. The newest slots are the later of
// both sides, so that nothing which the old owner had given up waits here.
func (k *Core) takeJoins(b, from *joinBuffer, mine func(base.Key) bool, rows *imageRows) {
	b.newest, b.newestWide = max(b.newest, from.newest), max(b.newestWide, from.newestWide)
	for h := from.narrow.first; h != nil; h = h.after {
		if !mine(h.key) {
			continue
		}
		x := *h // the list is read by all cores
		x.ks = k.state(h.key, h.key.KeyGroup())
		if rows != nil {
			rows.joined(&x.joined, nil, x.ks)
		}
		b.add(&x)
		k.wakeForJoin(x.node(), x.ks, x.due)
	}
	for _, w := range from.wide {
		if !mine(w.key) {
			w.stamps = [plan.MaxInputs]*Stamp{}
		} else if rows != nil {
			rows.joined(&w.joined, nil, newKey(w.key))
		}
		b.wide = append(b.wide, w)
	}
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
//
// The line in which a message waited says how far it was: in front of a gate or a join it
// goes there again, while an item that was complete, or was to be repeated, runs.
func (k *Core) takeWaiting(w waitItem) {
	e := w.edge
	inside := !e.From.Source && !e.Cross // made by an instance of the unit
	switch {
	case k.set.Bugs.linesLast && w.rest == nil && !e.Kind.Control():
		k.lineUp(k.unitOf(e.Node.Part, w.ks), e, w.msg, w.ks, w.stamp)
	case w.rest != nil || w.tries > 0:
		k.inline.push(w.item)
	case e.Kind.Control() || w.line == lineInline || (inside && !e.Queue()):
		k.accept(e, w.msg, w.ks, w.stamp)
	default:
		k.lineUp(k.unitOf(e.Node.Part, w.ks), e, w.msg, w.ks, w.stamp)
	}
}

// takeKept files a message that an instance of the unit had sent. The chain "this follows
// that one" begins anew: what was before it at the old owner is acknowledged or comes
// along.
func (k *Core) takeKept(u *unit, x *keptEntry, rows *imageRows) {
	s := *x.stamp
	s.PrevEpoch, s.Prev, s.Via = 0, 0, u.epoch
	y := &keptEntry{stamp: &s, edge: x.edge, msg: x.msg, key: x.key, by: u, to: k.unit(x.to.UnitID), row: x.row}
	if rows != nil {
		rows.kept(y)
	}
	k.file(y)
}

// takePushed takes what sources had pushed for the unit at other runtimes and
// what it has not taken in: its own marks tell. Now that the unit is here, such a
// message is kept by nobody else.
func (k *Core) takePushed(img *Image) {
	// Sources push to whoever they can reach. A push that the marks of this image contain
	// has been taken in by the old owner.
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
