// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// lose gives up a group of which another runtime has become the owner, as a
// refused commit told: its instances, everything that has not left, and what
// they wanted to do later. From here on the core refuses what arrives for it:
// it does not know the new owner, and must not act for an old one.
func (k *Core) lose(n *plan.Node, group uint8) {
	r := &k.owned[n.Index].routes[group]
	if t := r.move; t != nil && !t.inbound {
		k.abandon(t)
	}
	*r = route{epoch: r.epoch}
	k.recount(n)
	k.loseCommits(n, group)
	k.loseTimers(n, group)
	for _, line := range []*ring[item]{&k.inline, &k.queued, &k.ingress} {
		k.loseItems(line, n, group)
	}
	b := &k.halves[n.Index]
	for i := 0; i < len(b.narrow); {
		if b.narrow[i].ks.group == group {
			k.dropHalf(n, i)
		} else {
			i++
		}
	}
	for _, ks := range k.order {
		if inst := ks.insts[n.Index]; ks.group == group && inst != nil {
			k.loseInstance(n, ks, inst)
		}
	}
}

// abandon ends a move away from here of a group that is not ours any more.
func (k *Core) abandon(t *Transfer) {
	k.transfer = slices.DeleteFunc(k.transfer, func(x *Transfer) bool { return x == t })
	for _, x := range t.held {
		k.refuse(x.edge, x.msg, x.key)
	}
	t.held = nil
	k.effect(Effect{Kind: EffectMoved, Transfer: t, Err: base.ErrStaleEpoch})
}

func (k *Core) loseCommits(n *plan.Node, group uint8) {
	kept := k.commits[:0]
	for _, b := range k.commits {
		if b.node != n || b.Group != group {
			kept = append(kept, b)
			continue
		}
		for _, o := range b.Outbox {
			o.Msg.release(k.lane)
		}
		b.input.msg.release(k.lane)
		k.dropRest(b.input)
	}
	clear(k.commits[len(kept):])
	k.commits = kept
}

func (k *Core) loseTimers(n *plan.Node, group uint8) {
	for _, t := range k.timers.takeAll(func(x *timer) bool { return x.node == n && x.ks != nil && x.ks.group == group }) {
		if t.msg != nil {
			t.msg.release(k.lane)
		}
	}
}

func (k *Core) loseItems(r *ring[item], n *plan.Node, group uint8) {
	for i := 0; i < r.len(); {
		it := r.at(i)
		if it.edge.Node != n || it.ks.group != group || it.edge.IsWide() {
			i++
			continue
		}
		x := r.remove(i)
		if r == &k.queued {
			k.gauges[x.edge.ID-1].sub(x.edge, x.msg.size)
		}
		if !x.gate {
			k.refuse(x.edge, x.msg, x.ks.key)
			k.dropRest(x)
		}
	}
}

func (k *Core) loseInstance(n *plan.Node, ks *keyState, inst *instance) {
	for inst.waiting.len() > 0 {
		it := inst.waiting.pop()
		k.refuse(it.edge, it.msg, ks.key)
		k.dropRest(it)
	}
	for _, c := range inst.controls {
		k.refuse(c.edge, c.msg, ks.key)
	}
	k.keepSent(n.Index, inst)
	ks.insts[n.Index] = nil
}

// refuse drops a message for a group that another runtime owns, counted.
func (k *Core) refuse(e *plan.Edge, m *Message, key base.Key) {
	k.stats[e.Node.Index].Stale++
	k.notice(NoticeStale, e.Node, &m.Header, key, "the group has another owner", nil)
	k.failCall(m, base.ErrStaleEpoch)
	m.release(k.lane)
}
