// SPDX-License-Identifier: Apache-2.0

package core

import (
	"iter"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
	// Why numbers must never fall: an identity is a number together with who gave it. A token
	// that is given twice would let one reply answer two calls; a message number given twice
	// would be dropped as a repeat.
)

// Numbers are the highest that cores have given: those who go on from there give
// higher ones.
type Numbers struct {
	Tokens  uint64   // of delayed messages and calls without an instance
	Batches uint64   // of commits
	Sources []uint64 // by outlet: of messages, under any key that has been forgotten
	Sent    []uint64 // by node: the same of what instances send
}

// NumbersOf returns the numbers of cores of one graph.
func NumbersOf(cores []*Core) Numbers {
	a := cores[0].app
	n := Numbers{Sources: make([]uint64, len(a.Outlets)), Sent: make([]uint64, len(a.Nodes))}
	for _, k := range cores {
		n.raise(Numbers{k.lane.tokens & tokenCount, k.nextID, k.idle.sources, k.idle.sent})
	}
	return n
}

// raise lets no number be lower than that of o.
func (n *Numbers) raise(o Numbers) {
	n.Tokens, n.Batches = max(n.Tokens, o.Tokens), max(n.Batches, o.Batches)
	for i, x := range o.Sources {
		n.Sources[i] = max(n.Sources[i], x)
	}
	for i, x := range o.Sent {
		n.Sent[i] = max(n.Sent[i], x)
	}
}

// SourceState says how far one source has come under one key.
type SourceState struct {
	From *plan.Outlet
	Key  base.Key
	ID   uint64    // number of its last message,
	Slot base.Slot // that message's slot,
	Seq  uint32    // and its place in it
}

// Sources says how far the sources have come under the keys of this core, in the
// order in which the core has met them.
func (k *Core) Sources() iter.Seq[SourceState] {
	return func(yield func(SourceState) bool) {
		for _, ks := range k.order {
			for id, q := range ks.seqs {
				if q.id > 0 && !yield(SourceState{k.app.Outlets[id], ks.key, q.id, q.slot, q.seq}) {
					// Who reads a view must not keep it: what it shows goes on changing with the
					// next step.
					return
				}
			}
		}
	}
}

// Shares returns, unit by unit, what this core holds of it, without taking anything
// away: an image to read and not to keep, while the core does not step. What sources
// have pushed here for a unit is an image of its own.
func (k *Core) Shares() iter.Seq[*Image] {
	return func(yield func(*Image) bool) {
		waits := k.waiting()
		for _, u := range k.allUnits() {
			if u.phase == unitHere && (len(u.insts)+len(waits[u]) > 0 || u.epoch > 0 || !u.idle()) && !yield(k.view(u, waits[u])) {
				return
			}
			if img := u.pushes(); img != nil && !yield(img) {
				return
			}
		}
	}
}

// view returns this core's share of a unit. Waits are what waits for the unit in
// the lines.
func (k *Core) view(u *unit, waits []waitItem) *Image {
	img := &Image{UnitID: u.UnitID, Epoch: u.epoch, insts: u.insts, waits: waits, Fence: u.fence}
	if m := u.more; m != nil {
		img.joins = m.joins
		for x := m.kept.first; x != nil; x = x.links[keptBy].after {
			img.kept = append(img.kept, x)
		}
	}
	return img
}

// pushes returns what this core keeps of the pushes for a unit, nil for nothing.
func (u *unit) pushes() (img *Image) {
	if u.more == nil {
		return nil
	}
	for x := u.more.out.first; x != nil; x = x.links[keptOut].after {
		if x.by != nil {
			continue // the image of who made it has it
		}
		if img == nil {
			img = &Image{UnitID: u.UnitID, Epoch: u.epoch, Fence: u.fence}
		}
		img.pushed = append(img.pushed, x)
	}
	return img
}
