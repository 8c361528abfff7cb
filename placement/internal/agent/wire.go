// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"errors"
	"math"

	"github.com/neuroran/neuroran/placement/internal/wire"
)

// A letter as bytes: version, kind, from, incarnation, and then what its kind has. Numbers
// are unsigned varints, but for hashes, which are 8 bytes or 4, and columns, which are a
// mask of those that are not 0 and a float32 each, all little-endian. Texts have their
// length before them.

// letterVersion is what this package writes, and all that it reads.
const letterVersion = 1

// ErrLetter is wrapped by all errors about the bytes of a letter.
var ErrLetter = errors.New("agent: not a letter")

// Append appends the bytes of a letter.
func (l *Letter) Append(b []byte) []byte {
	w := wire.Writer{B: b}
	w.Byte(letterVersion)
	w.Byte(byte(l.Kind))
	w.Uint(uint64(l.From))
	w.Uint(uint64(l.Incarnation))
	if l.inDeal() {
		w.Uint(uint64(l.Deal.Leader))
		w.Uint(l.Deal.Number)
		w.Uint(uint64(l.Index))
	}
	switch l.Kind {
	case Gossip:
		w.Uint(uint64(len(l.Nodes)))
		for i := range l.Nodes {
			l.Nodes[i].write(&w)
		}
		w.Uint(uint64(len(l.Units)))
		for i := range l.Units {
			l.Units[i].write(&w)
		}
	case Reserve, Order, Standing, Release, End, Retired, Noted, Done:
		l.Item.write(&w)
		if l.Kind == Done {
			l.Refusal.write(&w)
		}
	case Refused:
		l.Refusal.write(&w)
	case Propose:
		w.Uint(uint64(len(l.Moves)))
		for _, m := range l.Moves {
			w.Fixed64(uint64(m.Unit))
			w.Uint(uint64(m.From))
			w.Uint(uint64(m.To))
		}
	}
	return w.B
}

// Parse reads the bytes of a letter into l, using the memory that l has. It returns an
// error that wraps [ErrLetter] if they are of another version, cut short, too long, or
// beyond a bound.
func (l *Letter) Parse(b []byte) error {
	*l = Letter{Nodes: l.Nodes[:0], Units: l.Units[:0], Moves: l.Moves[:0]}
	r := reader{wire.Read(b, ErrLetter)}
	r.Version(letterVersion)
	if l.Kind = Kind(r.Byte("kind", byte(lastKind))); r.Err() == nil && l.Kind == 0 {
		r.Fail("kind: got 0, want 1 to %d", lastKind)
	}
	l.From = r.node("from")
	l.Incarnation = r.Uint32("incarnation")
	if l.inDeal() {
		l.Deal.Leader = r.node("leader")
		l.Deal.Number = r.Uint("number", math.MaxUint64)
		l.Index = uint16(r.Uint("index", math.MaxUint16))
	}
	switch l.Kind {
	case Gossip:
		for range r.Uint("nodes", MaxRows) {
			l.Nodes = append(l.Nodes, r.nodeRow())
		}
		for range r.Uint("units", MaxRows) {
			l.Units = append(l.Units, r.unitRow())
		}
	case Reserve, Order, Standing, Release, End, Retired, Noted, Done:
		l.Item = r.item()
		if l.Kind == Done {
			l.Refusal = r.refusal()
		}
	case Refused:
		l.Refusal = r.refusal()
	case Propose:
		for range r.Uint("moves", MaxMoves) {
			l.Moves = append(l.Moves, Move{Unit: UnitID(r.Fixed64("move of")), From: r.node("move from"), To: r.node("move to")})
		}
	}
	return r.End()
}

// inDeal reports whether the letter belongs to a deal.
func (l *Letter) inDeal() bool {
	switch l.Kind {
	case Gossip, Standing, Release, End, Propose:
		return false
	}
	return true
}

