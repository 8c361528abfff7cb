// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// softKind says what happens to the units of a soft part.
type softKind int

const (
	claimed   softKind = iota // they move in modes Kept and Soft, and are released, and claimed when they have no owner
	fed                       // they move in mode Fed, and lose nothing
	contested                 // they move in any mode, and are released and claimed whenever it is
)

// softPart is a part of Volatile cells and edges that promise nothing: a source at one
// cell, its split for users, and a function that remembers the last slots of each.
type softPart struct {
	name string
	kind softKind
	flow *flow
	last sfaas.Time // when something of it was published

	piece *piece // under which is pushed
}

// memory is how many slots a soft function remembers. A unit that is fed needs no more
// than these to be what it was.
const memory = 4

// recall is the content of a soft function: the numbers of the last tokens, by slot.
type recall struct {
	Slot [memory]uint64
	N    [memory]uint32
}

// yields reports whether units of the kind are released and claimed.
func (k softKind) yields() bool { return k != fed }

// drawSoft adds a soft part.
func (b *builder) drawSoft(kind softKind) {
	cell := pick(b.draw, b.below(false))
	flow := b.newFlow("soft", []int{cell}, false)
	flow.rate, flow.first[0], flow.step[0] = 150, memory, 1
	var users []int
	for i, k := range b.p.keys {
		if k.Depth() > 1 && k.Parent() == b.p.keys[cell] {
			users = append(users, i)
		}
	}
	at := make([]int, len(b.p.keys))
	part := &softPart{kind: kind, flow: flow}

	split, radio := b.newFn("split"), b.newFn("radio")
	cost, via := b.cost(), none
	if kind == claimed { // one that is fed runs twice
		via = b.p.newConsumer(split.name)
		b.p.lead([]origin{unconsumed(flow.outlet)}, via, sfaas.AtMostOnce, false, true)
	}
	s := sfaas.DefineEach(split.name, func(_ *sfaas.Ctx, out sfaas.Emitter[token], in *token) error {
		if via != none {
			b.ledger.take(via, in, b.m.now())
		}
		b.served(part)
		for _, u := range users {
			*out.Add(b.p.keys[u]) = *in
		}
		return nil
	}, sfaas.FunctionConfig{Cost: cost, History: memory})
	seen := sfaas.NewValue[recall]("seen", sfaas.Volatile)
	x := sfaas.Define(radio.name, func(c *sfaas.Ctx, out, in *token) error {
		m := seen.Mut(c)
		slot := uint64(c.Slot())
		*out = *in
		out.Hops = m.missing(slot, in.N)
		m.Slot[slot%memory], m.N[slot%memory] = slot, in.N
		return nil
	}, sfaas.FunctionConfig{Cost: cost, History: memory}, seen)
	split.fn, radio.fn = s, x
	part.name = split.name
	e := sfaas.Apply(sfaas.Apply(flow.in, s), x)
	name := fmt.Sprintf("sink of %s", radio.name)
	for _, u := range users {
		at[u] = b.p.newConsumer(name + " at " + b.p.keys[u].String())
		g := sfaas.AtMostOnce
		if kind == fed {
			g = sfaas.ExactlyOnce // so it is as long as nothing but Fed moves happens
		}
		b.p.lead([]origin{unconsumed(flow.outlet)}, at[u], g, false, true)
		p := b.p.table[[2]int{flow.outlet, at[u]}]
		p.once, p.via = true, via
		p.waits = kind == contested // what a new owner does not publish yet, and the old one no more, nobody counts
		b.p.table[[2]int{flow.outlet, at[u]}] = p
	}
	b.p.outputs = append(b.p.outputs, sfaas.WithOutput(sfaas.Sink(e, name), func(h sfaas.Header, t *token) {
		wrong := t.Hops
		t = &token{Stream: t.Stream, N: t.N, At: t.At}
		b.ledger.take(at[b.p.index[h.Key]], t, b.m.now())
		part.last = b.m.now()
		switch {
		case wrong >= forgotten && wrong%forgotten == 0 && kind.yields():
		case wrong > 0:
			b.violate(State, "%s at %v: slot %d was made with %d slots before it forgotten and %d wrong", radio.name, h.Key, h.Slot, wrong/forgotten, wrong%forgotten)
		}
	}))
	b.p.soft = append(b.p.soft, part)
}

// forgotten is what a slot that is not remembered counts; one that is wrong counts 1.
const forgotten = 100

// missing returns what of the slots before one is wrong or forgotten. Numbers of
// tokens and slots both rise by one, but for what a crash has taken back.
func (m *recall) missing(slot uint64, n uint32) (sum uint32) {
	for d := uint64(1); d < memory && d <= slot && d < uint64(n); d++ {
		switch i := (slot - d) % memory; {
		case m.Slot[i] != slot-d:
			sum += forgotten
		case m.N[i] != n-uint32(d):
			sum++
		}
	}
	return sum
}

// softOf returns the soft part of a piece under which something is pushed, or nil.
func (r *run) softOf(p *piece) *softPart {
	for _, s := range r.p.soft {
		if s.piece == p {
			return s
		}
	}
	return nil
}

// modeOf draws the mode in which a piece moves.
func (r *run) modeOf(p *piece) sfaas.MoveConfig {
	switch s := r.softOf(p); {
	case s == nil:
		return sfaas.MoveConfig{}
	case s.kind == fed, s.kind == contested && r.chaos.chance(0.7):
		return sfaas.MoveConfig{Mode: sfaas.Fed}
	}
	return sfaas.MoveConfig{Mode: pick(r.chaos, []sfaas.MoveMode{sfaas.Kept, sfaas.Soft})}
}

