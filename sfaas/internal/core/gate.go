// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// controlLimit bounds the control messages that an instance holds before data
// of their slot arrives.
const controlLimit = 256

// heldControl is a control message that waits for data of its slot.
//
// A function with ports of control has a gate: data of slot n runs after all control that
// holds for slot n, whichever of the two has come first.
//
//	applied   g4               the last grant applied: slot 4 is open
//	held                g6     control that waits for data of its slot or a later one
//	data      d4   d5   d6     d4 runs, d5 waits for its grant, d6 waits behind d5
//
// Invariants:
//
//  1. Before data of slot n runs, every held control message of a slot ≤ n has been
//     applied, oldest first.
//  2. Data runs only if each port that gates has applied a grant for its very slot; a
//     setting gates nothing, it holds from its slot on.
//  3. Data of one instance runs in the order in which it came in: nothing passes what
//     waits.
//  4. Control whose slot has been passed by an applied one of the same port is dropped:
//     data never sees time go backwards.
//  5. What is to run next has its place in the line before a handler is called, so that
//     neither a failure nor a handler that never returns loses it.
type heldControl struct {
	edge  *plan.Edge
	msg   *Message
	stamp *Stamp
}

// hold keeps a control message until data of its slot or a later one arrives. A
// setting of a slot whose data has run already, such as what a loop found out in
// that slot, is applied in its turn: it must not wait for data that may never come.
func (k *Core) hold(e *plan.Edge, m *Message, ks *keyState, s *Stamp) {
	inst := k.instance(e.Node, ks).rare()
	if a := inst.applied[e.Port.Index()]; a.ok && m.Slot < a.slot {
		k.settled(e.Node, ks, m, s)
		k.drop(e, m, ks.key, "control for a slot that has passed")
		return
	}
	// Sorted by slot, and among equal slots in the order of arrival.
	i := len(inst.controls)
	for i > 0 && inst.controls[i-1].msg.Slot > m.Slot {
		i--
	}
	inst.controls = slices.Insert(inst.controls, i, heldControl{e, m, s})
	k.feedControl(e, m, ks)
	k.putAside(e, m, ks, s)
	// The limit is for control whose data never comes: the oldest is applied, as it would
	// have been for data of a later slot.
	if len(inst.controls) > controlLimit {
		first := inst.controls[0]
		inst.controls = slices.Delete(inst.controls, 0, 1)
		k.inline.push(item{edge: first.edge, msg: first.msg, ks: ks, stamp: first.stamp})
	}
	// Somebody waits for this message, or it is a setting for a slot that has run: look
	// at the gate.
	if inst.waiting.len() > 0 || inst.overdue() {
		k.inline.push(item{edge: e, ks: ks, gate: true})
	}
}

// overdue reports whether the oldest control message is a setting of a slot whose
// data has run.
func (f *instanceFew) overdue() bool {
	return len(f.controls) > 0 && f.ran.ok && f.controls[0].msg.Slot <= f.ran.slot && f.controls[0].edge.Kind == plan.PortSetting
}

// keepSetting keeps the last message of a setting: a unit that moves without
// its volatile content starts from it.
//
// Settings are few per instance, one per port; a list is faster than a map.
func (f *instanceFew) keepSetting(e *plan.Edge, m *Message, l *Lane) {
	m.take(1)
	for i := range f.settings {
		if x := &f.settings[i]; x.edge.Port == e.Port {
			x.msg.release(l)
			x.msg = m
			return
		}
	}
	f.settings = append(f.settings, heldControl{edge: e, msg: m})
}

// isSetting reports whether a message is the last one of a setting.
func (f *instanceFew) isSetting(m *Message) bool {
	return slices.ContainsFunc(f.settings, func(c heldControl) bool { return c.msg == m })
}

// enter runs data of a function with control ports, or lets it wait.
//
// The three answers of a gate are those of one comparison: the grant applied last is for
// an earlier slot (wait), this one (run), or a later one (too late).
func (k *Core) enter(it item) {
	inst := k.instance(it.edge.Node, it.ks).rare()
	// Nothing waits, so this item may be the next to run. Control that holds before it
	// goes first: the item is then put back at the front, and comes here again.
	if inst.waiting.len() == 0 {
		if k.controlFirst(inst, it.msg.Slot, it) {
			return
		}
		switch inst.gate(it.edge.Node, it.msg.Slot) {
		case gateOpen:
			inst.runs(it.msg.Slot)
			k.invoke(it)
			return
		case gatePassed:
			k.dropItem(it, "its slot has passed")
			return
		}
	}
	// It waits, or waits behind others: the look at the gate that follows decides about
	// the one at the head.
	k.waitForGate(inst, it.edge.Node, it)
	k.expireWaiting(inst, it.edge.Node, it.msg.made)
	k.runGate(item{edge: it.edge, ks: it.ks, gate: true})
}

