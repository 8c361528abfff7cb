// SPDX-License-Identifier: Apache-2.0

package sfaas

import "slices"

// controlLimit bounds the control messages that an instance holds before data
// of their slot arrives.
const controlLimit = 256

// heldControl is a control message that waits for data of its slot.
type heldControl struct {
	conn *conn
	msg  *Message
}

// hold keeps a control message until data of its slot or a later one arrives.
func (k *Core) hold(e *conn, m *Message, ks *keyState) {
	inst := k.instance(e.node, ks)
	if a := inst.applied[e.port.index()]; a.ok && m.Slot < a.slot {
		k.drop(e, m, ks.key, "control for a slot that has passed")
		return
	}
	i := len(inst.controls)
	for i > 0 && inst.controls[i-1].msg.Slot > m.Slot {
		i--
	}
	inst.controls = slices.Insert(inst.controls, i, heldControl{e, m})
	if len(inst.controls) > controlLimit {
		first := inst.controls[0]
		inst.controls = slices.Delete(inst.controls, 0, 1)
		k.inline.push(item{conn: first.conn, msg: first.msg, ks: ks})
	}
	if inst.waiting.len() > 0 {
		k.inline.push(item{conn: e, ks: ks, gate: true})
	}
}

// admit runs data of a function with control ports, or lets it wait.
func (k *Core) admit(it item) {
	inst := k.instance(it.conn.node, it.ks)
	if inst.waiting.len() == 0 {
		if k.controlFirst(inst, it, it) {
			return
		}
		switch inst.gate(it.conn.node, it.msg.Slot) {
		case gateOpen:
			k.invoke(it)
			return
		case gatePassed:
			k.dropItem(it, "its slot has passed")
			return
		}
	}
	k.waitForGate(inst, it.conn.node, it)
	k.expireWaiting(inst, it.conn.node, it.msg.Slot)
	k.runGate(item{conn: it.conn, ks: it.ks, gate: true})
}

// waitForGate lets data wait for its grant, until its due time at most.
func (k *Core) waitForGate(inst *instance, n *node, it item) {
	inst.waiting.push(it)
	if k.set.mode == RealTime && it.msg.Due != Never {
		k.setTimer(timer{at: it.msg.Due, kind: timerGate, node: n, ks: it.ks})
	}
}

// runGate looks at the data that waits longest.
func (k *Core) runGate(gate item) {
	n := gate.conn.node
	inst := k.instance(n, gate.ks)
	for inst.waiting.len() > 0 {
		head := *inst.waiting.at(0)
		if k.controlFirst(inst, head, gate) {
			return
		}
		switch inst.gate(n, head.msg.Slot) {
		case gateOpen:
			inst.waiting.pop()
			if inst.waiting.len() > 0 {
				k.inline.pushFront(gate)
			}
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

// controlFirst runs the oldest control message that holds before the data of
// it, and reports whether there was one. What is to follow takes its place
// before the handler runs: behind a repetition, should the handler fail, and
// in any case, should it not return.
func (k *Core) controlFirst(inst *instance, it, follows item) bool {
	if len(inst.controls) == 0 || inst.controls[0].msg.Slot > it.msg.Slot {
		return false
	}
	c := inst.controls[0]
	inst.controls = slices.Delete(inst.controls, 0, 1)
	k.inline.pushFront(follows)
	k.invoke(item{conn: c.conn, msg: c.msg, ks: it.ks})
	return true
}

// gateState says whether data of a slot may run.
type gateState uint8

const (
	gateOpen   gateState = iota // every grant is there
	gateShut                    // a grant is missing
	gatePassed                  // a later grant holds already
)

func (i *instance) gate(n *node, slot Slot) gateState {
	for _, p := range n.gates {
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
func (k *Core) expireWaiting(inst *instance, n *node, slot Slot) {
	for inst.waiting.len() > 0 && inst.waiting.at(0).msg.Slot+n.fn.window() <= slot {
		k.dropItem(inst.waiting.pop(), "no control for its slot")
	}
}

// expireGate drops data whose grant did not come until its due time.
func (k *Core) expireGate(n *node, ks *keyState) {
	inst := ks.insts[n.index]
	if inst == nil {
		return
	}
	for inst.waiting.len() > 0 && inst.waiting.at(0).msg.Due <= k.now {
		k.dropItem(inst.waiting.pop(), "no control until its due time")
	}
	if inst.waiting.len() > 0 {
		k.inline.push(item{conn: inst.waiting.at(0).conn, ks: ks, gate: true})
	}
}

func (k *Core) dropItem(it item, reason string) {
	k.drop(it.conn, it.msg, it.ks.key, reason)
	k.dropRest(it)
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
	k.halves[it.conn.node.index].recycle(it.rest)
}
