// SPDX-License-Identifier: Apache-2.0

package core

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// stateWriter appends records; the first error sticks.
type stateWriter struct {
	app   *plan.App
	set   *Settings
	now   base.Time
	out   []byte
	buf   []byte // content of the record being written
	names *plan.Names
	wide  map[*Message]bool // spread inputs that waited in lines and are written
	err   error
}

func newStateWriter(dst []byte, app *plan.App, set *Settings, now base.Time) *stateWriter {
	w := &stateWriter{out: append(append(dst, snapshotMagic...), snapshotVersion, 0), app: app, set: set, now: now, names: plan.NamesOf(app)}
	w.buf = binary.AppendVarint(w.names.Append(w.buf), int64(now))
	w.record(recordIndex)
	return w
}

// record appends one record with the content of buf.
func (w *stateWriter) record(kind byte) {
	if len(w.buf) > math.MaxUint32 && w.err == nil {
		w.err = fmt.Errorf("record of %d bytes", len(w.buf))
	}
	w.out = binary.LittleEndian.AppendUint32(append(w.out, kind), uint32(len(w.buf)))
	w.out = append(w.out, w.buf...)
	w.buf = w.buf[:0]
}

// end appends the checksum of what was written from byte start on.
func (w *stateWriter) end(start int) ([]byte, error) {
	w.buf = binary.LittleEndian.AppendUint64(w.buf, xxhash.Sum64(w.out[start:]))
	w.record(recordEnd)
	return w.out, w.err
}

// appendSnapshot appends a snapshot of cores of one graph: the numbers of the
// sources, and the units.
func appendSnapshot(dst []byte, cores []*Core) ([]byte, error) {
	w := newStateWriter(dst, cores[0].app, cores[0].set, cores[0].now)
	w.writeCounters(cores)
	for _, k := range cores {
		w.writeSources(k)
		waits := k.waiting()
		for _, u := range k.allUnits() {
			if u.phase == unitHere && (len(u.insts)+len(waits[u]) > 0 || u.epoch > 0 || !u.idle()) {
				w.writeImage(k.view(u, waits[u]))
			}
			w.writePushed(u)
		}
	}
	return w.end(len(dst))
}

// encodeImage returns one unit as bytes, with the names of its graph.
func encodeImage(img *Image, app *plan.App, set *Settings, now base.Time) ([]byte, error) {
	w := newStateWriter(nil, app, set, now)
	w.writeImage(img)
	return w.end(0)
}

// view returns this core's share of a unit as an image, without taking
// anything away. Waits are what waits for the unit in the lines.
func (k *Core) view(u *unit, waits []waitItem) *Image {
	img := &Image{UnitID: u.UnitID, Epoch: u.epoch, insts: u.insts, waits: waits, fence: u.fence}
	if m := u.more; m != nil {
		img.joins = m.joins
		for x := m.kept.first; x != nil; x = x.links[keptBy].after {
			img.kept = append(img.kept, x)
		}
	}
	return img
}

// writeCounters writes the numbers below which nothing may be given anew.
func (w *stateWriter) writeCounters(cores []*Core) {
	var tokens, batches uint64
	for _, k := range cores {
		tokens = max(tokens, k.lane.tokens&tokenCount)
		batches = max(batches, k.nextID)
	}
	w.buf = binary.AppendUvarint(binary.AppendUvarint(w.buf, tokens), batches)
	w.record(recordCounters)
	highest := func(kind byte, i int, of func(k *Core) uint64) {
		n := uint64(0)
		for _, k := range cores {
			n = max(n, of(k))
		}
		if n > 0 {
			w.buf = binary.AppendUvarint(binary.AppendUvarint(append(w.buf, kind), uint64(i)), n)
			w.record(recordNumber)
		}
	}
	for i := range w.names.Outlets {
		highest(0, i, func(k *Core) uint64 { return k.idle.sources[i] })
	}
	for i := range w.names.Nodes {
		highest(1, i, func(k *Core) uint64 { return k.idle.sent[i] })
	}
}

func (w *stateWriter) writeSources(k *Core) {
	for _, ks := range k.order {
		for id, q := range ks.seqs {
			if q.id > 0 {
				w.buf = ks.key.AppendBinary(binary.AppendUvarint(w.buf, uint64(id)))
				w.buf = binary.AppendUvarint(binary.AppendUvarint(w.buf, q.id), uint64(q.slot))
				w.buf = binary.AppendUvarint(w.buf, uint64(q.seq))
				w.record(recordSource)
			}
		}
	}
}

