// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// A snapshot needs no idle moment. While it is taken, handlers are held: a
// shell does not step with EventRun, but lets its cores take in what arrives,
// until nothing is on its way and every core is still. What waits in lines by
// then is a part of the units for which it waits, and of the snapshot. So
// neither a flood nor an instance that sends to itself can put a snapshot off.
//
//  1. Commits that have been offered are answered, and moves that have begun
//     end: both need no handler.
//  2. Tasks of parallel functions run to their end: they are spread over cores.
//  3. So do the messages that have no encoding, with what follows from them up
//     to the next message that has one: see [Core.RunHeld].

// RunHeld runs the next invocation that cannot wait for the end of a snapshot,
// and reports whether there was one. It is Step of an [EventRun] otherwise.
func (k *Core) RunHeld(now base.Time, eff []Effect) ([]Effect, bool) {
	k.now, k.eff, k.cost = now, eff, 0
	if !k.bringForward() && !(k.app.Opaque && k.takeOpaque() && k.bringForward()) {
		return k.endStep(), false
	}
	k.runNext()
	return k.endStep(), true
}

// bringForward puts the first item that cannot wait at the front of the line
// that runs first, and reports whether there is one.
//
// Invariant: only work that cannot be written is run while handlers are held. Everything
// else is kept where it is, whatever its age, and so is the order among what is kept.
func (k *Core) bringForward() bool {
	for i := range k.inline.len() {
		if k.inline.at(i).urgent() {
			k.inline.pushFront(k.inline.remove(i))
			return true
		}
	}
	return false
}

// takeOpaque accepts the messages without an encoding that wait in the other
// lines, and reports whether there were any.
func (k *Core) takeOpaque() bool {
	found := false
	for _, r := range []*ring[item]{&k.queued, &k.ingress} {
		for range r.len() {
			it := r.pop()
			if !it.urgent() {
				r.push(it)
				continue
			}
			found = true
			k.takeItem(&it, r == &k.queued)
		}
	}
	return found
}

// urgent reports whether an item is a task, or has a message that has no
// encoding.
func (it *item) urgent() bool {
	if it.task != nil {
		return true
	}
	if it.gate {
		return false
	}
	if it.msg.opaque() {
		return true
	}
	if it.rest != nil {
		for _, m := range it.rest.msgs {
			if m != nil && m.opaque() {
				return true
			}
		}
	}
	return false
}

func (m *Message) opaque() bool { return m.pool.from.Layout.Opaque != "" }

// Still reports whether nothing is under way but what waits in lines: a
// snapshot can be taken, if nothing is on its way to the core either.
func (k *Core) Still() bool {
	if k.cur.active || k.offered+k.tasks+len(k.stopping) > 0 {
		return false
	}
	for _, r := range []*ring[item]{&k.inline, &k.queued, &k.ingress} {
		for i := range r.len() {
			if r.at(i).urgent() {
				return false
			}
		}
	}
	for _, u := range k.inMotion() {
		if u.phase == unitLeft || u.phase == unitStopping || u.inMove() {
			return false
		}
	}
	return true
}

// Feeding reports whether both owners of some unit are fed: its move ends with
// slots that are still to come, and a snapshot has to be asked for again then.
func (k *Core) Feeding() bool {
	for _, u := range k.inMotion() {
		if u.feeding() != nil {
			return true
		}
	}
	return len(k.ending) > 0
}

// noteMoving notes a unit of which a part of a move is under way here.
func (k *Core) noteMoving(u *unit) {
	if !slices.Contains(k.moving, u) {
		k.moving = append(k.moving, u)
	}
}

// inMotion returns the units of which a part of a move is under way here: few,
// however many units there are. It forgets those whose move has ended.
func (k *Core) inMotion() []*unit {
	k.moving = slices.DeleteFunc(k.moving, func(u *unit) bool {
		return u.phase != unitStopping && u.phase != unitLeft && (u.more == nil || (u.more.move == nil && u.more.feed == nil))
	})
	return k.moving
}

// waiting returns what waits in the lines of this core, by unit, in the order
// in which it will run: one look at all lines, however many units there are.
func (k *Core) waiting() map[*unit][]waitItem {
	all := map[*unit][]waitItem{}
	for l, r := range [...]*ring[item]{lineInline: &k.inline, lineQueued: &k.queued, lineIngress: &k.ingress} {
		for i := range r.len() {
			if it := r.at(i); !it.gate { // who restores looks for those again
				u := k.unitOf(it.edge.Node.Part, it.ks)
				all[u] = append(all[u], waitItem{item: *it, line: line(l)})
			}
		}
	}
	return all
}
