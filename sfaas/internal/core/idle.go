// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// idleBatch is how many new keys there are between two looks at old ones; a
// look is at twice as many. So memory stays in proportion to the keys that
// were used within the idle time, and nothing is done while no key is new.
//
// Forgetting is paid for by those who make new keys: for every new key two old ones are
// looked at. A burst of a million keys is so forgotten as fast as it came, and a core
// without new keys never looks at all.
const idleBatch = 64

// idleKeys is what a core needs to forget keys, and what it keeps of those
// that it has forgotten: a number never falls.
type idleKeys struct {
	fresh   int // new keys since the last look
	next    int // where the next look begins
	look    uint64
	old     []*keyState
	sources []uint64 // by outlet: last number under any forgotten key
	sent    []uint64 // by node: the same of what instances send
}

// forgetIdle looks at some keys and forgets those that are idle. It runs
// between two steps, when nothing on the stack knows a key.
//
// Steps: look at some keys in turn; of those that are idle let marks go that may go at
// once; forget what has no marks left; ask about the marks of the others, and forget
// their keys with the answer (forget.go).
func (k *Core) forgetIdle() {
	f := &k.idle
	f.fresh, k.keysBy = 0, nil
	if k.set.IdleKeys <= 0 {
		return
	}
	f.old = f.old[:0]
	var asks markAsks
	for range min(2*idleBatch, len(k.order)) {
		f.next %= len(k.order)
		if ks := k.order[f.next]; k.isIdle(ks) {
			if ks.dropMarks(&asks); !ks.marked() {
				f.old = append(f.old, ks)
			}
		}
		f.next++
	}
	k.forgetOld()
	k.askMarks(&asks)
}

// isIdle reports whether a key has not been used for long, and nothing but marks is
// kept under it.
func (k *Core) isIdle(ks *keyState) bool {
	return k.set.IdleKeys > 0 && k.now.Sub(ks.touched) >= k.set.IdleKeys && ks.empty(k.now)
}

// forgetOld forgets the keys that have been found, but for those that something under
// way refers to.
func (k *Core) forgetOld() {
	f := &k.idle
	if len(f.old) == 0 {
		return
	}
	f.look++
	k.markUsed(f.look)
	k.measureDirty() // it knows instances that go
	for _, ks := range f.old {
		if ks.look != f.look {
			ks.look = f.look // a key may be there twice
			k.forget(ks)
		}
	}
	clear(f.old)
	f.old = f.old[:0]
}

// empty reports whether nothing is kept under a key that another key would not
// have too.
//
// A cell whose time to live has passed counts as empty: forgetting the key is how its
// memory is freed.
func (ks *keyState) empty(now base.Time) bool {
	if ks.held > 0 {
		return false
	}
	for _, inst := range ks.insts {
		if inst == nil {
			continue
		}
		if few := inst.few; few != nil && !few.empty() {
			return false
		}
		for _, c := range inst.cells {
			if c.Live(now) {
				return false
			}
		}
	}
	return true
}

// empty reports whether nothing waits at the instance.
func (f *instanceFew) empty() bool {
	return len(f.controls)+f.waiting.len()+len(f.calls)+len(f.timers) == 0 &&
		(f.tasks == nil || f.tasks.tasks.len() == 0)
}

// marked reports whether instances of a key have heard other units: what they have
// taken from one must not be taken again.
func (ks *keyState) marked() bool {
	for _, inst := range ks.insts {
		if inst != nil && inst.few != nil && len(inst.few.seen.list) > 0 {
			return true
		}
	}
	return false
}

// dropMarks asks whether what a key has heard can still come again; the key is
// forgotten with the answer. Marks that keep but the order of what nobody promises go
// at once: what is on its way for so long is not expected any more.
func (ks *keyState) dropMarks(asks *markAsks) {
	for _, inst := range ks.insts {
		if inst == nil || inst.few == nil || len(inst.few.seen.list) == 0 {
			continue
		}
		seen := &inst.few.seen
		for i := len(seen.list) - 1; i >= 0; i-- {
			if w := &seen.list[i]; w.From == 0 {
				seen.forget(w.MarkID, w.Taken)
			}
		}
		asks.add(inst)
	}
}

// markUsed marks the keys that something under way refers to.
//
// Lines and the running item refer to keys by pointer. A key in them must stay even
// though it is idle by the clock, which happens when a core has been behind for long.
func (k *Core) markUsed(look uint64) {
	use := func(ks *keyState) {
		if ks != nil {
			ks.look = look
		}
	}
	for _, r := range []*ring[item]{&k.inline, &k.queued, &k.ingress} {
		for i := range r.len() {
			use(r.at(i).ks)
		}
	}
	if k.cur.active {
		use(k.cur.item.ks)
	}
}

// forget releases a key; the last one takes its place in the order.
//
// Numbers that were given under the key must never be given again: the highest one of all
// forgotten keys is kept, per source and per function, and keys that come later start
// behind it. That costs a number per function instead of one per key.
func (k *Core) forget(ks *keyState) {
	if k.keeps {
		k.recordForgotten(ks)
	}
	k.keysBy = nil
	k.keepNumbers(ks)
	for _, inst := range ks.insts {
		if inst != nil {
			inst.unit.resident -= int(inst.bytes)
			inst.unit.removeInstance(inst)
		}
	}
	k.leaveUnits(ks)
	delete(k.keys, ks.key)
	if k.recent[ks.group] == ks {
		k.recent[ks.group] = nil
	}
	last := len(k.order) - 1
	k.order[ks.at] = k.order[last]
	k.order[ks.at].at = ks.at
	k.order[last] = nil
	k.order = k.order[:last]
}

// keepNumbers remembers the numbers of a key that goes.
func (k *Core) keepNumbers(ks *keyState) {
	for id, q := range ks.seqs {
		k.idle.sources[id] = max(k.idle.sources[id], q.id)
	}
	for i, inst := range ks.insts {
		if inst != nil {
			k.keepSent(i, inst)
		}
	}
}

// keepSent remembers the numbers of an instance that goes.
func (k *Core) keepSent(node int, inst *instance) {
	k.idle.sent[node] = max(k.idle.sent[node], inst.sent)
}
