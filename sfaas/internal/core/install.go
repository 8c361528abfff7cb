// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Unused returns nil if nothing has reached the cores yet: only then can they go on
// from a snapshot.
func (c *Cores) Unused() error {
	if err := c.Fresh(); err != nil {
		return err
	}
	for _, k := range c.List {
		if k.standsBy() {
			return base.ErrNotOwner
		}
	}
	return nil
}

// Fresh returns nil if nothing has reached the cores yet.
func (c *Cores) Fresh() error {
	for _, k := range c.List {
		if len(k.order) > 0 || k.Ready() || len(k.timers.items) > 0 {
			return base.ErrNotEmpty
		}
	}
	return nil
}

// Install lets cores that are [Cores.Unused] go on with what a builder of one of them
// has made: each takes what falls to it by key. It calls do with what each core wants
// to be done; a core that is [Core.Ready] afterwards goes on with an EventRun.
func (c *Cores) Install(b *Builder, do func(core int, eff []Effect)) {
	for _, img := range b.images {
		if img.leaving == nil {
			img.share(len(c.List))
		}
	}
	for i, k := range c.List {
		do(i, k.goOnFrom(b))
	}
}

// goOnFrom takes the part of what has been read that falls to this core and returns
// what has to be done outside. Every unit is owned under an epoch that is new: what
// its owner before the cut may still send is refused.
//
// Order matters here:
//
//  1. Numbers go on behind the highest that has been read: tokens, batches, counts of
//     sources.
//  2. All units become this runtime's under epoch + 1, before any message moves: what
//     one unit sends to another must find it here.
//  3. Then, unit by unit, the shell is told the route, what waited runs, and what was
//     not acknowledged is sent again.
//  4. Pushes that no unit had taken in come last: by then the marks are here that tell
//     which were.
func (k *Core) goOnFrom(b *Builder) []Effect {
	k.now, k.eff, k.cost = b.now, nil, 0
	k.expect(len(b.insts) / k.count)
	n := Numbers{k.lane.tokens & tokenCount, k.nextID, k.idle.sources, k.idle.sent}
	n.raise(b.numbers)
	k.lane.tokens, k.nextID = k.lane.tokens&^tokenCount|n.Tokens, n.Batches
	for i := range b.sources {
		k.takeSource(&b.sources[i])
	}
	k.recover(b)
	images := slices.DeleteFunc(slices.Clone(b.images), func(img *Image) bool { return k.isNotOurs(img) })
	for _, img := range images {
		k.install(k.unit(img.UnitID), &Signal{Image: img, Route: base.Route{Unit: img.Unit(), Owner: k.self.Node, Epoch: img.Epoch + 1}})
	}
	for _, img := range images { // not before all are here
		u := k.unit(img.UnitID)
		if k.lead(u.UnitID) == k.self.Core {
			k.effect(Effect{Kind: EffectRoute, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
		}
		k.goOn(u)
		k.sendKept(u)
		k.takePushed(img)
		if len(k.peers) > 1 && k.lead(u.UnitID) == k.self.Core {
			k.announce(u) // what is not kept is taken under this epoch alone
		}
	}
	k.recoverPushed(b.pushed)
	return k.endStep()
}

// isNotOurs reports whether a unit that has been read is not ours to serve: it is not
// known whether who it was handed to has it, or somebody has it now.
func (k *Core) isNotOurs(img *Image) bool {
	u := k.unit(img.UnitID)
	if img.leaving != nil {
		k.holdLeft(u, img)
		return true
	}
	return img.recorded && u.phase == unitAway && u.epoch > img.Epoch
}

func (k *Core) takeSource(x *SourceState) {
	g := x.Key.KeyGroup()
	if k.coreOf(g) != k.self.Core {
		return
	}
	if q := &k.state(x.Key, g).sequences(k.app)[x.From.ID]; x.ID > q.id {
		*q = sequence{x.ID, x.Slot, x.Seq}
	}
}

// expect makes room for the keys of about n instances.
func (k *Core) expect(n int) {
	if len(k.keys) == 0 {
		k.keys = make(map[base.Key]*keyState, n)
		k.order = make([]*keyState, 0, n)
	}
}
