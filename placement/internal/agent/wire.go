// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
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
	b = append(b, letterVersion, byte(l.Kind))
	b = putUint(b, uint64(l.From))
	b = putUint(b, uint64(l.Incarnation))
	if l.inDeal() {
		b = putUint(b, uint64(l.Deal.Leader))
		b = putUint(b, l.Deal.Number)
		b = putUint(b, uint64(l.Index))
	}
	switch l.Kind {
	case Gossip:
		b = putUint(b, uint64(len(l.Nodes)))
		for i := range l.Nodes {
			b = l.Nodes[i].append(b)
		}
		b = putUint(b, uint64(len(l.Units)))
		for i := range l.Units {
			b = l.Units[i].append(b)
		}
	case Reserve, Order, Standing, Release, Done:
		b = l.Item.append(b)
		if l.Kind == Done {
			b = l.Refusal.append(b)
		}
	case Refused:
		b = l.Refusal.append(b)
	case Propose:
		b = putUint(b, uint64(len(l.Moves)))
		for _, m := range l.Moves {
			b = binary.LittleEndian.AppendUint64(b, uint64(m.Unit))
			b = putUint(b, uint64(m.From))
			b = putUint(b, uint64(m.To))
		}
	}
	return b
}

// Parse reads the bytes of a letter into l, using the memory that l has. It returns an
// error that wraps [ErrLetter] if they are of another version, cut short, too long, or
// beyond a bound.
func (l *Letter) Parse(b []byte) error {
	*l = Letter{Nodes: l.Nodes[:0], Units: l.Units[:0], Moves: l.Moves[:0]}
	r := reader{b: b}
	if v := r.byte(); r.err == nil && v != letterVersion {
		return fmt.Errorf("%w: version: got %d, want %d", ErrLetter, v, letterVersion)
	}
	l.Kind = Kind(r.byte())
	if r.err == nil && (l.Kind == 0 || l.Kind > lastKind) {
		return fmt.Errorf("%w: kind: got %d, want 1 to %d", ErrLetter, l.Kind, lastKind)
	}
	l.From = r.node("from")
	l.Incarnation = uint32(r.uint("incarnation", math.MaxUint32))
	if l.inDeal() {
		l.Deal.Leader = r.node("leader")
		l.Deal.Number = r.uint("number", math.MaxUint64)
		l.Index = uint16(r.uint("index", math.MaxUint16))
	}
	switch l.Kind {
	case Gossip:
		for range r.uint("nodes", MaxRows) {
			l.Nodes = append(l.Nodes, r.nodeRow())
		}
		for range r.uint("units", MaxRows) {
			l.Units = append(l.Units, r.unitRow())
		}
	case Reserve, Order, Standing, Release, Done:
		l.Item = r.item()
		if l.Kind == Done {
			l.Refusal = r.refusal()
		}
	case Refused:
		l.Refusal = r.refusal()
	case Propose:
		for range r.uint("moves", MaxMoves) {
			l.Moves = append(l.Moves, Move{Unit: UnitID(r.uint64()), From: r.node("move from"), To: r.node("move to")})
		}
	}
	if r.err == nil && len(r.b) > 0 {
		return fmt.Errorf("%w: %d bytes beyond its end", ErrLetter, len(r.b))
	}
	return r.err
}

// inDeal reports whether the letter belongs to a deal.
func (l *Letter) inDeal() bool {
	switch l.Kind {
	case Gossip, Standing, Release, Propose:
		return false
	}
	return true
}

func (r *NodeRow) append(b []byte) []byte {
	b = putUint(b, uint64(r.Node))
	b = append(b, byte(r.State))
	b = putUint(b, uint64(r.Incarnation))
	b = putUint(b, uint64(r.Version))
	b = binary.LittleEndian.AppendUint64(b, r.Deployed)
	return putColumns(b, r.Columns[:])
}

func (r *UnitRow) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Unit))
	b = binary.LittleEndian.AppendUint32(b, r.Deployment)
	b = putUint(b, uint64(r.Owner))
	kept := byte(0)
	if r.Kept {
		kept = 1
	}
	b = append(b, r.Want, kept)
	b = putUint(b, uint64(r.Epoch))
	b = putUint(b, uint64(r.Life))
	b = putUint(b, uint64(r.Version))
	for _, s := range r.Standbys {
		b = putUint(b, uint64(s))
	}
	return putColumns(b, r.Columns[:])
}

