// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// snapshotParser reads records.
type snapshotParser struct {
	app   *App
	set   *settings
	now   Time
	codec *Core // decodes instances
	index *graphIndex
	s     *snapshot
}

// parseSnapshot checks the frame and reads all records.
func parseSnapshot(app *App, set *settings, data []byte, now Time) (*snapshot, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %w", ErrSnapshot, fmt.Errorf(format, args...))
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
			return nil, bad("record at byte %d: %w", at, errTruncated)
		}
		kind, size := data[at], binary.LittleEndian.Uint32(data[at+1:])
		if uint64(size) > uint64(end-at-frame) {
			return nil, bad("record at byte %d: %w", at, errTruncated)
		}
		r := &wireReader{src: data[at+frame : at+frame+int(size)]}
		p.record(kind, r)
		if err := r.end(); err != nil {
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
func (p *snapshotParser) record(kind byte, r *wireReader) {
	if (kind == recordIndex) != (p.index == nil) {
		r.fail(fmt.Errorf("kind %d: the index comes first, once", kind))
		return
	}
	s := p.s
	switch kind {
	case recordIndex:
		p.index = readIndex(r, p.app)
	case recordCounters:
		s.tokens, s.batches = r.limited(tokenCount), r.uint()
	case recordRoute:
		s.routes = append(s.routes, restoredRoute{p.index.node(r), r.byte(), r.uint32()})
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
		r.fail(fmt.Errorf("unknown kind %d", kind))
	}
}

func (p *snapshotParser) readInstance(r *wireReader) {
	n := p.index.node(r)
	if r.err != nil {
		return
	}
	key, inst, rest, err := p.codec.cutInstance(r.src, n)
	if err != nil {
		r.fail(err)
		return
	}
	r.src = rest
	p.readMarks(r, inst)
	p.s.insts = append(p.s.insts, restoredInstance{n, key, inst})
}

// readMarks is the inverse of appendMarks.
func (p *snapshotParser) readMarks(r *wireReader, inst *instance) {
	inst.sent = r.uint()
	for i := range r.count(1) {
		var m mark
		if m.ok = r.bool(); m.ok {
			m.slot = Slot(r.uint())
		}
		if i < len(inst.applied) {
			inst.applied[i] = m
		}
	}
	for range r.count(8*MaxDepth + 5) {
		edge := r.uint()
		w := watermark{markID: markID{node: NodeID(r.uint16()), source: r.key()}, id: r.uint(), index: r.uint(), epoch: r.uint32(), at: p.now}
		if e := p.index.known(r, edge); e != nil { // else nothing can arrive on it
			w.edge = e.id
			if inst.seen.find(w.markID) == nil {
				inst.seen.add(w, 0)
			}
		}
	}
}

// readNumber reads one number of what has been forgotten. Where the function
// or source is gone, so is who could be confused.
func (p *snapshotParser) readNumber(r *wireReader) {
	ofNode, i, n := r.bool(), r.uint(), r.uint()
	switch {
	case ofNode && i < uint64(len(p.index.nodes)):
		if x := p.index.nodes[i]; x != nil {
			p.s.sent = append(p.s.sent, restoredNumber{x.index, n})
		}
	case !ofNode && i < uint64(len(p.index.outlets)):
		if x := p.index.outlets[i]; x != nil {
			p.s.numbers = append(p.s.numbers, restoredNumber{x.id, n})
		}
	default:
		r.fail(errInvalid)
	}
}

func (p *snapshotParser) readSource(r *wireReader) {
	q := restoredSource{outlet: p.index.outlet(r), key: r.key()}
	q.seq.id, q.seq.slot, q.seq.seq = r.uint(), Slot(r.uint()), r.uint32()
	if r.err == nil && !q.outlet.source {
		r.fail(errInvalid)
	}
	p.s.sources = append(p.s.sources, q)
}

func (p *snapshotParser) readWaiting(r *wireReader, kind byte) {
	x := restoredInputs{node: p.index.node(r), half: half{key: r.key()}}
	if kind == recordControl {
		e, m := p.readInput(r)
		if r.err == nil && (e.node != x.node || !e.kind.control()) {
			r.fail(errInvalid)
		}
		x.msgs[0], x.conns[0] = m, e
		p.s.control = append(p.s.control, x)
		return
	}
	x.joined = p.readInputs(r, x.node)
	if r.err != nil {
		return
	}
	for i := range x.node.fn.ins {
		if x.msgs[i] == nil || x.node.sink {
			r.fail(errInvalid)
			return
		}
	}
	p.s.waiting = append(p.s.waiting, x)
}

func (p *snapshotParser) readHalf(r *wireReader, kind byte) {
	x := restoredInputs{node: p.index.node(r), half: half{key: r.key(), slot: Slot(r.uint()), seq: r.uint32(), index: r.uint(), due: r.moment(p.now)}}
	if r.err != nil {
		return
	}
	if p.set.paced && x.due != Never {
		x.due = p.set.due(x.slot, p.now)
	}
	x.joined = p.readInputs(r, x.node)
	spread := 0
	for _, c := range x.conns {
		if c != nil && c.wide {
			spread++
		}
	}
	if r.err == nil && (len(x.node.fn.ins) < 2 || (kind == recordSpread) != (spread == x.len())) {
		r.fail(errInvalid)
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

func (p *snapshotParser) readTimer(r *wireReader, kind byte) {
	x := restoredTimer{node: p.index.node(r), key: r.key(), token: Token(r.uint()), at: r.moment(p.now)}
	if kind == recordDelayed {
		x.to = r.key()
		x.conn, x.msg = p.readInput(r)
		p.s.delayed = append(p.s.delayed, x)
		return
	}
	x.slot = Slot(r.uint())
	x.conn = p.index.edge(r, r.uint())
	if r.err == nil && (x.conn.node != x.node || x.conn.kind != portReply) {
		r.fail(errInvalid)
	}
	p.s.calls = append(p.s.calls, x)
}
