// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// writeInstance writes an instance, with what waits at it.
//
//	function | key | cells | sent | applied slots | marks           always
//	function | key | inputs                                         for each data message that waits
//	function | key | input                                          for each control message and setting
//	function | key | token | when left | …                          for each timer and open call
//
// The numbers are in every instance's record, for a number that is forgotten could be
// given again.
func (w *writer) writeInstance(x core.Instance) {
	b := w.appendCells(appendAt(w.out, x.Node(), x.Key()), x)
	w.out = appendMarks(b, x)
	w.record(recordInstance)
	// Most instances end here: one record, and nothing that waits.
	if !x.Waits() {
		return
	}
	for in := range x.Waiting() {
		// The caller of such a call waits in this process, and hears of its end from
		// here.
		if in.FromHost() && !w.moves {
			continue
		}
		w.at(x.Node(), x.Key())
		w.writeInputs(&in)
		w.record(recordWaiting)
	}
	for in := range x.Controls() {
		w.at(x.Node(), x.Key())
		w.writeInput(&in)
		w.record(recordControl)
	}
	for in := range x.Settings() {
		w.at(x.Node(), x.Key())
		w.writeInput(&in)
		w.record(recordSetting)
	}
	for t := range x.Timers() {
		w.writeTimer(x, &t)
	}
}

// writeTimer writes a delayed message, or a call without a reply.
func (w *writer) writeTimer(x core.Instance, t *core.Timer) {
	w.at(x.Node(), x.Key())
	w.appendTimer(t)
	if t.Port != nil {
		w.record(recordCall)
		return
	}
	w.record(recordDelayed)
}

// appendTimer appends what is written of either.
func (w *writer) appendTimer(t *core.Timer) {
	w.uint(uint64(t.Token))
	w.out = base.AppendMoment(w.out, t.At, w.now)
	if t.Port != nil {
		w.uint(uint64(t.Slot))
		w.uint(uint64(t.Port.ID - 1))
		return
	}
	w.key(t.Key)
	w.writeInput(&core.Input{Edge: t.Edge, Msg: t.Msg})
}

// appendCells appends the cells of an instance, each with its form, by which who reads
// it knows whether it is what it was.
//
// A form is a digest of the type's fields. Equal schema versions with unequal forms are
// refused: somebody has changed a struct and not its version, and content would be read
// into wrong fields.
func (w *writer) appendCells(b []byte, x core.Instance) []byte {
	n := 0
	for _, s := range x.Cells() {
		if w.writes(s) {
			n++
		}
	}
	b = binary.AppendUvarint(b, uint64(n))
	for _, s := range x.Cells() {
		d := s.Head().Decl
		if !w.writes(s) {
			continue
		}
		b = base.AppendString(b, d.Name)
		b = append(b, byte(d.Class))
		b = base.AppendDigest(binary.AppendUvarint(b, uint64(d.Version)), d.Form)
		// The length is filled in behind: sealing and encoding are of unknown size.
		begin := len(b)
		b = append(b, 0, 0, 0, 0)
		b = core.AppendCell(b, w.sealer, x.Address(), s, w.now)
		binary.LittleEndian.PutUint32(b[begin:], uint32(len(b)-begin-4))
	}
	return b
}

// writes reports whether the content of a cell is written.
func (w *writer) writes(s plan.CellStore) bool {
	return !w.soft || s.Head().Decl.Class != base.Volatile
}

// appendMarks appends what an instance has processed.
func appendMarks(b []byte, x core.Instance) []byte {
	b = appendNumbers(b, x)
	seen := x.Seen()
	b = binary.AppendUvarint(b, uint64(len(seen)))
	for i := range seen {
		b = appendMark(b, &seen[i])
	}
	return b
}

// appendNumbers appends how far an instance has counted, and of which slots control
// has been applied.
func appendNumbers(b []byte, x core.Instance) []byte {
	b = binary.AppendUvarint(b, x.Sent())
	ports := len(x.Node().Ports)
	b = binary.AppendUvarint(b, uint64(ports))
	for i := range ports {
		slot, ok := x.Applied(i)
		if b = base.AppendFlag(b, ok); ok {
			b = binary.AppendUvarint(b, uint64(slot))
		}
	}
	return b
}

// appendMark appends how far an instance has come with one producer.
//
// Marks name the edge by number and the producer by function, node and key: all are
// translated by the index of the reader.
func appendMark(b []byte, m *core.Watermark) []byte {
	b = binary.AppendUvarint(b, uint64(m.Edge-1))
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.Func)), uint64(m.Node))
	b = m.Source.AppendBinary(b)
	b = appendPlace(b, m.Taken)
	b = binary.AppendUvarint(b, uint64(len(m.Open)))
	for _, o := range m.Open {
		b = appendPlace(b, o)
	}
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.From)), uint64(m.Via))
}

