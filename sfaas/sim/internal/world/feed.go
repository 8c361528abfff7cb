// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// feeder pushes the tokens of one source under one key.
type feeder struct {
	r       *run
	flow    *flow
	key     int // index in the world
	at      int // index in the flow
	node    int
	next    sfaas.Slot
	refused sfaas.Time // since when, 0 if not
	burst   int        // pushes left of the present one
	tick    func()
	done    bool

	leader    *feeder // whose slots it pushes, nil for its own
	followers []*feeder
	ahead     sfaas.Slot // slots that it may be ahead of its leader
}

// mostAhead is how many of its own slots a source may be ahead of its leader.
const mostAhead = 3

// startFeeding lets all sources begin.
func (r *run) startFeeding() {
	for _, s := range r.p.flows {
		for i, key := range s.keys {
			f := &feeder{r: r, flow: s, key: key, at: i, next: s.first[i]}
			f.tick = f.push
			if f.leader = r.feeding[[2]int{s.leader, key}]; f.leader != nil {
				f.leader.followers = append(f.leader.followers, f)
				f.ahead = sfaas.Slot(r.chaos.IntN(mostAhead+1)) * s.step[i]
			}
			r.feeding[[2]int{s.id, key}] = f
			r.feeders = append(r.feeders, f)
			r.bursts += s.rate / meanBurst
			r.m.after(r.draw.span(0, 50*time.Millisecond), f.tick)
		}
	}
}

// push pushes the next token and comes back in time for the one after.
func (f *feeder) push() {
	r := f.r
	if may, done := f.follow(); done {
		f.done = true
		return
	} else if !may {
		r.m.after(r.chaos.span(0, 3*time.Millisecond), f.tick)
		return
	}
	if f.flow.roams && (r.down[f.node] || r.chaos.chance(0.02)) {
		for f.node = r.chaos.IntN(r.m.nodes); r.down[f.node]; f.node = r.chaos.IntN(r.m.nodes) {
		}
	}
	var t token
	r.ledger.push(&t, source{f.flow.outlet, f.node, r.incarnation[f.node], f.key}, r.m.now())
	err := f.flow.in.PushValue(r.m.host(f.node), r.p.keys[f.key], f.next, &t)
	switch {
	case err == nil:
		f.refused = 0
		f.next += f.flow.step[f.at]
		r.result.Pushed++
		r.m.after(f.pause(), f.tick)
		return
	case !errors.Is(err, sfaas.ErrBusy):
		r.violate(Broken, "push at node %d: %v", f.node, err)
	case f.refused == 0:
		f.refused = r.m.now()
	case r.m.now().Sub(f.refused) > longest+r.outage:
		r.violate(Endless, "%s was refused for %v", r.p.outlets[f.flow.outlet], r.m.now().Sub(f.refused))
		f.refused = r.m.now()
	}
	r.ledger.unpush(&t)
	r.m.after(500*time.Microsecond, f.tick)
}

// pause draws the time to the next push. Pushes come in bursts, so that some are on
// their way whenever something happens, and things happen where they are.
func (f *feeder) pause() time.Duration {
	r := f.r
	if f.leader != nil {
		return 0
	}
	if f.burst--; f.burst > 0 {
		return r.chaos.span(0, 200*time.Microsecond)
	}
	f.burst = r.chaos.between(1, 8)
	most := 500 * time.Millisecond
	if r.m.now() >= r.end {
		most = lastPause
	}
	if r.cfg.Moves > 0 && r.m.now() < r.end && r.chaos.chance(r.cfg.Moves/r.bursts) {
		r.m.after(r.chaos.span(0, 2*time.Millisecond), r.moveSome)
	}
	return min(r.chaos.wait(f.flow.rate/meanBurst), most)
}

const meanBurst = 4.5

// lastPause is the longest pause after the end. A source then catches up with those that
// push for it: settings come for every fifth of its slots, so that it may have 20 pushes
// left, which take a second even if each is a burst of its own. Most of the rest is thus
// the runtime's: a source that is not done after it has been refused.
const lastPause = 50 * time.Millisecond

// follow reports whether the source may push its next slot, or has nothing left to
// push. One that brings the grants for another keeps close to it, behind or ahead.
func (f *feeder) follow() (may, done bool) {
	over := f.r.m.now() >= f.r.end
	if f.leader != nil {
		if over {
			return f.next < f.leader.next, f.leader.done && f.next >= f.leader.next
		}
		return f.next < f.leader.next+f.ahead, false
	}
	for _, g := range f.followers {
		if g.next > f.next {
			return true, false
		}
	}
	return !over, over
}
