// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// What an engine keeps of a unit are rows. A key of a row begins with its kind; what
// follows knows functions, edges and cells by hashes of their names, so that a later
// life of the runtime, whose graph has grown, finds the same row again:
//
//	i | function | key | h                    numbers of an instance
//	i | function | key | c | cell | part      a part of a cell
//	i | function | key | m | producer         how far it has come with a producer
//	i | function | key | s | edge             last setting of a port
//	i | function | key | t | token            a delayed message, or a call
//	k | epoch | core | number                 a message that another unit has not acknowledged
//	o | epoch | core | number                 an input that is not done with
//	p | edge | key                            how far a source has come
//	u                                         first slot of the owner
//	H                                         the unit is on its way, see [core.Hand]: before all others
//
// and of the runtime itself, the zero unit:
//
//	k, p                                      of what sources have pushed for units elsewhere
//	A | hash                                  names of a graph, and its cells
//	B | life                                  clock of a life, and the hash of its names
//	r | part | root                           who owns a unit
//	s | part                                  who owns the rest of a part
//	n | part | root                           up to which epoch a unit will not be imported
//
// A value begins with the number of the life that wrote it, by whose names it is read,
// and is then as in a snapshot. Moments are wall-clock time in nanoseconds since 1970,
// as the clock of the runtime was set against it when the life began; those of the
// program, in cells and messages, are as they were, and are shifted when they are read.
// Numbers in keys are big-endian, so that rows are in the order in which they were made.
const (
	rowInstance = 'i'
	rowKept     = 'k'
	rowInput    = 'o'
	rowPosition = 'p'
	rowFence    = 'u'
	rowNames    = 'A' // before all others, which are read by them
	rowLife     = 'B'
	rowRoute    = 'r'
	rowRest     = 's'
	rowHand     = 'H' // before those that it says something about
	rowPromise  = 'n'

	rowHead    = 'h' // of an instance
	rowCell    = 'c'
	rowMark    = 'm'
	rowSetting = 's'
	rowTimer   = 't'
)

// Recorder makes the rows of one life of a runtime. It implements [core.Recorder], and
// may be used by several cores at once.
//
// What outlives a graph: hashes of names for functions, edges and cells. What outlives a
// process: moments in wall-clock time. What outlives a restart of the numbering: the
// life, by whose names a value is read. A row thus needs nothing but itself and the rows
// of its life.
type Recorder struct {
	app    *plan.App
	sealer core.Sealer
	names  *plan.Names
	node   base.NodeID
	life   uint32
	origin base.Time // 1970 on the runtime's clock
	nodes  []uint64  // hashes of names, by index
}

// NewRecorder returns the recorder of a runtime whose life begins, on whose clock it
// is now. It refuses a graph with messages that are to be recorded and have no
// encoding, and sealed cells without a key that outlives the process.
//
// Everything that could not be recorded is refused here, before the first message: a
// runtime that cannot keep its promises must not make any.
func NewRecorder(app *plan.App, set *core.Settings, now base.Time, wall int64) (*Recorder, error) {
	r := &Recorder{app: app, sealer: set.Sealer, names: plan.NamesOf(app), node: set.Node, life: set.Incarnation, origin: now - base.Time(wall)}
	for _, name := range r.names.Nodes {
		r.nodes = append(r.nodes, xxhash.Sum64String(name))
	}
	for _, e := range app.Edges {
		if e.Config.Guarantee != base.AtMostOnce && e.From.Layout.Opaque != "" {
			return nil, &base.PayloadError{Port: e.From.Name, Reason: e.From.Layout.Opaque}
		}
	}
	if set.OwnSealer && app.Sealed() {
		return nil, &base.OptionError{Option: "WithEngine", Got: "sealed cells under a key that ends with the process", Want: "WithSealer"}
	}
	return r, nil
}

