// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"errors"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// AppendSignal appends the content of a signal frame:
//
//	kind | 0 for all cores, or 1 + the group whose core leads | fence | slot | error
//	route | move | attempt to pass a rest on | questions | marks | image
//
// of which each kind has the parts that [core.SignalKind.Foreign] says.
//
// Fields that a kind does not have cost nothing: the table of [core.SignalKind.Foreign]
// tells both ends which there are.
func (w *Wire) AppendSignal(b []byte, to core.Endpoint, s *core.Signal, now base.Time) ([]byte, error) {
	b = append(b, byte(s.Kind))
	// Cores are not numbered alike at both ends: a lead is named by a key group, whose
	// core leads wherever it is.
	group := uint64(0)
	if !to.IsAll() {
		group = uint64(to.Core) + 1
	}
	b = binary.AppendUvarint(binary.AppendUvarint(b, group), uint64(s.Fence))
	b = appendError(binary.AppendUvarint(b, uint64(s.Slot)), s.Err)
	has, _ := s.Kind.Foreign()
	if has.Route {
		b = binary.AppendUvarint(binary.AppendUvarint(w.appendUnit(b, s.Route.Unit), uint64(s.Route.Owner)), uint64(s.Route.Epoch))
	}
	if has.Move {
		b = w.appendMove(b, s.Move)
	}
	if has.Resign {
		b = w.appendResign(b, s.Resign)
	}
	b = w.appendAsks(b, s)
	// The image is a snapshot of one unit, without index: both ends know the names from
	// the hello.
	if !has.Image {
		return b, nil
	}
	// A soft move leaves the content of Volatile cells behind; the move's mode says so to
	// both ends.
	x := bareWriter(b, w.app, w.set.Sealer, now, w.names)
	x.moves, x.soft = true, s.Move.Mode == base.Soft
	x.writeImage(s.Image)
	return x.end(len(b))
}

// appendUnit names a unit by the number of its part and its root key.
func (w *Wire) appendUnit(b []byte, u base.Unit) []byte {
	return u.Root.AppendBinary(binary.AppendUvarint(b, w.parts[w.app.PartOf(u.Part)]))
}

// appendMove appends what identifies a move and what the other end must know to judge it:
// digests above all.
func (w *Wire) appendMove(b []byte, m *core.Move) []byte {
	b = binary.AppendUvarint(w.appendUnit(b, m.Unit), m.ID)
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.From)), uint64(m.To))
	b = binary.AppendUvarint(append(b, byte(m.Mode)), uint64(m.Epoch))
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.History)), uint64(m.Fence))
	return base.AppendDigest(base.AppendDigest(base.AppendFlag(b, m.Recorded), m.Digest), m.Bare)
}

// appendResign appends an attempt to pass a rest on, with the units that are excepted.
func (w *Wire) appendResign(b []byte, x *core.Resignation) []byte {
	b = binary.AppendUvarint(appendRest(b, x.Rest), uint64(x.From))
	b = binary.AppendUvarint(b, uint64(len(x.Used)))
	for _, r := range x.Used {
		b = binary.AppendUvarint(w.appendUnit(b, r.Unit), uint64(r.Owner))
	}
	return b
}

// appendAsks appends the questions and the marks of a signal, none of most kinds.
func (w *Wire) appendAsks(b []byte, s *core.Signal) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.Asks)))
	for _, a := range s.Asks {
		b = appendStamp(binary.AppendUvarint(b, uint64(a.Stamp.Edge-1)), a.Stamp)
		b = a.Key.AppendBinary(b)
	}
	b = binary.AppendUvarint(b, uint64(len(s.Marks)))
	for _, a := range s.Marks {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(a.Edge-1)), uint64(a.Func))
		b = a.To.AppendBinary(a.Source.AppendBinary(binary.AppendUvarint(b, uint64(a.Node))))
		b = binary.AppendUvarint(appendPlace(b, a.Taken), uint64(a.Epoch))
	}
	return b
}

