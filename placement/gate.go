// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas"
)

// An epoch says more than who is newer:
//
//	31      20 19       8 7       0
//	|   era   |   node   |  moves  |
//	`------ tenure -----'
//
// A claim begins a new tenure: its era is beyond every one that the claimant knows, and its
// node number makes it its own. A planned move adds one.
//
// The 256th move of one claim runs into the next number, and so looks like a claim, once. A gate
// refuses then what the old owner still makes of slots below the fence: that is lost, and nothing
// comes twice. Who stands by there and has that number tells of a claim. What was used is counted
// right: rows of package meter are named by node and life of the count, and not by epoch.
const (
	tenureBits = 8
	nodeBits   = 12
)

func tenure(epoch uint32) uint32 { return epoch >> tenureBits }

// claimedBy returns which node has begun its tenure with an epoch, 0 if that is of a move.
func claimedBy(epoch uint32) sfaas.NodeID {
	if epoch%(1<<tenureBits) > 0 {
		return 0
	}
	return sfaas.NodeID(tenure(epoch) % (1 << nodeBits))
}

// gate lets through what the owner of a unit makes, and nothing of anybody else.
//
// Why a sink needs one. An owner that was stopped, or cut off, and comes back does not
// know that it has been replaced: it goes on with what lies in its lines, until the news
// reaches it. What it makes then is refused by three rules, in this order:
//
//  1. A newer tenure refuses all of an older one, whatever the slot: who was claimed from
//     has not finished anything.
//  2. Within a tenure, where owners change by planned moves, slots decide: an older owner
//     publishes below the first slot of the newer one, also when that has come first.
//  3. What comes from here is refused while this process cannot know whether it has been
//     replaced: see [floor].
//
// A gate learns of tenures from routes and from what it lets through. Of a unit that is out of
// service it keeps nothing: the runtime's route says until which tenure all are over. It may be used
// concurrently; what the owner in office makes passes without a lock but that of reading.
type gate struct {
	mu      sync.RWMutex
	turns   map[sfaas.Unit]*turn
	refused atomic.Uint64
}

// turn is what a gate knows of one unit.
type turn struct {
	epoch atomic.Uint32 // in office
	floor atomic.Bool   // its outputs of this node need the floor

	mu    sync.Mutex // held to change epoch and first
	first sfaas.Slot // of the epoch, as far as has come; guarded by mu
}

// of returns the turn of a unit, nil if it has none.
func (g *gate) of(u sfaas.Unit) *turn {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.turns[u]
}

// hear takes a route. A unit has a turn from the first one on, until one says that it is out of
// service.
func (g *gate) hear(r sfaas.Route) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.turns[r.Unit]
	switch {
	case r.Epoch == 0: // it says nothing
	case r.Owner != 0:
		if t == nil {
			t = g.begin(r.Unit)
		}
		t.learn(r.Epoch)
	case t != nil:
		t.learn(r.Epoch) // for who has it still
		delete(g.turns, r.Unit)
	}
}

// meet returns the turn of a unit that has none: nothing has been heard of it yet, or it is out of
// service. Route says what the runtime knows; it hears of its routes, and is asked, with a lock
// held that hear is called under.
func (g *gate) meet(u sfaas.Unit, route func(sfaas.Unit) sfaas.Route) *turn {
	known := route(u)
	g.mu.Lock()
	t := g.turns[u]
	if t == nil {
		t = g.begin(u)
	}
	t.learn(known.Epoch)
	g.mu.Unlock()
	g.hear(route(u)) // that has come meanwhile and found no turn
	return t
}

// begin gives a unit a turn; g.mu is held.
func (g *gate) begin(u sfaas.Unit) *turn {
	if g.turns == nil {
		g.turns = map[sfaas.Unit]*turn{}
	}
	t := &turn{}
	g.turns[u] = t
	return t
}

// learn takes news of a route: of a new tenure. That a unit has moved says nothing yet: its
// old owner may still have slots to publish.
func (t *turn) learn(epoch uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if tenure(epoch) > tenure(t.epoch.Load()) {
		t.first = 0
		t.epoch.Store(epoch)
	}
}

// passes reports whether what was made under an epoch, of a slot, is published.
func (t *turn) passes(epoch uint32, slot sfaas.Slot) bool {
	if epoch == t.epoch.Load() {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch now := t.epoch.Load(); {
	case epoch > now:
		t.first = slot
		t.epoch.Store(epoch)
		return true
	case epoch == now:
		return true
	default:
		return tenure(epoch) == tenure(now) && slot < t.first
	}
}