// Begin returns the record that comes before all others of a life.
//
// It has the names of this life's graph, by hash, so that equal graphs write them once,
// the life's clock, and which node it is of.
func (r *Recorder) Begin() *core.Record {
	names := appendSchema(r.names.Append(nil), r.app)
	hash := binary.BigEndian.AppendUint64(nil, xxhash.Sum64(names))
	life := binary.AppendVarint(slices.Clone(hash), int64(r.origin))
	life = binary.AppendUvarint(life, uint64(r.node))
	return &core.Record{Epoch: r.life, Core: beginCore, Seq: 1, Writes: []core.Write{
		{Key: append([]byte{rowNames}, hash...), Value: names},
		{Key: binary.BigEndian.AppendUint32([]byte{rowLife}, r.life), Value: life},
	}}
}

// beginCore is the core that the first record of a life is said to come from: none.
const beginCore = base.Groups

// appendSchema appends what the rows of cells do not say of themselves.
//
// A cell row says what it holds and not how: class, version and form are the same for all
// rows of a life.
func appendSchema(b []byte, app *plan.App) []byte {
	for _, n := range app.Nodes {
		b = binary.AppendUvarint(b, uint64(len(n.Fn.Cells)))
		for _, d := range n.Fn.Cells {
			b = append(base.AppendString(b, d.Name), byte(d.Class))
			b = base.AppendDigest(binary.AppendUvarint(b, uint64(d.Version)), d.Form)
		}
	}
	return b
}

// value begins the value of a row.
//
// Each value begins with the life, by which a reader finds names and clock.
func (r *Recorder) value() *writer {
	return &writer{app: r.app, sealer: r.sealer, now: r.origin, names: r.names, out: binary.AppendUvarint(nil, uint64(r.life))}
}

func set(dst []core.Write, key, value []byte) []core.Write {
	return append(dst, core.Write{Key: key, Value: value})
}

func drop(dst []core.Write, key []byte) []core.Write {
	return append(dst, core.Write{Key: key, Delete: true})
}

// dropAll deletes the rows whose keys begin with a prefix.
func dropAll(dst []core.Write, prefix []byte) []core.Write {
	return append(dst, core.Write{Key: prefix, End: after(prefix), Delete: true})
}

// after returns the least key behind all that begin with a prefix, which is not all 0xFF.
//
// The engine deletes ranges, whose end it needs.
func after(prefix []byte) []byte {
	end := slices.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return end
}

// of begins the key of a row of an instance.
//
// All rows of an instance begin alike, and lie together: one range forgets it.
func (r *Recorder) of(x core.Instance, kind ...byte) []byte {
	b := make([]byte, 0, 64)
	b = binary.BigEndian.AppendUint64(append(b, rowInstance), r.nodes[x.Node().Index])
	return append(x.Key().AppendBinary(b), kind...)
}

// rowKey names a row by epoch, core and number: the order in which rows were made, within
// a core. Between cores the order does not matter.
func rowKey(kind byte, row core.Row) []byte {
	b := binary.BigEndian.AppendUint32([]byte{kind}, row.Epoch)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint16(b, row.Core), row.N)
}

func edgeKey(b []byte, e *plan.Edge) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(e.Stable))
}

// Head implements [core.Recorder].
func (r *Recorder) Head(dst []core.Write, x core.Instance) []core.Write {
	w := r.value()
	w.out = appendNumbers(w.out, x)
	return set(dst, r.of(x, rowHead), w.out)
}

// Changes implements [core.Recorder].
//
// A cell that holds a million entries is written by entry: the record of an invocation
// that changed one has one.
func (r *Recorder) Changes(dst []core.Write, x core.Instance, s plan.CellStore, now base.Time) []core.Write {
	p := r.parts(dst, x, s)
	s.Changes(p, now, r.origin)
	return p.dst
}

// Content implements [core.Recorder]. A sealed cell is one row: names of parts would
// stand in clear.
func (r *Recorder) Content(dst []core.Write, x core.Instance, s plan.CellStore, now base.Time) []core.Write {
	p := r.parts(dst, x, s)
	switch {
	case s.Head().Decl.Class != base.Sealed:
		s.AllParts(p, now, r.origin)
	case s.Live(now):
		p.Set(nil, core.AppendCell(nil, r.sealer, x.Address(), s, r.origin))
	default:
		p.Delete(nil)
	}
	return p.dst
}

