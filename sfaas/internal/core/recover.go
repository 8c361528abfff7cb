// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// A recovery builds units of their rows, as record.go describes them, and goes on from
// there as from a snapshot: under an epoch that is new. Inputs take their course again,
// kept messages are sent again, and what is asked for by time happens when it is due,
// or at once.
//
// Why an epoch more: the crashed life may have sent messages that are still on their way,
// and receivers may have acknowledged some of them to it. Under a new epoch every
// receiver knows which of two copies is which.

// recovered is what a builder has of a runtime beside its units.
//
// Routes and rests come before units, since what a unit has kept goes to owners that they
// name.
type recovered struct {
	routes    []base.Route // of units that others own
	promises  []base.Route // of units, up to which epoch they are not imported
	rests     []Rest
	pushed    []*keptEntry // by sources, for units elsewhere
	positions []position
}

// position is how far a source has come on one edge.
type position struct {
	edge *plan.Edge
	key  base.Key
	SourceState
}

// Recover begins a unit of which an engine has the rows. What follows belongs to it.
func (b *Builder) Recover(id plan.UnitID, epoch uint32) error {
	if err := b.Unit(id, epoch, 0); err != nil {
		return err
	}
	b.unit.recorded = true
	return nil
}

// RaiseFence says which is the first slot of the unit's owner.
func (b *Builder) RaiseFence(fence base.Slot) {
	if b.unit != nil {
		b.unit.Fence = max(b.unit.Fence, fence)
	}
}

// AddRoute says who owned a unit.
func (b *Builder) AddRoute(r base.Route) error {
	id, err := b.app.Unit(r.Unit)
	switch {
	case err != nil:
		return err
	// Routes of others are kept as they are. One that names this node is a unit of ours,
	// perhaps without rows: nothing had been recorded of it yet.
	case r.Owner != b.set.Node:
		b.routes = append(b.routes, r)
		return nil
	}
	return b.Recover(id, r.Epoch)
}

// AddHand says of a unit of which an engine has rows that it is not simply owned here, and
// reports whether its other rows count.
func (b *Builder) AddHand(id plan.UnitID, epoch uint32, h Hand) (bool, error) {
	if h.Node == 0 || h.Node == b.set.Node || h.Node == base.AllNodes || h.Epoch == 0 {
		return false, base.ErrInvalid
	}
	switch {
	case h.State == HandLeaving:
		err := b.Recover(id, epoch)
		if err == nil && epoch < h.Epoch { // else it is known that it stays
			b.unit.leaving = &h
		}
		return true, err
	case h.State == HandComing && b.set.Bugs.halfImport:
		return true, b.Recover(id, epoch)
	case h.State == HandComing:
		h.Epoch-- // of who has it still
	case h.State != HandGone:
		return false, base.ErrInvalid
	}
	b.forget(id)
	if h.Epoch == 0 {
		return false, nil
	}
	return false, b.AddRoute(base.Route{Unit: id.Unit(), Owner: h.Node, Epoch: h.Epoch})
}

// forget lets a unit not be one of those that are owned here, though a route said so.
func (b *Builder) forget(id plan.UnitID) {
	if b.byID[id] != nil {
		b.images = slices.DeleteFunc(b.images, func(img *Image) bool { return img.UnitID == id })
		delete(b.byID, id)
	}
	b.unit = nil
}

// AddPromise says up to which epoch a unit is not to be imported.
func (b *Builder) AddPromise(u base.Unit, epoch uint32) error {
	_, err := b.app.Unit(u)
	b.promises = append(b.promises, base.Route{Unit: u, Epoch: epoch})
	return err
}

// AddRest says who owned the rest of a part.
func (b *Builder) AddRest(r Rest) error {
	if b.app.PartOf(r.Part) == nil {
		return base.ErrInvalid
	}
	b.rests = append(b.rests, r)
	return nil
}

// AddInput lets a message take its course that an instance of the unit is not done
// with.
// The mark is open: the input has been taken in, and is not done with. Without that, the
// repeat that its sender still keeps would be acknowledged, and the input lost if it
// failed later.
func (b *Builder) AddInput(row Row, key base.Key, in Input) error {
	x, err := b.Instance(in.Edge.Node, key)
	if err != nil {
		return err
	}
	if row.N == 0 {
		return base.ErrInvalid
	}
	s := in.Stamp
	if s == nil {
		s = &Stamp{kind: stampLocal}
	} else if w := x.i.rare().seen.at(s.mark()); !w.isOpen(s.place()) {
		w.Open = append(w.Open, s.place())
	}
	// The input keeps its row: its end deletes it.
	s.Edge, s.row = in.Edge.ID, row
	b.unit.waits = append(b.unit.waits, waitItem{item: item{edge: in.Edge, msg: in.Msg, ks: newKey(key), stamp: s}, line: lineInline})
	return nil
}

