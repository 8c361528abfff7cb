// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// adopt takes over a group at its target.
func (k *Core) adopt(t *Transfer, r *route) {
	insts, err := k.unpack(t)
	if err != nil {
		k.effect(Effect{Kind: EffectAdopted, Transfer: t, To: t.From, Err: err})
		return
	}
	if t.Epoch <= r.epoch {
		k.effect(Effect{Kind: EffectAdopted, Transfer: t, To: t.From, Err: base.ErrStaleEpoch})
		return
	}
	wait := r.forwarded
	k.install(t, r, insts)
	k.effect(Effect{Kind: EffectAdopted, Transfer: t, To: t.From})
	if wait {
		k.markers = append(k.markers, t)
		return
	}
	r.move = nil
	k.effect(Effect{Kind: EffectMoved, Transfer: t})
}

// unpack decodes the instances of a transfer without touching anything.
func (k *Core) unpack(t *Transfer) ([]*instance, error) {
	if t.Digest != k.app.Digest {
		return nil, fmt.Errorf("%w: graph %s: %v, want %v", base.ErrDigest, k.app.Name, t.Digest, k.app.Digest)
	}
	n := k.app.ByName[t.Function]
	rest := t.state
	var insts []*instance
	for i := range t.parcels {
		var inst *instance
		var key base.Key
		var err error
		if key, inst, rest, err = k.cutInstance(rest, n); err != nil {
			return nil, err
		}
		if key != t.parcels[i].key {
			return nil, fmt.Errorf("%w: instance %v, want %v", base.ErrSnapshot, key, t.parcels[i].key)
		}
		insts = append(insts, inst)
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%w: %d bytes too many", base.ErrSnapshot, len(rest))
	}
	return insts, nil
}

// install makes the group ours and its waiting messages ready.
func (k *Core) install(t *Transfer, r *route, insts []*instance) {
	n := k.app.ByName[t.Function]
	t.inbound = true
	held := t.held
	t.held = nil
	*r = route{owner: k.self.Node, epoch: t.Epoch, move: t, newest: t.boundary}
	k.recount(n)
	for i, p := range t.parcels {
		inst := insts[i]
		ks := k.state(p.key, t.Group)
		inst.controls, inst.applied, inst.seen, inst.calls, inst.sent = p.controls, p.applied, p.seen, p.calls, max(p.sent, k.idle.sent[n.Index])
		for j := range inst.controls {
			inst.controls[j].edge = k.local(inst.controls[j].edge)
		}
		for j := range inst.calls {
			inst.calls[j].port = k.local(inst.calls[j].port)
		}
		ks.insts[n.Index] = inst
		for _, w := range p.waiting {
			w.ks, w.edge = ks, k.local(w.edge)
			if w.rest != nil {
				k.localize(w.rest)
			}
			k.resumeWaiting(n, ks, w)
		}
		for _, x := range p.timers {
			x.ks, x.node = ks, n
			if x.edge != nil {
				x.edge = k.local(x.edge)
			}
			k.setTimer(x)
		}
	}
	for _, h := range t.spread {
		k.localize(&h.joined)
		k.adoptSpread(n, h)
	}
	for _, h := range t.halves {
		k.localize(&h.joined)
		k.adoptHalf(n, h)
	}
	for _, x := range held {
		k.resume(parcelItem{k.local(x.edge), x.msg, x.key}, t.Group)
	}
	t.parcels, t.halves, t.spread = nil, nil, nil
}

// resume lines up a message that was held, behind what has arrived before it:
// outputs of the old owner among others.
func (k *Core) resume(x parcelItem, group uint8) {
	ks := k.state(x.key, group)
	if x.edge.Kind.Control() {
		k.accept(x.edge, x.msg, ks)
		return
	}
	k.lineUp(x.edge, x.msg, ks)
}

func (k *Core) adoptHalf(n *plan.Node, h half) {
	h.ks = k.state(h.key, h.key.KeyGroup())
	b := &k.halves[n.Index]
	b.narrow = append(b.narrow, h)
	k.wakeForJoin(n, h.due)
	k.complete(n, &b.narrow[len(b.narrow)-1])
}

// adoptSpread keeps a spread input that another core has kept, unless it has
// come here by itself.
func (k *Core) adoptSpread(n *plan.Node, h half) {
	b := &k.halves[n.Index]
	for i := range b.wide {
		if b.wide[i].id() == h.id() {
			k.releaseRest(&h.joined)
			return
		}
	}
	b.wide = append(b.wide, h)
	k.wakeForJoin(n, h.due)
}

// localize gives inputs the edges of this core's graph.
func (k *Core) localize(j *joined) {
	for i, c := range j.edges {
		if c != nil {
			j.edges[i] = k.local(c)
		}
	}
}

// local returns the edge of this core's graph that corresponds to e.
func (k *Core) local(e *plan.Edge) *plan.Edge { return k.app.Edges[e.ID-1] }

// adopted ends a move at its source, or takes the group back.
func (k *Core) adopted(t *Transfer, r *route, err error) {
	if err == nil {
		t.state = nil
		return
	}
	insts, again := k.unpack(t)
	if again != nil { // cannot happen: the bytes are ours
		k.effect(Effect{Kind: EffectMoved, Transfer: t, Err: fmt.Errorf("%w; taking back: %w", err, again)})
		return
	}
	t.Epoch++
	t.From, t.To = t.To, t.From
	wait := r.forwarded
	k.install(t, r, insts)
	k.effect(Effect{Kind: EffectMoved, Transfer: t, Err: err})
	if wait {
		k.markers = append(k.markers, t)
		return
	}
	r.move = nil
}