// parts makes rows of the parts of a cell.
//
// A part is what a cell records apart from the rest of it, such as an entry of a map;
// package plan decides.
type parts struct {
	r    *Recorder
	dst  []core.Write
	cell []byte // what their keys begin with
}

func (r *Recorder) parts(dst []core.Write, x core.Instance, s plan.CellStore) *parts {
	return &parts{r, dst, binary.BigEndian.AppendUint64(r.of(x, rowCell), xxhash.Sum64String(s.Head().Decl.Name))}
}

func (p *parts) key(part []byte) []byte { return append(slices.Clip(p.cell), part...) }

// Set implements [plan.Parts].
func (p *parts) Set(part, content []byte) {
	p.dst = set(p.dst, p.key(part), append(p.r.value().out, content...))
}

// Delete implements [plan.Parts].
func (p *parts) Delete(part []byte) { p.dst = drop(p.dst, p.key(part)) }

// DeleteFrom implements [plan.Parts].
func (p *parts) DeleteFrom(part []byte) {
	p.dst = append(p.dst, core.Write{Key: p.key(part), End: after(p.cell), Delete: true})
}

// Mark implements [core.Recorder].
//
// The mark is written as of what is durable, and not as of what has been taken: what is
// open comes again.
func (r *Recorder) Mark(dst []core.Write, x core.Instance, m *core.Watermark, upTo core.Place) []core.Write {
	key := edgeKey(r.of(x, rowMark), r.app.Edges[m.Edge-1])
	fn := uint64(0)
	if m.Func > 0 {
		fn = r.nodes[m.Func-1]
	}
	key = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(key, fn), uint16(m.Node))
	w := r.value()
	w.out = appendMark(w.out, &core.Watermark{MarkID: m.MarkID, Taken: upTo, From: m.From, Via: m.Via})
	return set(dst, m.Source.AppendBinary(key), w.out)
}

// Setting implements [core.Recorder].
//
// The setting is named by its port and not by the edge that it came by: the last one of a
// port counts.
func (r *Recorder) Setting(dst []core.Write, x core.Instance, in *core.Input) []core.Write {
	w := r.value()
	w.writeInput(&core.Input{Edge: in.Edge, Msg: in.Msg})
	return set(dst, edgeKey(r.of(x, rowSetting), x.Node().Ports[in.Edge.Port.Index()]), w.out)
}

func (r *Recorder) timer(x core.Instance, t base.Token) []byte {
	return binary.BigEndian.AppendUint64(r.of(x, rowTimer), uint64(t))
}

// Timer implements [core.Recorder].
func (r *Recorder) Timer(dst []core.Write, x core.Instance, t *core.Timer) []core.Write {
	w := r.value()
	w.out = base.AppendFlag(w.out, t.Port != nil)
	w.appendTimer(t)
	return set(dst, r.timer(x, t.Token), w.out)
}

// NoTimer implements [core.Recorder].
func (r *Recorder) NoTimer(dst []core.Write, x core.Instance, t base.Token) []core.Write {
	return drop(dst, r.timer(x, t))
}

// Forget implements [core.Recorder].
func (r *Recorder) Forget(dst []core.Write, x core.Instance) []core.Write {
	return dropAll(dst, r.of(x))
}

// Input implements [core.Recorder].
//
// The stamp is written if another unit keeps the message: recovery then knows to whom to
// acknowledge.
func (r *Recorder) Input(dst []core.Write, row core.Row, key base.Key, in *core.Input) []core.Write {
	w := r.value()
	w.key(key)
	w.writeInput(in)
	return set(dst, rowKey(rowInput, row), w.out)
}

// NoInput implements [core.Recorder].
func (r *Recorder) NoInput(dst []core.Write, row core.Row) []core.Write {
	return drop(dst, rowKey(rowInput, row))
}

