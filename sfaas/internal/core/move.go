// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Transfer is the move of one key group of one function from one runtime to
// another. It goes through these steps, each an event at one of two cores:
//
//  1. EventFence at the owner: messages of later slots than the newest one
//     seen are held; what is under way for earlier slots is finished.
//  2. EffectTransfer, EventAdopt: state, waiting messages and held messages go
//     to the target, which owns the group from here on, under the next epoch.
//     The old owner sends on what still arrives.
//  3. EffectAdopted, EventAdopted: the old owner forgets its copy; if the
//     target has refused, it takes the group back.
//  4. If the target has sent messages to the old owner before, an EventMarker
//     follows them there and back: until then new messages wait behind those
//     that went the old way, so that order is kept.
type Transfer struct {
	Function string      // function whose group moves
	Group    uint8       // key group that moves
	From, To Endpoint    // owner at the start
	Epoch    uint32      // the target's
	Digest   base.Digest // of the graph and the function at the source
	Started  base.Time   // when the fence was asked for
	Fenced   base.Time   // when the owner stopped
	Bytes    int         // encoded state

	node     *plan.Node
	boundary base.Slot
	inbound  bool
	back     bool // the marker is on its way back
	state    []byte
	parcels  []parcel
	held     []parcelItem
	halves   []half
	spread   []half // copies: the source may need them for other groups
	done     func(t *Transfer, err error)
}

// NewTransfer returns a move of the group of key of one function, for the
// EventFence of a shell; done gets the outcome.
func NewTransfer(function string, key base.Key, now base.Time, from, to Endpoint, done func(t *Transfer, err error)) *Transfer {
	return &Transfer{Function: function, Group: key.KeyGroup(), Started: now, From: from, To: to, done: done}
}

// Done reports the outcome to who asked for the move, once.
func (t *Transfer) Done(err error) {
	if f := t.done; f != nil {
		t.done = nil
		f(t, err)
	}
}

// Pause returns for how long messages of the group waited, up to now.
func (t *Transfer) Pause(now base.Time) time.Duration { return now.Sub(t.Fenced) }

// parcel is what moves of one instance beside its cells.
type parcel struct {
	key      base.Key
	controls []heldControl
	applied  []mark
	waiting  []item
	seen     watermarks
	calls    []pendingCall
	sent     uint64
	timers   []timer
}

// parcelItem is a message that waits.
type parcelItem struct {
	edge *plan.Edge
	msg  *Message
	key  base.Key
}

// stepTransfer handles the events of a move.
func (k *Core) stepTransfer(ev *Event) {
	t := ev.Transfer
	n := k.app.ByName[t.Function]
	if n == nil {
		k.effect(Effect{Kind: EffectMoved, Transfer: t, Err: fmt.Errorf("sfaas: no function %s", t.Function)})
		return
	}
	r := &k.owned[n.Index].routes[t.Group]
	switch ev.Kind {
	case EventFence:
		k.fence(t, n, r)
	case EventAdopt:
		k.adopt(t, r)
	case EventAdopted:
		k.adopted(t, r, ev.Err)
	case EventMarker:
		k.marker(t, r)
	}
}

// fence starts a move at its owner.
func (k *Core) fence(t *Transfer, n *plan.Node, r *route) {
	if r.owner != k.self.Node || r.move != nil {
		k.effect(Effect{Kind: EffectMoved, Transfer: t, Err: base.ErrNotOwner})
		return
	}
	t.node, t.boundary, t.Fenced = n, r.newest, k.now
	t.Digest = k.app.Digest
	r.move = t
	k.transfer = append(k.transfer, t)
	t.holdBack(k, &k.queued)
	t.holdBack(k, &k.ingress)
}

// tryFences completes the fences behind which nothing is under way any more.
func (k *Core) tryFences() {
	kept := k.transfer[:0]
	for _, t := range k.transfer {
		if k.quiet(t) {
			k.handOver(t)
		} else {
			kept = append(kept, t)
		}
	}
	clear(k.transfer[len(kept):])
	k.transfer = kept
}