// AddKeptRow is [Builder.AddKept] for a message that has a row; outside of a unit it is
// one that a source has pushed for a unit elsewhere.
func (b *Builder) AddKeptRow(row Row, x *Kept) error {
	if row.N == 0 {
		return base.ErrInvalid
	}
	if b.unit != nil {
		if err := b.AddKept(x); err != nil {
			return err
		}
		b.unit.kept[len(b.unit.kept)-1].row = row
		return nil
	}
	s, e := x.Stamp, x.Edge
	if s == nil || s.Func != 0 || !e.From.Source || e.Config.Guarantee == base.AtMostOnce {
		return base.ErrInvalid
	}
	to := e.Node.Part
	b.pushed = append(b.pushed, &keptEntry{
		stamp: s, edge: e, msg: x.Msg, key: x.Key, to: &unit{UnitID: plan.UnitID{Part: to, Root: to.Root(x.Key)}}, row: row,
	})
	return nil
}

// AddPosition says how far a source has come on an edge.
func (b *Builder) AddPosition(e *plan.Edge, key base.Key, p SourceState) {
	if e.From.Source && p.ID > 0 {
		b.positions = append(b.positions, position{e, key, p})
	}
}

// SaySetting is [Builder.AddSetting] for an instance whose Volatile cells are gone:
// what its last settings said is said again, if [hearsAgain].
//
// Volatile cells are gone, the setting that filled them is known: it runs again before
// data. Staged cells have been recorded with what the setting did to them.
func (b *Builder) SaySetting(x Instance, in Input) error {
	if hearsAgain(x.i.node) {
		return b.AddControl(x, in)
	}
	return b.AddSetting(x, in)
}

// hearsAgain reports whether an instance of a function hears its last settings again when
// its Volatile cells are gone: not where it has other cells, which have heard them.
func hearsAgain(n *plan.Node) bool {
	staged, soft := false, false
	for _, d := range n.Fn.Cells {
		staged, soft = staged || d.Staged(), soft || !d.Staged()
	}
	return soft && !staged
}

// recover takes what a builder has of the runtime: before its units, so that whoever
// owns the others is known.
func (k *Core) recover(b *Builder) {
	for _, r := range b.rests {
		if x := &k.parts[k.app.PartOf(r.Part).Index]; r.Epoch > x.rest.Epoch {
			x.rest = r
		}
	}
	// News that came after the record may be newer than what it says: the newer route
	// holds.
	for _, r := range b.routes {
		id, _ := k.app.Unit(r.Unit) // AddRoute has looked
		u := k.unit(id)
		switch {
		case r.Epoch == 0 && u.epoch == 0:
			u.pinned, u.phase, u.owner = true, unitAway, r.Owner
		case base.Newer(r.Epoch, r.Owner, u.epoch, u.owner):
			u.phase, u.owner, u.epoch = unitAway, r.Owner, r.Epoch
		default:
			continue
		}
		if k.lead(id) == k.self.Core {
			k.effect(Effect{Kind: EffectRoute, Signal: &Signal{Kind: signalRoute, Route: u.route()}})
		}
	}
	for _, p := range b.promises {
		if id, _ := k.app.Unit(p.Unit); k.lead(id) == k.self.Core {
			u := k.unit(id)
			u.promised = max(u.promised, p.Epoch)
		}
	}
	k.recoverPositions(b.positions)
}

// recoverPushed keeps what sources have pushed for units elsewhere.
func (k *Core) recoverPushed(pushed []*keptEntry) {
	for _, x := range pushed {
		if k.coreOf(x.stamp.Source.KeyGroup()) != k.self.Core {
			continue
		}
		to := k.unit(x.to.UnitID)
		y := &keptEntry{stamp: x.stamp, edge: x.edge, msg: x.msg, key: x.key, to: to, row: x.row}
		k.file(y)
		y.msg.take(1)
		k.transmit(to, y.edge, y.msg, y.key, k.keys[y.key], y.stamp)
	}
}

// recoverPositions lets each source go on from where it has come on all of its edges.
// Where it has come further, what it pushes again is dropped, see [Core.pushRecorded].
//
// A source has one number per key, and perhaps several edges. It has to go on from the
// edge that is least far: anything else would leave a gap there.
func (k *Core) recoverPositions(all []position) {
	if len(all) == 0 {
		return
	}
	k.redo = map[redoID]uint64{}
	at := map[redoID]SourceState{}
	mine := slices.DeleteFunc(slices.Clone(all), func(p position) bool { return k.coreOf(p.key.KeyGroup()) != k.self.Core })
	for _, p := range mine {
		id := redoID{p.edge.ID, p.key}
		if p.ID > at[id].ID {
			at[id], k.redo[id] = p.SourceState, p.ID
		}
	}
	for _, p := range mine {
		o, first := p.edge.From, p.SourceState
		for _, e := range o.Edges {
			if !k.promises(e) || k.ways[e.ID] == wayVoid {
				continue
			}
			if x := at[redoID{e.ID, p.key}]; x.ID < first.ID {
				first = x
			}
		}
		if first.ID > 0 {
			q := k.state(p.key, p.key.KeyGroup()).sequences(k.app)
			q[o.ID] = sequence{first.ID, first.Slot, first.Seq}
		}
	}
}