// Kept implements [core.Recorder].
func (r *Recorder) Kept(dst []core.Write, row core.Row, x *core.Kept) []core.Write {
	w := r.value()
	w.key(x.Key)
	w.writeInput(&x.Input)
	return set(dst, rowKey(rowKept, row), w.out)
}

// NoKept implements [core.Recorder].
func (r *Recorder) NoKept(dst []core.Write, row core.Row) []core.Write {
	return drop(dst, rowKey(rowKept, row))
}

func position(e *plan.Edge, key base.Key) []byte {
	return key.AppendBinary(edgeKey([]byte{rowPosition}, e))
}

// Position implements [core.Recorder].
//
// A position is per edge, although a source counts per key: edges may be at units whose
// records are apart.
func (r *Recorder) Position(dst []core.Write, e *plan.Edge, key base.Key, p core.SourceState) []core.Write {
	w := r.value()
	w.uint(uint64(e.ID - 1))
	w.key(key)
	w.uint(p.ID)
	w.uint(uint64(p.Slot))
	w.uint(uint64(p.Seq))
	return set(dst, position(e, key), w.out)
}

// NoPosition implements [core.Recorder].
func (r *Recorder) NoPosition(dst []core.Write, e *plan.Edge, key base.Key) []core.Write {
	return drop(dst, position(e, key))
}

// Fence implements [core.Recorder].
func (r *Recorder) Fence(dst []core.Write, fence base.Slot) []core.Write {
	w := r.value()
	w.uint(uint64(fence))
	return set(dst, []byte{rowFence}, w.out)
}

// Clear implements [core.Recorder].
//
// All rows of the unit, whatever their kind: the keys of rows begin with letters.
func (r *Recorder) Clear(dst []core.Write) []core.Write {
	return append(dst, core.Write{Key: []byte{0}, End: []byte{0xFF}, Delete: true})
}

// Hand implements [core.Recorder].
func (r *Recorder) Hand(dst []core.Write, h core.Hand) []core.Write {
	w := r.value()
	w.out = append(w.out, byte(h.State))
	w.uint(uint64(h.Node))
	w.uint(uint64(h.Epoch))
	w.uint(h.Move)
	return set(dst, []byte{rowHand}, w.out)
}

// NoHand implements [core.Recorder].
func (r *Recorder) NoHand(dst []core.Write) []core.Write { return drop(dst, []byte{rowHand}) }

func ofUnit(kind byte, u base.Unit) []byte {
	return u.Root.AppendBinary(binary.BigEndian.AppendUint64([]byte{kind}, xxhash.Sum64String(u.Part)))
}

// Promise implements [core.Recorder].
func (r *Recorder) Promise(dst []core.Write, u base.Unit, epoch uint32) []core.Write {
	w := r.value()
	w.out = base.AppendString(w.out, u.Part)
	w.key(u.Root)
	w.uint(uint64(epoch))
	return set(dst, ofUnit(rowPromise, u), w.out)
}

// NoPromise implements [core.Recorder].
func (r *Recorder) NoPromise(dst []core.Write, u base.Unit) []core.Write {
	return drop(dst, ofUnit(rowPromise, u))
}

// Route implements [core.Recorder].
func (r *Recorder) Route(dst []core.Write, x base.Route) []core.Write {
	w := r.value()
	w.out = base.AppendString(w.out, x.Unit.Part)
	w.key(x.Unit.Root)
	w.uint(uint64(x.Owner))
	w.uint(uint64(x.Epoch))
	return set(dst, ofUnit(rowRoute, x.Unit), w.out)
}

// Rest implements [core.Recorder].
func (r *Recorder) Rest(dst []core.Write, x core.Rest) []core.Write {
	w := r.value()
	w.out = base.AppendString(w.out, x.Part)
	w.uint(uint64(x.Owner))
	w.uint(uint64(x.Epoch))
	return set(dst, binary.BigEndian.AppendUint64([]byte{rowRest}, xxhash.Sum64String(x.Part)), w.out)
}