// ReadSignal reads the content of a signal frame. The signal is nil, without an error,
// if it is about a part that this graph does not have. The bytes of an image are not
// copied: they must last until the core has heard of it, see [core.Packed].
//
// A signal about a part that this graph lacks is no error: runtimes may run different
// graphs that share some parts. One that is wrong in any other way ends the connection.
func (p *Peer) ReadSignal(content []byte) (*core.Signal, core.Endpoint, error) {
	r := &base.Reader{Src: content}
	s := &core.Signal{Kind: core.SignalKind(r.Byte()), From: core.Endpoint{Node: p.Node}}
	to := core.Endpoint{Node: p.set.Node, Core: int(r.Limited(base.Groups)) - 1}
	s.Fence, s.Slot, s.Err = base.Slot(r.Uint()), base.Slot(r.Uint()), readError(r)
	has, ok := s.Kind.Foreign()
	if !ok {
		r.Fail(base.ErrInvalid)
	}
	if has.Route {
		s.Route = base.Route{Unit: p.unit(r), Owner: base.NodeID(r.Uint16()), Epoch: r.Uint32()}
	}
	if has.Move {
		s.Move = p.readMove(r)
	}
	if has.Resign {
		s.Resign = p.readResign(r)
	}
	p.readAsks(r, s)
	if has.Image && r.Err == nil {
		s.Packed = &packedImage{data: r.Src, from: p}
		r.Src = nil
	}
	switch err := r.End(); {
	case err == errNoPart:
		return nil, to, nil
	case err != nil:
		return nil, to, frameError(frameName(FrameSignal), err)
	}
	// Form is not enough: whether such a signal may come from that runtime is asked in
	// core.
	return s, to, frameError(frameName(FrameSignal), s.Foreign(p.set.Node))
}

// readMove makes a move of this process's own: the other end's value is known by its
// identity, see core.Move.same.
func (p *Peer) readMove(r *base.Reader) *core.Move {
	m := &core.Move{Unit: p.unit(r), ID: r.Uint(), From: base.NodeID(r.Uint16()), To: base.NodeID(r.Uint16()), Mode: base.MoveMode(r.Byte())}
	m.Epoch, m.History, m.Fence = r.Uint32(), base.Slot(r.Uint()), base.Slot(r.Uint())
	m.Recorded, m.Digest, m.Bare = r.Bool(), r.Digest(), r.Digest()
	return m
}

// readResign refuses units of other parts: a rest is of one part.
func (p *Peer) readResign(r *base.Reader) *core.Resignation {
	x := &core.Resignation{Rest: readRest(r), From: base.NodeID(r.Uint16())}
	if p.app.PartOf(x.Part) == nil {
		r.Fail(errNoPart)
	}
	for range r.Count(26) {
		u := p.unit(r)
		if r.Err == nil && u.Part != x.Part {
			r.Fail(base.ErrInvalid)
		}
		x.Used = append(x.Used, base.Route{Unit: u, Owner: base.NodeID(r.Uint16())})
	}
	return x
}

// readAsks reads the questions and the marks. What is about edges that this graph does
// not have is left out: nobody here has heard of them.
func (p *Peer) readAsks(r *base.Reader, s *core.Signal) {
	for range r.Count(30) {
		e := p.index.Known(r, r.Uint())
		if e == nil {
			e = &plan.Edge{}
		}
		a := core.Ask{Stamp: p.readStamp(r, e), Key: r.Key()}
		if e.ID > 0 && r.Err == nil {
			s.Asks = append(s.Asks, a)
		}
	}
	for range r.Count(30) {
		e, before := p.index.Known(r, r.Uint()), r.Src
		a := core.MarkAsk{MarkID: core.MarkID{Func: p.index.Function(r), Node: base.NodeID(r.Uint16()), Source: r.Key()}, To: r.Key(), Taken: readPlace(r), Epoch: r.Uint32()}
		// A producer that is unknown here is read as 0, a source: told apart by the raw
		// number.
		if r.Err != nil || e == nil || (a.Func == 0) != (before[0] == 0) || (a.Func == 0 && a.Epoch > 0) {
			continue
		}
		a.Edge = e.ID
		s.Marks = append(s.Marks, a)
	}
}

// packedImage is the image of a unit in bytes, from another runtime.
//
// It is opened on the worker that steps the core, and not where the frame is read:
// building it takes as long as the unit is large, and messages should be read meanwhile.
type packedImage struct {
	data []byte
	from *Peer
}

// Open implements [core.Packed].
func (x *packedImage) Open(k *core.Core, id plan.UnitID) (*core.Image, error) {
	now, p := k.Now(), x.from
	r := &reader{
		app: k.App(), sealer: k.Sealer(), b: k.NewBuilder(now, len(x.data)/leastInstance), now: now,
		then: now - base.Time(p.shift), index: p.index, moves: true, calls: true,
	}
	if err := r.readAll(x.data); errors.Is(err, base.ErrDigest) { // its bytes are right, and mean something that is not here
		return nil, base.Errorf("unit %v: %w", id.Unit(), err)
	} else if err != nil {
		return nil, frameError("unit "+id.Unit().String(), err)
	}
	all := r.b.Images()
	// Exactly the unit that was announced, and no other beside it.
	if len(all) != 1 || all[0].UnitID != id {
		return nil, frameError("unit "+id.Unit().String(), base.ErrInvalid)
	}
	return all[0], nil
}
