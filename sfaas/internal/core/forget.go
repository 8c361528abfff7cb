// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// A mark protects from repeats, and may go when there can be none: never by time.
//
//  1. An instance that has got many marks, or is idle but for them, asks the
//     runtimes that keep the messages of those producers: do you still keep one
//     for me?
//  2. The owner of a producer that keeps none says so, under its epoch. What it had
//     sent before has arrived before that.
//  3. The mark is forgotten if nothing has come since. The next message of the
//     producer names none before it, and is taken.
//
// Two kinds of copies are slower than that, and are let go, for somebody keeps them
// who will send them again if need be: what an owner of the producer has sent that has
// been replaced, and what was sent to the consumer's unit before it went away and came
// back, see [Core.outrun].

// manyMarks is from how many marks on an instance asks; then whenever they have
// doubled.
const manyMarks = 256

// MarkAsk asks the owner of a producer whether it keeps messages for a consumer, and
// says that it does not.
type MarkAsk struct {
	MarkID
	To    base.Key // of the consumer
	Taken Place    // the last of its messages that the consumer has taken
	Epoch uint32   // of the answering owner
}

// markAsks are questions of one core, by the runtime that they go to.
type markAsks struct {
	nodes []base.NodeID
	of    map[base.NodeID][]MarkAsk
	from  *unit // of one that asks
}

// add asks about the marks of an instance with nothing open.
func (a *markAsks) add(inst *instance) {
	for i := range inst.few.seen.list {
		w := &inst.few.seen.list[i]
		if len(w.Open) > 0 || w.From == 0 {
			continue
		}
		if a.of == nil {
			a.of = map[base.NodeID][]MarkAsk{}
		}
		if a.of[w.From] == nil {
			a.nodes = append(a.nodes, w.From)
		}
		a.of[w.From] = append(a.of[w.From], MarkAsk{MarkID: w.MarkID, To: inst.ks.key, Taken: w.Taken})
		a.from = inst.unit
	}
}

// askMarks is step 1.
func (k *Core) askMarks(a *markAsks) {
	for _, node := range a.nodes {
		s := &Signal{Kind: signalMarks, Route: a.from.route(), From: k.self, Marks: a.of[node]}
		switch {
		case node == k.self.Node:
			k.tell(a.from, s)
		case slices.Contains(k.peers, node):
			k.effect(Effect{Kind: EffectSignal, To: Endpoint{node, allCores}, Signal: s})
		case k.keeps: // it may come back with what it keeps
		default: // what was pushed there is gone with the runtime
			gone := slices.DeleteFunc(a.of[node], func(x MarkAsk) bool { return x.Func > 0 })
			k.forgetMarks(&Signal{From: Endpoint{Node: node}, Marks: gone})
		}
	}
}

// answerMarks is step 2, at each core of the runtime that is asked.
func (k *Core) answerMarks(u *unit, s *Signal) {
	var none []MarkAsk
	for _, a := range s.Marks {
		// The question is about messages kept for this consumer; the stream of producer
		// and consumer has an entry as long as there are any.
		if k.coreOf(a.Source.KeyGroup()) != k.self.Core || k.out.last[streamID{a.Edge, a.Func, a.Node, a.Source, a.To}] != nil {
			continue
		}
		// A push that is being recorded has no entry yet, and will have one.
		if a.Func == 0 && a.Node == k.self.Node && (k.local == nil || !k.local.unsettled()) {
			none = append(none, a)
		}
		if a.Func > 0 {
			p := k.app.Nodes[a.Func-1].Part
			switch u := k.units[plan.UnitID{Part: p, Root: p.Root(a.Source)}]; {
			case u == nil && k.byDefault(p): // nothing is known of it, so nothing is kept
				none = append(none, a)
			// The answer of a unit that is not here, or has something under way, would be
			// a guess: silence, and the consumer asks again when its marks have doubled.
			case u != nil && u.phase == unitHere && !u.unsettled():
				a.Epoch = u.epoch
				none = append(none, a)
			}
		}
	}
	if len(none) == 0 {
		return
	}
	to, group := Endpoint{Node: s.From.Node}, none[0].To.KeyGroup()
	answer := &Signal{Kind: signalForget, Route: base.Route{Unit: u.Unit()}, From: k.self, Marks: none}
	switch to.Core = int(group); {
	case to.Node != k.self.Node:
	case k.coreOf(group) == k.self.Core:
		k.forgetMarks(answer)
		return
	default:
		to.Core = k.coreOf(group)
	}
	k.effect(Effect{Kind: EffectSignal, To: to, Signal: answer})
}

// forgetMarks is step 3. Keys that were idle but for their marks go with them.
func (k *Core) forgetMarks(s *Signal) {
	k.idle.old = k.idle.old[:0]
	for _, a := range s.Marks {
		ks := k.keys[a.To]
		if ks == nil || !ks.here {
			continue
		}
		inst := ks.insts[k.app.Edges[a.Edge-1].Node.Index]
		if inst == nil || inst.few == nil {
			continue
		}
		// The answer was given under an epoch: news of it comes first, so that an older
		// copy is recognized (replaced).
		if a.Epoch > 0 {
			p := k.app.Nodes[a.Func-1].Part
			u := k.unit(plan.UnitID{Part: p, Root: p.Root(a.Source)})
			k.learn(u, base.Route{Unit: u.Unit(), Owner: s.From.Node, Epoch: a.Epoch})
		}
		inst.few.seen.forget(a.MarkID, a.Taken)
		if k.isIdle(ks) && !ks.marked() {
			k.idle.old = append(k.idle.old, ks)
		}
	}
	k.forgetOld()
}

// replaced reports whether the sender of a message has been replaced as the owner of
// its producer: the new owner keeps it.
func (k *Core) replaced(s *Stamp) bool {
	if s.Func == 0 {
		return false
	}
	p := k.app.Nodes[s.Func-1].Part
	u := k.units[plan.UnitID{Part: p, Root: p.Root(s.Source)}]
	return u != nil && s.Via < u.epoch
}

// forget removes a mark if nothing has come since and nothing is open.
//
// Taken has to be what was asked about. If it has risen meanwhile, a message has come,
// and the mark is needed.
func (w *watermarks) forget(id MarkID, taken Place) {
	m := w.find(id)
	if m == nil || m.Taken != taken || len(m.Open) > 0 {
		return
	}
	last := len(w.list) - 1
	i := slices.IndexFunc(w.list[:min(len(w.list), fewMarks)], func(x Watermark) bool { return x.MarkID == id })
	if w.index != nil {
		i = w.index[id]
		delete(w.index, id)
		if i != last {
			w.index[w.list[last].MarkID] = i
		}
	}
	w.list[i] = w.list[last]
	w.list[last] = Watermark{}
	w.list, w.asked = w.list[:last], min(w.asked, last)
	if last == 0 {
		w.list, w.index = nil, nil
	}
}

// crowded reports whether the instance has got twice as many marks as when it asked
// last, or many for the first time.
func (w *watermarks) crowded() bool {
	if len(w.list) < max(manyMarks, 2*w.asked) {
		return false
	}
	w.asked = len(w.list)
	return true
}
