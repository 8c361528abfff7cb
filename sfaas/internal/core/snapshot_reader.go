// SPDX-License-Identifier: Apache-2.0

package core

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// snapshotParser reads records.
type snapshotParser struct {
	app   *plan.App
	set   *Settings
	now   base.Time
	codec *Core // decodes instances
	index *plan.Index
	s     *snapshot
}

// parseSnapshot checks the frame and reads all records.
func parseSnapshot(app *plan.App, set *Settings, data []byte, now base.Time) (*snapshot, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %w", base.ErrSnapshot, fmt.Errorf(format, args...))
	}
	const frame = 5 // kind and length of a record
	if len(data) < 8 || string(data[:6]) != snapshotMagic {
		return nil, bad("no snapshot")
	}
	if data[6] != snapshotVersion || data[7] != 0 {
		return nil, bad("version %d, want %d", data[6], snapshotVersion)
	}
	end := len(data) - frame - 8
	if end < 8 || data[end] != recordEnd || binary.LittleEndian.Uint32(data[end+1:]) != 8 {
		return nil, bad("truncated")
	}
	if binary.LittleEndian.Uint64(data[end+frame:]) != xxhash.Sum64(data[:end]) {
		return nil, bad("checksum differs")
	}
	p := &snapshotParser{app: app, set: set, now: now, codec: &Core{app: app, set: set, now: now}, s: &snapshot{}}
	for at := 8; at < end; {
		if end-at < frame {
			return nil, bad("record at byte %d: %w", at, base.ErrTruncated)
		}
		kind, size := data[at], binary.LittleEndian.Uint32(data[at+1:])
		if uint64(size) > uint64(end-at-frame) {
			return nil, bad("record at byte %d: %w", at, base.ErrTruncated)
		}
		r := &base.Reader{Src: data[at+frame : at+frame+int(size)]}
		p.record(kind, r)
		if err := r.End(); err != nil {
			return nil, bad("record at byte %d: %w", at, err)
		}
		at += frame + int(size)
	}
	if p.index == nil {
		return nil, bad("no index")
	}
	return p.s, nil
}

// record reads one record.
func (p *snapshotParser) record(kind byte, r *base.Reader) {
	if (kind == recordIndex) != (p.index == nil) {
		r.Fail(fmt.Errorf("kind %d: the index comes first, once", kind))
		return
	}
	s := p.s
	switch kind {
	case recordIndex:
		p.index = plan.ReadIndex(r, p.app)
	case recordCounters:
		s.tokens, s.batches = r.Limited(tokenCount), r.Uint()
	case recordRoute:
		s.routes = append(s.routes, restoredRoute{p.index.Node(r), r.Byte(), r.Uint32()})
	case recordInstance:
		p.readInstance(r)
	case recordNumber:
		p.readNumber(r)
	case recordSource:
		p.readSource(r)
	case recordWaiting, recordControl:
		p.readWaiting(r, kind)
	case recordHalf, recordSpread:
		p.readHalf(r, kind)
	case recordDelayed, recordCall:
		p.readTimer(r, kind)
	default:
		r.Fail(fmt.Errorf("unknown kind %d", kind))
	}
}

func (p *snapshotParser) readInstance(r *base.Reader) {
	n := p.index.Node(r)
	if r.Err != nil {
		return
	}
	key, inst, rest, err := p.codec.cutInstance(r.Src, n)
	if err != nil {
		r.Fail(err)
		return
	}
	r.Src = rest
	p.readMarks(r, inst)
	p.s.insts = append(p.s.insts, restoredInstance{n, key, inst})
}

// readMarks is the inverse of appendMarks.
func (p *snapshotParser) readMarks(r *base.Reader, inst *instance) {
	inst.sent = r.Uint()
	for i := range r.Count(1) {
		var m mark
		if m.ok = r.Bool(); m.ok {
			m.slot = base.Slot(r.Uint())
		}
		if i < len(inst.applied) {
			inst.applied[i] = m
		}
	}
	for range r.Count(8*base.MaxDepth + 5) {
		edge := r.Uint()
		w := watermark{markID: markID{node: base.NodeID(r.Uint16()), source: r.Key()}, id: r.Uint(), index: r.Uint(), epoch: r.Uint32(), at: p.now}
		if e := p.index.Known(r, edge); e != nil { // else nothing can arrive on it
			w.edge = e.ID
			if inst.seen.find(w.markID) == nil {
				inst.seen.add(w, 0)
			}
		}
	}
}