// quiet reports whether nothing of the group is ready, running or uncommitted.
func (k *Core) quiet(t *Transfer) bool {
	if k.cur.active || k.hasItem(&k.inline, t) || k.hasItem(&k.queued, t) || k.hasItem(&k.ingress, t) {
		return false
	}
	for _, b := range k.commits {
		if b.node == t.node && b.Group == t.Group {
			return false
		}
	}
	if t.node.Fn.Config.Parallel {
		for _, ks := range k.order {
			if inst := ks.insts[t.node.Index]; ks.group == t.Group && inst != nil && inst.tasks != nil && inst.tasks.tasks.len() > 0 {
				return false
			}
		}
	}
	return !k.outstanding(t.node, t.Group)
}

func (k *Core) hasItem(r *ring[item], t *Transfer) bool {
	for i := range r.len() {
		if it := r.at(i); it.edge.Node == t.node && it.ks.group == t.Group {
			return true
		}
	}
	return false
}

// handOver packs the group and gives up ownership.
func (k *Core) handOver(t *Transfer) {
	r := &k.owned[t.node.Index].routes[t.Group]
	for _, ks := range k.order {
		if inst := ks.insts[t.node.Index]; ks.group == t.Group && inst != nil {
			k.pack(t, ks, inst)
			k.keepSent(t.node.Index, inst)
			ks.insts[t.node.Index] = nil
		}
	}
	b := &k.halves[t.node.Index]
	kept := b.narrow[:0]
	for _, h := range b.narrow {
		if h.ks.group == t.Group {
			t.halves = append(t.halves, h)
		} else {
			kept = append(kept, h)
		}
	}
	clear(b.narrow[len(kept):])
	b.narrow = kept
	k.copySpread(t)
	t.Bytes = len(t.state)
	t.Epoch = r.epoch + 1
	r.owner, r.epoch, r.move, r.forwarded = t.To.Node, t.Epoch, nil, false
	k.recount(t.node)
	k.effect(Effect{Kind: EffectTransfer, Transfer: t, To: t.To})
}

// copySpread gives the target the spread inputs that are here, those that wait
// in a line included: the target does not get them by itself yet.
func (k *Core) copySpread(t *Transfer) {
	t.spread = append(t.spread, k.halves[t.node.Index].wide...)
	for _, r := range []*ring[item]{&k.queued, &k.ingress} {
		for i := range r.len() {
			if it := r.at(i); it.edge.Node == t.node && it.edge.IsWide() {
				h := half{key: it.ks.key, slot: it.msg.Slot, seq: it.msg.Seq, due: it.msg.Due}
				h.msgs[it.edge.Input], h.edges[it.edge.Input] = it.msg, it.edge
				t.spread = append(t.spread, h)
			}
		}
	}
	for _, h := range t.spread {
		for _, m := range h.msgs {
			if m != nil {
				m.take(1)
			}
		}
	}
}

// pack moves one instance into a transfer.
func (k *Core) pack(t *Transfer, ks *keyState, inst *instance) {
	t.state = k.appendInstance(t.state, t.node, ks.key, inst)
	p := parcel{key: ks.key, controls: inst.controls, applied: inst.applied, seen: inst.seen, calls: inst.calls, sent: inst.sent}
	for inst.waiting.len() > 0 {
		p.waiting = append(p.waiting, inst.waiting.pop())
	}
	if ks.timers > 0 {
		p.timers = k.timers.takeAll(func(x *timer) bool {
			return x.ks == ks && x.node == t.node && (x.kind == timerSend || x.kind == timerCall)
		})
	}
	t.parcels = append(t.parcels, p)
}

// marker passes the old way, there and back.
func (k *Core) marker(t *Transfer, r *route) {
	if !t.back {
		t.back = true
		k.markers = append(k.markers, t)
		return
	}
	r.move = nil
	held := t.held
	t.held = nil
	for _, x := range held {
		k.resume(x, t.Group)
	}
	k.effect(Effect{Kind: EffectMoved, Transfer: t})
}

// sendMarkers sends the markers before which nothing of their group is
// unacknowledged any more: a message that is repeated must not fall behind.
func (k *Core) sendMarkers() {
	kept := k.markers[:0]
	for _, t := range k.markers {
		to := t.From
		if t.back {
			to = t.To
		}
		if k.unacknowledged(to, k.app.ByName[t.Function], t.Group) {
			kept = append(kept, t)
			continue
		}
		k.effect(Effect{Kind: EffectMarker, Transfer: t, To: to})
	}
	clear(k.markers[len(kept):])
	k.markers = kept
}