func (r *NodeRow) write(w *wire.Writer) {
	w.Uint(uint64(r.Node))
	w.Byte(byte(r.State))
	w.Uint(uint64(r.Incarnation))
	w.Uint(uint64(r.Version))
	w.Fixed64(r.Deployed)
	writeColumns(w, r.Columns[:])
}

func (r *UnitRow) write(w *wire.Writer) {
	w.Fixed64(uint64(r.Unit))
	w.Fixed32(r.Deployment)
	w.Uint(uint64(r.Owner))
	w.Byte(r.Want)
	w.Bool(r.Kept)
	w.Uint(uint64(r.Epoch))
	w.Uint(uint64(r.Life))
	w.Uint(uint64(r.Version))
	for _, s := range r.Standbys {
		w.Uint(uint64(s))
	}
	writeColumns(w, r.Columns[:])
}

func (it *Item) write(w *wire.Writer) {
	it.Row.write(w)
	w.Byte(byte(it.Role))
	w.Byte(it.Rank)
	w.Uint(uint64(it.To))
	writeText(w, it.Name, MaxName)
}

func (r *Refusal) write(w *wire.Writer) {
	w.Uint(uint64(r.Node))
	writeText(w, r.Line, MaxLine)
	writeText(w, r.Got, MaxLine)
	writeText(w, r.Want, MaxLine)
}

// writeText cuts what is too long: texts are for people, and names are checked before.
func writeText(w *wire.Writer, s string, most int) { w.Text(s[:min(len(s), most)]) }

func writeColumns(w *wire.Writer, columns []float32) {
	mask := uint64(0)
	for i, x := range columns {
		if x != 0 {
			mask |= 1 << i
		}
	}
	w.Uint(mask)
	for _, x := range columns {
		if x != 0 {
			w.Fixed32(math.Float32bits(x))
		}
	}
}

// reader takes a letter apart.
type reader struct{ wire.Reader }

func (r *reader) node(field string) NodeID { return NodeID(r.Uint(field, uint64(MaxNode))) }

// columns refuses what is no number: nobody should have to compare with it.
func (r *reader) columns(dst []float32) {
	mask := r.Uint("columns", 1<<len(dst)-1)
	for i := range dst {
		if mask>>i&1 == 0 {
			continue
		}
		x := math.Float32frombits(r.Fixed32("column"))
		if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) || (x == 0 && r.Err() == nil) {
			r.Fail("column %d: got %v, want a finite number that is not 0", i, x)
			return
		}
		dst[i] = x
	}
}

func (r *reader) nodeRow() (row NodeRow) {
	row.Node, row.State = r.node("node"), NodeState(r.Byte("state", byte(NodeDraining)))
	row.Incarnation, row.Version = r.Uint32("incarnation"), r.Uint32("version")
	row.Deployed = r.Fixed64("deployed")
	r.columns(row.Columns[:])
	return row
}

func (r *reader) unitRow() (row UnitRow) {
	row.Unit, row.Deployment, row.Owner = UnitID(r.Fixed64("unit")), r.Fixed32("deployment"), r.node("owner")
	row.Want, row.Kept = r.Byte("want", MaxStandbys), r.Bool("kept")
	row.Epoch, row.Life, row.Version = r.Uint32("epoch"), r.Uint32("life"), r.Uint32("version")
	for i := range row.Standbys {
		row.Standbys[i] = r.node("standby")
	}
	r.columns(row.Columns[:])
	return row
}

func (r *reader) item() (it Item) {
	it.Row = r.unitRow()
	it.Role, it.Rank = Role(r.Byte("role", byte(RoleWitness))), r.Byte("rank", MaxStandbys-1)
	it.To, it.Name = r.node("to"), r.Text("name", MaxName)
	return it
}

func (r *reader) refusal() (x Refusal) {
	x.Node = r.node("refusal of")
	x.Line, x.Got, x.Want = r.Text("line", MaxLine), r.Text("got", MaxLine), r.Text("want", MaxLine)
	return x
}
