// SPDX-License-Identifier: Apache-2.0

package core

import (
	"io"
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

func restore(cores []*Core, src io.Reader, now base.Time, do func(core int, eff []Effect)) error {
	data, err := io.ReadAll(io.LimitReader(src, snapshotLimit))
	if err != nil {
		return base.Errorf("restore: %w", err)
	}
	for _, k := range cores {
		if err := k.unused(); err != nil {
			return base.Errorf("restore: %w", err)
		}
	}
	lead := cores[0]
	s, err := parseState(lead.app, lead.set, data, now)
	if err != nil {
		return err
	}
	for _, img := range s.units {
		img.adopt(lead.lane)
		img.share(len(cores))
	}
	for i, k := range cores {
		do(i, k.restore(s, now, nil))
	}
	return nil
}

// snapshot is a snapshot that has been read and checked.
type snapshot struct {
	tokens  uint64
	batches uint64
	units   []*Image
	sources []restoredSource

	instances int              // in all units
	numbers   []restoredNumber // by outlet
	sent      []restoredNumber // by node
}

type restoredNumber struct {
	at     int
	number uint64
}

type restoredSource struct {
	outlet *plan.Outlet
	key    base.Key
	seq    sequence
}

// restore takes the part of a snapshot that falls to this core and returns what
// has to be done outside. Every unit is owned under an epoch that is new: what
// its owner before the cut may still send is refused.
func (k *Core) restore(s *snapshot, now base.Time, eff []Effect) []Effect {
	k.now, k.eff, k.cost = now, eff, 0
	k.expect(s.instances / k.count)
	k.lane.tokens = k.lane.tokens&^tokenCount | max(k.lane.tokens&tokenCount, s.tokens)
	k.nextID = max(k.nextID, s.batches)
	for _, x := range s.numbers {
		k.idle.sources[x.at] = max(k.idle.sources[x.at], x.number)
	}
	for _, x := range s.sent {
		k.idle.sent[x.at] = max(k.idle.sent[x.at], x.number)
	}
	for _, x := range s.sources {
		g := x.key.KeyGroup()
		if k.coreOf(g) != k.self.Core {
			continue
		}
		if q := k.state(x.key, g).sequences(k.app); x.seq.id > q[x.outlet.ID].id {
			q[x.outlet.ID] = x.seq
		}
	}
	for _, img := range s.units {
		k.install(k.unit(img.UnitID), &Signal{Image: img, Route: base.Route{Unit: img.Unit(), Owner: k.self.Node, Epoch: img.Epoch + 1}})
	}
	for _, img := range s.units { // not before all are here
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
	return k.endStep()
}

// expect makes room for the keys of about n instances.
func (k *Core) expect(n int) {
	if len(k.keys) == 0 {
		k.keys = make(map[base.Key]*keyState, n)
		k.order = make([]*keyState, 0, n)
	}
}

// adopt gives the messages of an image that has been read to the pools of a
// lane.
func (m *Image) adopt(l *Lane) {
	own := func(x *Message) {
		if x != nil {
			x.pool = l.pools[x.pool.from.ID]
		}
	}
	set := func(it *item) {
		own(it.msg)
		if it.rest != nil {
			for _, x := range it.rest.msgs {
				own(x)
			}
		}
	}
	for _, inst := range m.insts {
		few := inst.few
		if few == nil {
			continue
		}
		for i := range few.waiting.len() {
			set(few.waiting.at(i))
		}
		for _, list := range [][]heldControl{few.controls, few.settings} {
			for _, c := range list {
				own(c.msg)
			}
		}
		for _, t := range few.timers {
			own(t.msg)
		}
	}
	for i := range m.waits {
		set(&m.waits[i].item)
	}
	for _, x := range slices.Concat(m.kept, m.pushed) {
		own(x.msg)
	}
	for _, b := range m.joins {
		if b == nil {
			continue
		}
		for h := b.narrow.first; h != nil; h = h.after {
			for _, x := range h.msgs {
				own(x)
			}
		}
		for i := range b.wide {
			for _, x := range b.wide[i].msgs {
				own(x)
			}
		}
	}
}

// adapt returns an image of another app in terms of this one, by way of its
// bytes; an image of this app is what it is.
func (k *Core) adapt(img *Image, m *Move) (*Image, error) {
	if m.app == k.app {
		return img, nil
	}
	data, err := encodeImage(img, m.app, k.set, k.now)
	if err != nil {
		return nil, err
	}
	s, err := parseState(k.app, k.set, data, k.now)
	if err != nil {
		return nil, err
	}
	s.units[0].adopt(k.lane)
	return s.units[0], nil
}

// unused returns nil if a snapshot can be restored into the core.
func (k *Core) unused() error {
	if len(k.order) > 0 || k.Ready() || len(k.timers.items) > 0 {
		return base.ErrNotEmpty
	}
	if k.standsBy() {
		return base.ErrNotOwner
	}
	return nil
}