// writeImage writes a unit: what follows the record of its name belongs to it.
func (w *stateWriter) writeImage(img *Image) {
	w.writeUnit(img.UnitID, img.Epoch, img.fence)
	for _, inst := range img.insts {
		w.writeInstance(inst)
	}
	for i, b := range img.joins {
		if b != nil {
			w.writeJoins(img.Part.Nodes[i], b)
		}
	}
	for i := range img.waits {
		if x := &img.waits[i]; !x.edge.IsWide() || w.firstWide(x.msg) {
			w.writeWait(x)
		}
	}
	for _, x := range img.kept {
		w.writeKept(x)
	}
}

func (w *stateWriter) writeUnit(id plan.UnitID, epoch uint32, fence base.Slot) {
	w.buf = binary.AppendUvarint(w.buf, uint64(id.Part.Nodes[0].Index))
	w.buf = id.Root.AppendBinary(w.buf)
	w.buf = binary.AppendUvarint(binary.AppendUvarint(w.buf, uint64(epoch)), uint64(fence))
	w.record(recordUnit)
}

// firstWide reports whether a spread input has not been written yet: every core
// of a runtime has a copy in its line.
func (w *stateWriter) firstWide(m *Message) bool {
	if w.wide[m] {
		return false
	}
	if w.wide == nil {
		w.wide = map[*Message]bool{}
	}
	w.wide[m] = true
	return true
}

// writePushed writes what this core keeps of the pushes for a unit elsewhere.
func (w *stateWriter) writePushed(u *unit) {
	if u.more == nil {
		return
	}
	named := false
	for x := u.more.out.first; x != nil; x = x.links[keptOut].after {
		if x.by != nil {
			continue // the image of who made it has it
		}
		if !named {
			w.writeUnit(u.UnitID, u.epoch, u.fence)
			named = true
		}
		w.buf = x.key.AppendBinary(w.buf)
		w.writeInput(x.edge, x.msg, x.stamp)
		w.record(recordPushed)
	}
}

// writeInstance writes an instance, with what waits at it.
func (w *stateWriter) writeInstance(inst *instance) {
	w.buf = binary.AppendUvarint(w.buf, uint64(inst.node.Index))
	w.buf = appendInstance(w.buf, w.set.Sealer, inst, w.now)
	w.buf = w.appendMarks(w.buf, inst)
	w.record(recordInstance)
	few := inst.few
	if few == nil {
		return
	}
	for i := range few.waiting.len() {
		if it := few.waiting.at(i); !it.msg.fromHost() {
			w.writeItem(it, inst.ks.key)
			w.record(recordWaiting)
		}
	}
	for _, c := range few.controls {
		w.writeControl(recordControl, inst, c)
	}
	for _, c := range few.settings {
		w.writeControl(recordSetting, inst, c)
	}
	w.writeTimers(inst)
}

func (w *stateWriter) writeControl(kind byte, inst *instance, c heldControl) {
	w.buf = inst.ks.key.AppendBinary(binary.AppendUvarint(w.buf, uint64(inst.node.Index)))
	w.writeInput(c.edge, c.msg, c.stamp)
	w.record(kind)
}

// appendMarks appends what an instance has processed.
func (w *stateWriter) appendMarks(b []byte, inst *instance) []byte {
	b = binary.AppendUvarint(b, inst.sent)
	var few instanceFew
	if inst.few != nil {
		few = *inst.few
	}
	b = binary.AppendUvarint(b, uint64(len(few.applied)))
	for _, m := range few.applied {
		b = base.AppendFlag(b, m.ok)
		if m.ok {
			b = binary.AppendUvarint(b, uint64(m.slot))
		}
	}
	b = binary.AppendUvarint(b, uint64(len(few.seen.list)))
	for _, x := range few.seen.list {
		b = binary.AppendUvarint(b, uint64(x.edge-1))
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(x.fn)), uint64(x.node))
		b = x.source.AppendBinary(b)
		b = appendPlace(b, x.taken)
		b = binary.AppendUvarint(b, uint64(len(x.open)))
		for _, o := range x.open {
			b = appendPlace(b, o)
		}
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(x.from)), uint64(x.via))
	}
	return b
}

func appendPlace(b []byte, p place) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(p.epoch)), p.count)
}
