// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// stays is how many nodes are never stopped alone: sources that must not lose
// anything are pushed there.
const stays = 2

// moment is what a crash goes back to.
type moment struct {
	at     sfaas.Time
	data   []byte
	ledger *ledger
	slots  []sfaas.Slot
}

// startChaos lets everything happen that the configuration asks for, at moments that
// the seed draws.
func (r *run) startChaos() {
	if r.restartable() {
		r.every(r.cfg.Restarts, r.restartOne)
	}
	r.every(r.cfg.Claims, r.claimSome)
	r.every(r.cfg.Releases, r.releaseSome)
	r.every(r.cfg.Rests, r.passOn)
	if r.cfg.Forgets > 0 {
		r.passAllOn()
	}
	r.every(r.cfg.Forgets, func() { r.forget(r.chaos.IntN(r.nodes), r.chaos.IntN(r.nodes)) })
	r.every(2*r.cfg.Crashes, r.takeSnapshot)
	r.every(r.cfg.Crashes, r.crash)
}

// restartable reports whether a node may be stopped alone.
func (r *run) restartable() bool { return r.cfg.Restarts > 0 && r.nodes > stays }

// every calls f at a rate until the end, and not while a snapshot is taken.
func (r *run) every(rate float64, f func()) {
	if rate <= 0 {
		return
	}
	var again func()
	again = func() {
		if r.m.now() >= r.end {
			return
		}
		if !r.busy {
			r.busy = true
			f()
			r.busy = false
		}
		r.m.after(r.chaos.wait(rate), again)
	}
	r.m.after(r.chaos.wait(rate), again)
}

// moveSome moves one piece, once or several times in a row, or now and then everything
// that a node owns.
func (r *run) moveSome() {
	if r.nodes < 2 || r.busy {
		return
	}
	if r.chaos.chance(0.03) {
		r.evacuate(r.chaos.IntN(r.nodes))
		return
	}
	p := r.m.by[r.hot] // where something is under way
	if r.chaos.chance(0.3) {
		p = pick(r.chaos, r.m.pieces)
	}
	if from, to := r.chaos.IntN(r.nodes), r.chaos.IntN(r.nodes); r.chaos.chance(0.02) && !p.moving && from != p.owner && from != to && !r.down[from] && !r.down[to] {
		r.m.misplace(p, from, to, func(err error) {
			if !refused(err) {
				r.violate(Broken, "a move of %v from node %d, which does not own it: %v", p.unit, from, err)
			}
		})
		return
	}
	r.moveOn(p, r.chaos.between(1, 4))
}

// moveOn moves a piece several times in a row.
func (r *run) moveOn(p *piece, times int) {
	to := r.chaos.IntN(r.nodes)
	if p.moving || p.lost || to == p.owner || r.down[to] || to == r.leaving {
		return
	}
	r.move(p, to, func() {
		if times > 1 {
			r.m.after(r.chaos.span(0, 300*time.Microsecond), func() { r.moveOn(p, times-1) })
		}
	})
}

// move moves a piece and watches that this ends; then, which may be nil, follows if it
// ended well.
func (r *run) move(p *piece, to int, then func()) {
	asked, done := r.m.now(), false
	cfg, patience := r.modeOf(p), longest
	if cfg.Mode == sfaas.Fed {
		if !r.chaos.chance(r.cfg.Fed) {
			return
		}
		patience *= 2 // it ends with slots to come
	}
	life, from := r.m.life, p.owner
	mover := r.incarnation[from]
	if r.cfg.Forgets > 0 && r.chaos.chance(0.2) {
		r.forgetSoon(from, to)
	}
	r.interfere(p)
	r.m.move(p, to, cfg, func(err error) {
		done = true
		switch {
		case err == nil:
			r.result.Moves++
			if then != nil {
				then()
			}
		case !refused(err):
			r.violate(Broken, "move of %v to node %d: %v", p.unit, to, err)
		}
	})
	r.m.after(patience, func() {
		if !done && life == r.m.life && mover == r.incarnation[from] && !p.lost && (cfg.Mode != sfaas.Fed || r.m.now() < r.end) {
			r.violate(Endless, "move of %v from node %d to node %d has not ended after %v", p.unit, p.owner, to, r.m.now().Sub(asked))
		}
	})
}

// forget lets two nodes forget each other for a while, in which messages may come late.
func (r *run) forget(a, b int) { r.m.forget(a, b, r.chaos.span(0, 50*time.Millisecond)) }

// forgetSoon lets two nodes forget each other while something is on its way between them.
func (r *run) forgetSoon(a, b int) {
	r.m.after(r.chaos.span(0, 600*time.Microsecond), func() { r.forget(a, b) })
}