// waitForGate lets data wait for its grant, until its due time at most.
func (k *Core) waitForGate(inst *instanceFew, n *plan.Node, it item) {
	inst.waiting.push(it)
	k.putAside(it.edge, it.msg, it.ks, it.stamp)
	if it.rest != nil {
		for i, m := range it.rest.msgs {
			if m != nil && m != it.msg {
				k.putAside(it.rest.edges[i], m, it.ks, it.rest.stamps[i])
			}
		}
	}
	// In real time waiting ends at the due time; in replay only the window of slots ends
	// it.
	if k.set.Mode == base.RealTime && it.msg.Due != base.Never {
		k.setInstanceTimer(k.instance(n, it.ks), timer{at: it.msg.Due, kind: timerGate})
	}
}

// runs notes that data of a slot runs.
func (f *instanceFew) runs(slot base.Slot) { f.ran = mark{max(slot, f.ran.slot), true} }

// runGate looks at the data that waits longest, or, if none does, at settings that
// wait for none.
//
// A look at the gate runs at most one handler, since each handler may fail, be repeated
// or never return. What is to follow is therefore put in line as another look, and not
// done in a loop.
func (k *Core) runGate(gate item) {
	n := gate.edge.Node
	inst := k.instance(n, gate.ks).rare()
	if inst.waiting.len() == 0 && inst.overdue() {
		k.controlFirst(inst, inst.ran.slot, gate)
		return
	}
	for inst.waiting.len() > 0 {
		head := *inst.waiting.at(0)
		if k.controlFirst(inst, head.msg.Slot, gate) {
			return
		}
		switch inst.gate(n, head.msg.Slot) {
		case gateOpen:
			inst.waiting.pop()
			// The next one gets its look before this one's handler runs.
			if inst.waiting.len() > 0 {
				k.inline.pushFront(gate)
			}
			inst.runs(head.msg.Slot)
			k.invoke(head)
			return
		case gatePassed:
			inst.waiting.pop()
			k.dropItem(head, "its slot has passed")
		default:
			return
		}
	}
}

// controlFirst runs the oldest control message that holds before data of a slot,
// and reports whether there was one. What follows, the data or another look at the
// gate, is put at the front of the line before the handler of the control message
// runs. If that handler fails and is to be repeated, the repetition goes in front
// of it; if it does not return at all, what follows still has its place.
func (k *Core) controlFirst(inst *instanceFew, slot base.Slot, follows item) bool {
	if len(inst.controls) == 0 || inst.controls[0].msg.Slot > slot {
		return false
	}
	c := inst.controls[0]
	inst.controls = slices.Delete(inst.controls, 0, 1)
	k.inline.pushFront(follows)
	k.invoke(item{edge: c.edge, msg: c.msg, ks: follows.ks, stamp: c.stamp})
	return true
}

// gateState says whether data of a slot may run.
type gateState uint8

const (
	gateOpen   gateState = iota // every grant is there
	gateShut                    // a grant is missing
	gatePassed                  // a later grant holds already
)

// Every port that gates must have applied the grant of this very slot.
func (i *instanceFew) gate(n *plan.Node, slot base.Slot) gateState {
	for _, p := range n.Gates {
		switch a := i.applied[p]; {
		case !a.ok || a.slot < slot:
			return gateShut
		case a.slot > slot:
			return gatePassed
		}
	}
	return gateOpen
}

// expireWaiting drops data whose grant did not come within the window.
func (k *Core) expireWaiting(inst *instanceFew, n *plan.Node, slot base.Slot) {
	// Data is looked at in order, so the first that is young enough ends the sweep.
	for inst.waiting.len() > 0 && passed(inst.waiting.at(0).msg.Slot, n.Fn.Window(), slot) {
		k.dropItem(inst.waiting.pop(), "no control for its slot")
	}
}

// expireGate drops data whose grant did not come until its due time.
func (k *Core) expireGate(n *plan.Node, ks *keyState) {
	if ks.insts[n.Index] == nil {
		return
	}
	inst := ks.insts[n.Index].rare()
	for inst.waiting.len() > 0 && inst.waiting.at(0).msg.Due <= k.now {
		k.dropItem(inst.waiting.pop(), "no control until its due time")
	}
	if inst.waiting.len() > 0 {
		k.inline.push(item{edge: inst.waiting.at(0).edge, ks: ks, gate: true})
	}
}

// dropItem gives up on an item, counted. What is dropped comes no second time,
// so inputs that other units keep are acknowledged.
func (k *Core) dropItem(it item, reason string) {
	for _, c := range k.counts(it.edge.Node, k.unitOf(it.edge.Node.Part, it.ks)) {
		c.Dropped++
	}
	k.notice(NoticeDropped, it.edge, &it.msg.Header, it.ks.key, reason, nil)
	k.answer(nil, &it, nil, nil, base.ErrTimeout)
	k.giveBack(&it)
}

// dropRest gives up the further inputs of an item whose first one is gone.
func (k *Core) dropRest(it item) {
	if it.rest == nil {
		return
	}
	for _, m := range it.rest.msgs {
		if m != nil && m != it.msg {
			m.release(k.lane)
		}
	}
	k.joinsOf(it.edge.Node, it.ks).recycle(it.rest)
}
