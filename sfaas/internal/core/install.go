// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// restore takes the part of a snapshot that falls to this core and returns
// what has to be done outside.
func (k *Core) restore(s *snapshot, now base.Time, eff []Effect) []Effect {
	k.now, k.eff, k.cost = now, eff, 0
	k.lane.tokens = k.lane.tokens&^tokenCount | max(k.lane.tokens&tokenCount, s.tokens)
	k.nextID = max(k.nextID, s.batches)
	for _, x := range s.numbers {
		k.idle.sources[x.at] = max(k.idle.sources[x.at], x.number)
	}
	for _, x := range s.sent {
		k.idle.sent[x.at] = max(k.idle.sent[x.at], x.number)
	}
	k.restoreOwnership(s)
	for _, x := range s.insts {
		if ks := k.mine(x.key); ks != nil {
			ks.insts[x.node.Index] = x.inst
		}
	}
	for _, x := range s.sources {
		if ks := k.mine(x.key); ks != nil {
			q := ks.sequences(k.app)
			if x.seq.id > q[x.outlet.ID].id {
				q[x.outlet.ID] = x.seq
			}
		}
	}
	k.restoreControl(s)
	k.restoreHalves(s)
	k.restoreTimers(s)
	k.restoreWaiting(s)
	return k.endStep()
}

// mine returns the state of a key that falls to this core, nil for others.
func (k *Core) mine(key base.Key) *keyState {
	if g := key.KeyGroup(); k.coreOf(g) == k.self.Core {
		return k.state(key, g)
	}
	return nil
}

// restoreOwnership owns every group under an epoch that is new: what the
// owner before the cut may still send is refused.
func (k *Core) restoreOwnership(s *snapshot) {
	for _, o := range k.owned {
		for g := range o.routes {
			o.routes[g].epoch = 2
		}
	}
	for _, x := range s.routes {
		r := &k.owned[x.node.Index].routes[x.group]
		r.epoch = max(r.epoch, x.epoch+1)
	}
}

// own gives a restored message to the pools of this core.
func (k *Core) own(j *joined) {
	for _, m := range j.msgs {
		if m != nil {
			k.adoptMessage(m)
		}
	}
}

func (k *Core) adoptMessage(m *Message) { m.pool = k.lane.pools[m.pool.from.ID] }

func (k *Core) restoreControl(s *snapshot) {
	for i := range s.control {
		x := &s.control[i]
		if ks := k.mine(x.key); ks != nil {
			k.own(&x.joined)
			inst := k.instance(x.node, ks)
			inst.controls = append(inst.controls, heldControl{x.edges[0], x.msgs[0]})
		}
	}
}

// restoreHalves lets inputs wait for their partners, spread ones on every
// core.
func (k *Core) restoreHalves(s *snapshot) {
	for i := range s.spread {
		x := &s.spread[i]
		k.own(&x.joined)
		k.adoptSpread(x.node, x.half)
	}
	for i := range s.halves {
		x := &s.halves[i]
		if k.mine(x.key) != nil {
			k.own(&x.joined)
			k.adoptHalf(x.node, x.half)
		}
	}
}

func (k *Core) restoreTimers(s *snapshot) {
	for _, x := range s.delayed {
		if ks := k.mine(x.key); ks != nil {
			k.adoptMessage(x.msg)
			k.setTimer(timer{at: x.at, kind: timerSend, node: x.node, ks: ks, token: x.token, edge: x.edge, msg: x.msg, key: x.to})
		}
	}
	for _, x := range s.calls {
		if ks := k.mine(x.key); ks != nil {
			inst := k.instance(x.node, ks)
			inst.calls = append(inst.calls, pendingCall{x.token, x.edge})
			k.setTimer(timer{at: x.at, kind: timerCall, node: x.node, ks: ks, token: x.token, slot: x.slot})
		}
	}
}

func (k *Core) restoreWaiting(s *snapshot) {
	for i := range s.waiting {
		x := &s.waiting[i]
		if ks := k.mine(x.key); ks != nil {
			k.own(&x.joined)
			k.resumeWaiting(x.node, ks, x.whole(ks))
		}
	}
}

// whole returns the item of inputs that are complete.
func (x *restoredInputs) whole(ks *keyState) item {
	it := item{ks: ks}
	it.edge, it.msg = x.lead()
	if len(x.node.Fn.Ins) > 1 {
		rest := x.joined // the snapshot is let go
		it.rest = &rest
	}
	return it
}

// resumeWaiting lets data wait for its grant again, and looks whether it is
// there when the core runs next.
func (k *Core) resumeWaiting(n *plan.Node, ks *keyState, it item) {
	k.waitForGate(k.instance(n, ks), n, it)
	k.inline.push(item{edge: it.edge, ks: ks, gate: true})
}