// passAllOn passes on what has no route, twice, while units are used for the first time: the
// second time to the node at which sources push.
func (r *run) passAllOn() {
	for _, p := range r.p.app.Parts() {
		r.m.after(0, func() { r.passOnTo(p.Name, 1) })
		r.m.after(r.chaos.span(2*time.Millisecond, 6*time.Millisecond), func() { r.passOnApart(p.Name, 0) })
	}
}

// evacuate moves everything that a node owns to others.
func (r *run) evacuate(node int) {
	for _, p := range r.m.pieces {
		if p.owner != node || p.moving || p.lost {
			continue
		}
		to := r.chaos.IntN(r.nodes)
		if to != node && !r.down[to] && to != r.leaving {
			r.move(p, to, nil)
		}
	}
}

// restartOne stops a node that owns nothing any more, for a while. Soft units that can
// be claimed may be left behind.
func (r *run) restartOne() {
	if r.leaving >= 0 {
		return
	}
	node := r.chaos.between(stays, r.nodes-1)
	if r.down[node] {
		return
	}
	r.leaving = node
	life, tries := r.m.life, 0
	leaves := func(p *piece) bool { return false }
	if r.chaos.chance(0.7) {
		leaves = func(p *piece) bool { s := r.softOf(p); return s != nil && s.kind.yields() }
	}
	var try func()
	try = func() {
		switch tries++; {
		case life != r.m.life || r.m.now() >= r.end || tries > 500:
			r.leaving = -1
		case r.busy || r.m.owns(node, leaves):
			r.evacuate(node)
			r.resign(node)
			r.m.after(5*time.Millisecond, try)
		default:
			r.leaving = -1
			r.stop(node)
		}
	}
	try()
}

// resign passes on all that has no route and is owned by a node.
func (r *run) resign(node int) {
	for _, p := range r.p.app.Parts() {
		if r.m.rest[p.Name] == node {
			r.passOnTo(p.Name, r.chaos.IntN(r.nodes))
		}
	}
}

// stop stops a node and starts it again.
func (r *run) stop(node int) {
	if err := r.m.stop(node); err != nil {
		r.violate(Broken, "stop of node %d: %v", node, err)
	}
	r.result.Crashes++
	r.stopped = true
	r.ledger.leave(node)
	r.down[node] = true
	r.incarnation[node]++
	life := r.m.life
	for _, p := range r.m.abandon(node) {
		r.m.after(r.chaos.span(0, 100*time.Millisecond), func() { r.claimLater(p) })
	}
	r.m.after(r.chaos.span(0, 200*time.Millisecond), func() {
		if life != r.m.life {
			return // a crash has started all
		}
		r.down[node] = false
		if err := r.m.start(node); err != nil {
			r.violate(Broken, "start of node %d: %v", node, err)
		}
		if r.chaos.chance(0.3) { // its next life comes before the clock has moved on
			r.m.after(r.chaos.span(0, 50*time.Millisecond), func() {
				if life == r.m.life && !r.down[node] && r.leaving < 0 && !r.busy && r.m.now() < r.end && !r.m.owns(node, func(*piece) bool { return false }) {
					r.stop(node)
				}
			})
		}
	})
}

// takeSnapshot takes a snapshot to go back to.
func (r *run) takeSnapshot() {
	if slices.Contains(r.down, true) {
		return
	}
	begin := r.m.now()
	data, err := r.m.snapshot()
	if errors.Is(err, sfaas.ErrBusy) { // both owners of some unit are fed
		r.m.after(20*time.Millisecond, r.takeSnapshot)
		return
	}
	if err != nil {
		r.violate(Endless, "snapshot: %v", err)
		return
	}
	r.outage += r.m.now().Sub(begin)
	s := &moment{at: r.m.now(), data: data, ledger: r.ledger.clone()}
	for _, f := range r.feeders {
		s.slots = append(s.slots, f.next)
	}
	r.last = s
}

// crash ends all nodes at once and goes back to the last snapshot, the sources too.
func (r *run) crash() {
	if r.last == nil {
		return
	}
	r.result.Crashes++
	r.stopped = true
	r.leaving = -1
	clear(r.down)
	if err := r.m.crash(r.last.data); err != nil {
		r.violate(Broken, "crash: %v", err)
	}
	r.outage += r.m.now().Sub(r.last.at)
	taken := r.ledger.taken
	r.ledger = r.last.ledger.clone()
	r.ledger.taken = taken
	for i := range r.incarnation {
		r.incarnation[i]++
	}
	for i, f := range r.feeders {
		f.next, f.node = r.last.slots[i], 0
		if f.done { // it has more to push again
			f.done = false
			r.m.after(0, f.tick)
		}
	}
}
