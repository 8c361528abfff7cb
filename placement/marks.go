// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// forgetPush is after how long what was let in counts as done whatever is heard of it: its owner
// may have died.
const forgetPush = time.Second

// marks says how many pushes a gate had let in at moments of the past: about the last second.
type marks struct {
	ring [256]mark
	next int
}

type mark struct {
	at    sfaas.Time
	taken uint64
}

const markEvery = 4 * time.Millisecond

func (r *marks) add(now sfaas.Time, taken uint64) {
	last := &r.ring[(r.next+len(r.ring)-1)%len(r.ring)]
	if now.Sub(last.at) < markEvery {
		return
	}
	r.ring[r.next%len(r.ring)] = mark{now, taken}
	r.next++
}

// at returns how many had been let in at a moment, or somewhat before.
func (r *marks) at(t sfaas.Time) (taken uint64) {
	for i := range r.ring {
		if x := &r.ring[i]; x.at <= t {
			taken = max(taken, x.taken)
		}
	}
	return taken
}

// pace is how fast pushes into a unit elsewhere have been done, by what was told of them.
type pace struct {
	asOf      sfaas.Time
	done      uint64
	perSecond float64
}

// told takes how many had been done at a moment.
func (p *pace) told(asOf sfaas.Time, done uint64) {
	if asOf <= p.asOf {
		return
	}
	if p.asOf > 0 && done >= p.done {
		p.perSecond = float64(done-p.done) / asOf.Sub(p.asOf).Seconds()
	}
	p.asOf, p.done = asOf, done
}

// since returns how many should have been done since then.
func (p *pace) since(now sfaas.Time) float64 {
	return p.perSecond * max(now.Sub(p.asOf), 0).Seconds()
}