// readNumber reads one number of what has been forgotten. Where the function
// or source is gone, so is who could be confused.
func (p *snapshotParser) readNumber(r *base.Reader) {
	ofNode, i, n := r.Bool(), r.Uint(), r.Uint()
	switch {
	case ofNode && i < uint64(len(p.index.Nodes)):
		if x := p.index.Nodes[i]; x != nil {
			p.s.sent = append(p.s.sent, restoredNumber{x.Index, n})
		}
	case !ofNode && i < uint64(len(p.index.Outlets)):
		if x := p.index.Outlets[i]; x != nil {
			p.s.numbers = append(p.s.numbers, restoredNumber{x.ID, n})
		}
	default:
		r.Fail(base.ErrInvalid)
	}
}

func (p *snapshotParser) readSource(r *base.Reader) {
	q := restoredSource{outlet: p.index.Outlet(r), key: r.Key()}
	q.seq.id, q.seq.slot, q.seq.seq = r.Uint(), base.Slot(r.Uint()), r.Uint32()
	if r.Err == nil && !q.outlet.Source {
		r.Fail(base.ErrInvalid)
	}
	p.s.sources = append(p.s.sources, q)
}

func (p *snapshotParser) readWaiting(r *base.Reader, kind byte) {
	x := restoredInputs{node: p.index.Node(r), half: half{key: r.Key()}}
	if kind == recordControl {
		e, m := p.readInput(r)
		if r.Err == nil && (e.Node != x.node || !e.Kind.Control()) {
			r.Fail(base.ErrInvalid)
		}
		x.msgs[0], x.edges[0] = m, e
		p.s.control = append(p.s.control, x)
		return
	}
	x.joined = p.readInputs(r, x.node)
	if r.Err != nil {
		return
	}
	for i := range x.node.Fn.Ins {
		if x.msgs[i] == nil || x.node.Sink {
			r.Fail(base.ErrInvalid)
			return
		}
	}
	p.s.waiting = append(p.s.waiting, x)
}

func (p *snapshotParser) readHalf(r *base.Reader, kind byte) {
	x := restoredInputs{node: p.index.Node(r), half: half{key: r.Key(), slot: base.Slot(r.Uint()), seq: r.Uint32(), index: r.Uint(), due: r.Moment(p.now)}}
	if r.Err != nil {
		return
	}
	if p.set.Paced && x.due != base.Never {
		x.due = p.set.Due(x.slot, p.now)
	}
	x.joined = p.readInputs(r, x.node)
	spread := 0
	for _, c := range x.edges {
		if c != nil && c.Wide {
			spread++
		}
	}
	if r.Err == nil && (len(x.node.Fn.Ins) < 2 || (kind == recordSpread) != (spread == x.len())) {
		r.Fail(base.ErrInvalid)
	}
	if kind == recordSpread {
		p.s.spread = append(p.s.spread, x)
	} else {
		p.s.halves = append(p.s.halves, x)
	}
}

// len returns how many inputs there are.
func (j *joined) len() int {
	n := 0
	for _, m := range j.msgs {
		if m != nil {
			n++
		}
	}
	return n
}

func (p *snapshotParser) readTimer(r *base.Reader, kind byte) {
	x := restoredTimer{node: p.index.Node(r), key: r.Key(), token: base.Token(r.Uint()), at: r.Moment(p.now)}
	if kind == recordDelayed {
		x.to = r.Key()
		x.edge, x.msg = p.readInput(r)
		p.s.delayed = append(p.s.delayed, x)
		return
	}
	x.slot = base.Slot(r.Uint())
	x.edge = p.index.Edge(r, r.Uint())
	if r.Err == nil && (x.edge.Node != x.node || x.edge.Kind != plan.PortReply) {
		r.Fail(base.ErrInvalid)
	}
	p.s.calls = append(p.s.calls, x)
}