// appendPlace appends where a message stands among those of its producer.
func appendPlace(b []byte, p core.Place) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(p.Epoch)), p.Count)
}

// readInstance is the inverse of writeInstance, without what waits there.
func (p *reader) readInstance(r *base.Reader) {
	x, ok := p.at(r)
	if !ok {
		return
	}
	p.readCells(r, x)
	p.readMarks(r, x)
}

// readCells reads the cells of an instance. A cell that the function does not declare
// is an error, so that its content is not lost in silence, unless the function says
// that it is sfaas.Retired; those that are new stay empty.
//
// The least that a cell takes is 15 bytes, which bounds the count before anything is
// allocated.
func (p *reader) readCells(r *base.Reader, x core.Instance) {
	for range r.Count(leastCell) {
		if p.readCell(r, x); r.Err != nil {
			break
		}
	}
	if r.Err != nil {
		r.Err = fmt.Errorf("%v: %w", x.Address(), r.Err)
	}
}

func (p *reader) readCell(r *base.Reader, x core.Instance) {
	c := readCell(r)
	if r.Err != nil {
		return
	}
	// Content of an earlier version goes through the upgrade that the function declares;
	// sealed content is opened with the instance's address as its label, so that it
	// cannot be moved to another.
	if s := p.cellOf(r, x, &c); s != nil {
		p.check(r, core.ReadCell(c.Content, p.sealer, x.Address(), s, c.Version, p.moments()))
	}
}

// cellOf returns the cell of an instance of which there is content: nil if the function
// has retired it, and after an error.
func (p *reader) cellOf(r *base.Reader, x core.Instance, c *Cell) plan.CellStore {
	for _, s := range x.Cells() {
		if d := s.Head().Decl; d.Name == c.Name {
			if p.check(r, c.matches(d)); r.Err != nil {
				return nil
			}
			return s
		}
	}
	if !slices.Contains(x.Node().Fn.Retired, c.Name) {
		r.Fail(fmt.Errorf("the function has no cell %s: its content would be lost", c.Name))
	}
	return nil
}

// readMarks is the inverse of appendMarks.
func (p *reader) readMarks(r *base.Reader, x core.Instance) {
	p.readNumbers(r, x)
	for range r.Count(8*base.MaxDepth + 8) {
		p.readMark(r, x)
	}
}

// readNumbers is the inverse of appendNumbers.
func (p *reader) readNumbers(r *base.Reader, x core.Instance) {
	x.SetSent(r.Uint())
	// A port that the function has lost is read and forgotten; one that is new has not
	// been applied.
	for i := range r.Count(1) {
		if !r.Bool() {
			continue
		}
		if slot := base.Slot(r.Uint()); i < len(x.Node().Ports) {
			x.SetApplied(i, slot)
		}
	}
}

// readMark is the inverse of appendMark.
func (p *reader) readMark(r *base.Reader, x core.Instance) {
	edge := r.Uint()
	fn, node, source := p.index.Function(r), base.NodeID(r.Uint16()), r.Key()
	w := core.Watermark{Taken: readPlace(r)}
	for range r.Count(2) {
		w.Open = append(w.Open, readPlace(r))
	}
	w.From, w.Via = base.NodeID(r.Uint16()), r.Uint32()
	// An edge that is gone carries nothing any more, so that nothing can be repeated on
	// it.
	if e := p.index.Known(r, edge); e != nil { // else nothing can arrive on it
		w.MarkID = core.MarkID{Edge: e.ID, Func: fn, Node: node, Source: source}
		x.SetSeen(w)
	}
}

// readPlace is the inverse of appendPlace.
func readPlace(r *base.Reader) core.Place { return core.Place{Epoch: r.Uint32(), Count: r.Uint()} }

// readTimer is the inverse of writeTimer.
func (p *reader) readTimer(r *base.Reader, kind byte) {
	if x, ok := p.at(r); ok {
		p.readTimerOf(r, x, kind)
	}
}

// readTimerOf is the inverse of appendTimer.
//
// What is left of the time is counted from the reader's moment.
func (p *reader) readTimerOf(r *base.Reader, x core.Instance, kind byte) {
	t := core.Timer{Token: base.Token(r.Uint()), At: r.Moment(p.now)}
	if kind == recordDelayed {
		t.Key = r.Key()
		in := p.readInput(r)
		t.Edge, t.Msg = in.Edge, in.Msg
	} else {
		t.Slot = base.Slot(r.Uint())
		t.Port = p.index.Edge(r, r.Uint())
	}
	if r.Err == nil {
		p.check(r, p.b.AddTimer(x, t))
	}
}
