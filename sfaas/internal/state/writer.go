// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// writer appends records; the first error sticks.
//
// Records are written in place: the frame's five bytes are left open, and filled in when
// the content's length is known. So nothing is copied, and a record of any size costs one
// buffer.
type writer struct {
	app    *plan.App
	sealer core.Sealer
	now    base.Time
	out    []byte
	head   int // where the record begins whose content is being written
	names  *plan.Names
	wide   map[*core.Message]bool // spread inputs that waited in lines and are written
	moves  bool                   // it is a unit that moves to another process: calls of host code go along
	soft   bool                   // without the content of Volatile cells
	err    error
}

func newWriter(dst []byte, app *plan.App, sealer core.Sealer, now base.Time) *writer {
	w := bareWriter(dst, app, sealer, now, plan.NamesOf(app))
	w.out = binary.AppendVarint(w.names.Append(w.out), int64(now))
	w.record(recordIndex)
	return w
}

// bareWriter is newWriter without an index: who reads has it already.
func bareWriter(dst []byte, app *plan.App, sealer core.Sealer, now base.Time, names *plan.Names) *writer {
	w := &writer{out: append(append(dst, magic...), version, 0), app: app, sealer: sealer, now: now, names: names}
	w.begin()
	return w
}

// begin makes room for the kind and the length of a record.
//
// A record that has begun and has no content yet costs five bytes, which end cuts off.
func (w *writer) begin() {
	w.head = len(w.out)
	w.out = append(w.out, make([]byte, frame)...)
}

// record ends a record, and begins the next one.
func (w *writer) record(kind byte) {
	// The first error stays, and writing goes on: who ends the snapshot is told.
	size := len(w.out) - w.head - frame
	if size > math.MaxUint32 && w.err == nil {
		w.err = fmt.Errorf("record of %d bytes", size)
	}
	w.out[w.head] = kind
	binary.LittleEndian.PutUint32(w.out[w.head+1:], uint32(size))
	w.begin()
}

// end appends the checksum of what was written from byte start on.
//
// The checksum covers all that is before it, the frame of the magic included.
func (w *writer) end(start int) ([]byte, error) {
	w.out = binary.LittleEndian.AppendUint64(w.out, xxhash.Sum64(w.out[start:w.head]))
	w.record(recordEnd)
	return w.out[:w.head], w.err
}

// uint appends a number of variable length.
func (w *writer) uint(x uint64) { w.out = binary.AppendUvarint(w.out, x) }

// key appends a key, 24 bytes.
func (w *writer) key(k base.Key) { w.out = k.AppendBinary(w.out) }

// at appends of which instance a record is.
func (w *writer) at(n *plan.Node, key base.Key) { w.out = appendAt(w.out, n, key) }

func appendAt(b []byte, n *plan.Node, key base.Key) []byte {
	return key.AppendBinary(binary.AppendUvarint(b, uint64(n.Index)))
}

// writeNumbers writes the numbers below which nothing may be given anew.
//
// They come first: who reads them raises its own before any unit is taken.
func (w *writer) writeNumbers(n core.Numbers) {
	w.uint(n.Tokens)
	w.uint(n.Batches)
	w.record(recordCounters)
	// Both lists are by index, and most entries are zero: one record for each of the rest.
	for kind, list := range [][]uint64{n.Sources, n.Sent} {
		for i, x := range list {
			if x > 0 {
				w.out = append(w.out, byte(kind))
				w.uint(uint64(i))
				w.uint(x)
				w.record(recordNumber)
			}
		}
	}
}

// writeSource writes how far a source has come. There are as many as keys, so it
// changes the writer once.
func (w *writer) writeSource(s core.SourceState) {
	b := s.Key.AppendBinary(binary.AppendUvarint(w.out, uint64(s.From.ID)))
	b = binary.AppendUvarint(binary.AppendUvarint(b, s.ID), uint64(s.Slot))
	w.out = binary.AppendUvarint(b, uint64(s.Seq))
	w.record(recordSource)
}

// writeImage writes a unit: what follows the record of its name belongs to it.
//
// The order of parts is the order in which a reader needs them: instances before what
// waits at them, everything of one unit before the next.
func (w *writer) writeImage(img *core.Image) {
	w.at(img.Part.Nodes[0], img.Root)
	w.uint(uint64(img.Epoch))
	w.uint(uint64(img.Fence))
	w.record(recordUnit)
	for x := range img.Instances() {
		// Instances that have nothing to say are written too: their numbers must not be
		// given again.
		w.writeInstance(x)
	}
	for h := range img.Halves() {
		w.writeHalf(&h)
	}
	for x := range img.Work() {
		w.writeWork(&x)
	}
	for x := range img.Kept() {
		w.writeKept(&x, recordKept)
	}
	for x := range img.Pushed() {
		w.writeKept(&x, recordPushed)
	}
}

// writeWork writes what waits in a line. Every core of a runtime has a spread input
// in its line: it is written once.
func (w *writer) writeWork(x *core.Work) {
	// A call of host code has a caller that goes with its process: it is written only
	// where the unit moves and the caller stays.
	if x.Inputs.FromHost() && !w.moves {
		return
	}
	// Each core's image has the message; the pointer tells that it is one.
	if in := x.Inputs.Only(); in != nil && in.Edge.IsWide() && !w.firstWide(in.Msg) {
		return
	}
	w.out = append(w.out, x.Line, x.Tries)
	w.at(x.Node, x.Key)
	w.writeInputs(&x.Inputs)
	w.record(recordLine)
}

// firstWide reports whether a spread input has not been written yet.
func (w *writer) firstWide(m *core.Message) bool {
	if w.wide[m] {
		return false
	}
	if w.wide == nil {
		w.wide = map[*core.Message]bool{}
	}
	w.wide[m] = true
	return true
}

// writeHalf writes what waits for a partner.
//
// Its due time is written as what is left of it: the clock of who reads may stand
// elsewhere.
func (w *writer) writeHalf(h *core.Half) {
	w.at(h.Node, h.Key)
	w.uint(uint64(h.Slot))
	w.uint(uint64(h.Seq))
	w.uint(h.Index)
	w.out = base.AppendMoment(w.out, h.Due, w.now)
	w.writeInputs(&h.Inputs)
	if h.Wide {
		w.record(recordSpread)
	} else {
		w.record(recordHalf)
	}
}

// writeKept writes a message that its consumer has not acknowledged.
func (w *writer) writeKept(x *core.Kept, kind byte) {
	w.key(x.Key)
	w.writeInput(&x.Input)
	w.record(kind)
}