// claimSome lets a node take over a soft unit: one whose owner has gone, or, now and
// then, one whose owner only seems to.
func (r *run) claimSome() {
	for _, s := range r.p.soft {
		if p := s.piece; s.kind.yields() && !p.moving && !p.lost {
			r.claim(p)
		}
	}
}

// claim lets some node that is up claim a piece.
func (r *run) claim(p *piece) {
	to := r.chaos.IntN(r.nodes)
	if r.down[to] || to == r.leaving || to == p.owner {
		r.m.after(time.Millisecond, func() { r.claimLater(p) })
		return
	}
	r.m.claim(p, to, func(err error) {
		switch {
		case err == nil:
			r.result.Claims++
		case !refused(err):
			r.violate(Broken, "claim of %v by node %d: %v", p.unit, to, err)
		}
		r.claimLater(p)
	})
}

// claimLater claims a piece whose owner is down.
func (r *run) claimLater(p *piece) {
	if p.lost && !p.moving {
		r.claim(p)
	}
}

// releaseSome lets nobody own the soft units any more, for a while, at the word of nodes that
// need not own them, and whatever is under way for them: a move, or a claim.
func (r *run) releaseSome() {
	for _, s := range r.p.soft {
		if at := r.chaos.IntN(r.nodes); s.kind.yields() && !r.down[at] {
			r.release(s.piece, at)
		}
	}
}

// interfere lets a soft unit be claimed or released while it moves, now and then.
func (r *run) interfere(p *piece) {
	if s := r.softOf(p); s == nil || !s.kind.yields() || r.cfg.Releases == 0 || !r.chaos.chance(0.1) {
		return
	}
	at, releases := r.chaos.IntN(r.nodes), r.chaos.chance(0.5)
	r.m.after(r.chaos.span(0, time.Millisecond), func() {
		switch {
		case p.lost || r.down[at]:
		case releases:
			r.release(p, at)
		default:
			r.claim(p)
		}
	})
}

// hearing is how long it takes at most until all nodes have heard what one says.
const hearing = 10 * time.Millisecond

// release lets a node release a piece, and another one claim it later.
func (r *run) release(p *piece, at int) {
	life, mover, done := r.m.life, r.incarnation[at], false
	r.m.release(p, at, func(err error) {
		done = true
		switch {
		case err == nil:
			r.result.Releases++
			turns := p.turns
			r.m.after(r.chaos.span(0, 100*time.Millisecond), func() {
				if life == r.m.life && turns == p.turns {
					r.unowned(p)
					r.claimLater(p)
				}
			})
		case !refused(err):
			r.violate(Broken, "release of %v at node %d: %v", p.unit, at, err)
		}
	})
	r.m.after(longest, func() {
		if !done && life == r.m.life && mover == r.incarnation[at] {
			r.violate(Endless, "release of %v at node %d has not ended after %v", p.unit, at, longest)
		}
	})
}

// free reports whether all nodes know that nobody owns a piece.
func (r *run) free(p *piece) bool { return p.free > 0 && r.m.now().Sub(p.free) > hearing }

// served tells that something of a soft part is run.
func (r *run) served(s *softPart) {
	if p := s.piece; r.free(p) {
		r.violate(Owned, "%v is served %v after it was released", p.unit, r.m.now().Sub(p.free))
	}
}

// unowned looks whether a piece that was released has an owner.
func (r *run) unowned(p *piece) {
	if !r.free(p) {
		return
	}
	if all := r.m.holders(p); len(all) > 0 {
		r.violate(Owned, "%v is owned by nodes %v %v after it was released", p.unit, all, r.m.now().Sub(p.free))
	}
}

// watchSoft looks whether soft parts still publish.
func (r *run) watchSoft() {
	now := r.m.now()
	for _, s := range r.p.soft {
		if s.last > 0 && now < r.end && now.Sub(s.last) > longest+r.outage {
			r.violate(Endless, "nothing of %s has been published for %v", s.name, now.Sub(s.last))
			s.last = now
		}
	}
}

// passOn lets the default owner of some part pass on what has no route.
func (r *run) passOn() {
	parts := r.p.app.Parts()
	part := parts[r.chaos.IntN(len(parts))].Name
	r.passOnApart(part, r.chaos.IntN(r.nodes))
}

// passOnApart is passOnTo between nodes that may forget each other meanwhile.
func (r *run) passOnApart(part string, to int) {
	from := r.m.rest[part]
	r.passOnTo(part, to)
	if r.cfg.Forgets > 0 {
		r.forgetSoon(from, to%stays)
	}
}

// passOnTo lets a node own what has no route of a part.
func (r *run) passOnTo(part string, to int) {
	if r.cfg.Forgets > 0 { // units of sinks begin there, which are not moved away before a node stops
		to %= stays
	}
	from := r.m.rest[part]
	if r.down[from] || r.down[to] || to == from || to == r.leaving {
		return
	}
	r.m.passOn(part, from, to, func(err error) {
		switch {
		case err == nil:
			r.result.Rests++
		case !refused(err):
			r.violate(Broken, "rest of %s from node %d to node %d: %v", part, from, to, err)
		}
	})
}