func (it *Item) append(b []byte) []byte {
	b = it.Row.append(b)
	b = append(b, byte(it.Role), it.Rank)
	b = putUint(b, uint64(it.To))
	return putText(b, it.Name, MaxName)
}

func (r *Refusal) append(b []byte) []byte {
	b = putUint(b, uint64(r.Node))
	b = putText(b, r.Line, MaxLine)
	b = putText(b, r.Got, MaxLine)
	return putText(b, r.Want, MaxLine)
}

func putUint(b []byte, x uint64) []byte { return binary.AppendUvarint(b, x) }

// putText cuts what is too long: texts are for people, and names are checked before.
func putText(b []byte, s string, most int) []byte {
	s = s[:min(len(s), most)]
	return append(putUint(b, uint64(len(s))), s...)
}

func putColumns(b []byte, columns []float32) []byte {
	mask := uint64(0)
	for i, x := range columns {
		if x != 0 {
			mask |= 1 << i
		}
	}
	b = putUint(b, mask)
	for _, x := range columns {
		if x != 0 {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	}
	return b
}

// reader takes a letter apart. After the first error everything that it returns is zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrLetter}, args...)...)
	}
	r.b = nil
}

// take returns the next n bytes, or nil.
func (r *reader) take(n int) []byte {
	if r.err != nil || len(r.b) < n {
		r.fail("cut short")
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint(field string, most uint64) uint64 {
	if r.err != nil {
		return 0
	}
	x, n := binary.Uvarint(r.b)
	switch {
	case n <= 0:
		r.fail("%s: cut short", field)
		return 0
	case x > most:
		r.fail("%s: got %d, want at most %d", field, x, most)
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) node(field string) NodeID { return NodeID(r.uint(field, uint64(MaxNode))) }

func (r *reader) text(field string, most int) string {
	return string(r.take(int(r.uint(field, uint64(most)))))
}

// columns refuses what is no number: nobody should have to compare with it.
func (r *reader) columns(dst []float32) {
	mask := r.uint("columns", 1<<len(dst)-1)
	for i := range dst {
		if mask>>i&1 == 0 {
			continue
		}
		x := math.Float32frombits(r.uint32())
		if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) || (x == 0 && r.err == nil) {
			r.fail("column %d: got %v, want a finite number that is not 0", i, x)
			return
		}
		dst[i] = x
	}
}

func (r *reader) nodeRow() (row NodeRow) {
	row.Node = r.node("node")
	if row.State = NodeState(r.byte()); row.State > NodeDraining {
		r.fail("state: got %d, want at most %d", row.State, NodeDraining)
	}
	row.Incarnation = uint32(r.uint("incarnation", math.MaxUint32))
	row.Version = uint32(r.uint("version", math.MaxUint32))
	row.Deployed = r.uint64()
	r.columns(row.Columns[:])
	return row
}

func (r *reader) unitRow() (row UnitRow) {
	row.Unit = UnitID(r.uint64())
	row.Deployment = r.uint32()
	row.Owner = r.node("owner")
	if row.Want = r.byte(); row.Want > MaxStandbys {
		r.fail("want: got %d, want at most %d", row.Want, MaxStandbys)
	}
	kept := r.byte()
	if kept > 1 {
		r.fail("kept: got %d, want 0 or 1", kept)
	}
	row.Kept = kept == 1
	row.Epoch = uint32(r.uint("epoch", math.MaxUint32))
	row.Life = uint32(r.uint("life", math.MaxUint32))
	row.Version = uint32(r.uint("version", math.MaxUint32))
	for i := range row.Standbys {
		row.Standbys[i] = r.node("standby")
	}
	r.columns(row.Columns[:])
	return row
}

func (r *reader) item() (it Item) {
	it.Row = r.unitRow()
	if it.Role = Role(r.byte()); it.Role > RoleWitness {
		r.fail("role: got %d, want at most %d", it.Role, RoleWitness)
	}
	if it.Rank = r.byte(); it.Rank >= MaxStandbys {
		r.fail("rank: got %d, want below %d", it.Rank, MaxStandbys)
	}
	it.To = r.node("to")
	it.Name = r.text("name", MaxName)
	return it
}

func (r *reader) refusal() (x Refusal) {
	x.Node = r.node("refusal of")
	x.Line, x.Got, x.Want = r.text("line", MaxLine), r.text("got", MaxLine), r.text("want", MaxLine)
	return x
}
