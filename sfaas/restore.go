// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
)

// Restore reads a snapshot into a runtime that has not processed anything yet;
// another one is refused with ErrNotEmpty. Messages that waited wait again, and
// delayed ones leave after what was left of their delay. The runtime owns all
// key groups, under the epoch after that of the snapshot.
//
// The number of workers may differ from the one that wrote it, functions and
// edges may have been added, and functions may have cells of a newer version.
// Functions whose state would be lost, and messages whose type has changed, are
// an error. Everything is read, bounded and checked before anything is changed;
// errors about the bytes wrap ErrSnapshot.
//
// State goes back to the cut. A counter that must never repeat, such as the
// COUNT of a cipher in a Sealed cell, needs an engine that keeps every commit,
// or a new key after a restore.
func (r *Runtime) Restore(ctx context.Context, src io.Reader) error {
	self := []*Runtime{r}
	if !pause(self) {
		return fmt.Errorf("sfaas: restore: %w", ErrBusy)
	}
	defer unpause(self)
	resume, err := settle(ctx, self)
	if err != nil {
		return fmt.Errorf("sfaas: restore: %w", err)
	}
	defer resume()
	return restore(r.cores(), src, r.set.clock(), func(core int, eff []Effect) {
		w := r.workers[core] // it stands still and sees this when it goes on
		w.effects = append(w.effects[:0], eff...)
		w.carryOut()
	})
}

// Restore is [Runtime.Restore] for a shell of one's own, before the first step
// of any core. It calls do with what each core wants to be done; a core that is
// [Core.Ready] afterwards goes on with an EventRun.
func (c *Cores) Restore(src io.Reader, now Time, do func(core int, eff []Effect)) error {
	return restore(c.List, src, now, do)
}

func restore(cores []*Core, src io.Reader, now Time, do func(core int, eff []Effect)) error {
	data, err := io.ReadAll(io.LimitReader(src, snapshotLimit))
	if err != nil {
		return fmt.Errorf("sfaas: restore: %w", err)
	}
	parts := make([]*snapshot, len(cores))
	for i, k := range cores {
		if err := k.fresh(); err != nil {
			return fmt.Errorf("sfaas: restore: %w", err)
		}
		if i > 0 && len(parts[0].spread) == 0 {
			parts[i] = parts[0]
		} else if parts[i], err = parseSnapshot(k.app, k.set, data, now); err != nil {
			return err // only the first time: cores get memory of their own for inputs that all of them keep
		}
	}
	for i, k := range cores {
		do(i, k.restore(parts[i], now, nil))
	}
	return nil
}

// snapshot is a snapshot that has been read and checked.
type snapshot struct {
	tokens  uint64
	batches uint64
	routes  []restoredRoute
	insts   []restoredInstance
	sources []restoredSource
	numbers []restoredNumber // by outlet
	sent    []restoredNumber // by node
	waiting []restoredInputs
	control []restoredInputs
	halves  []restoredInputs
	spread  []restoredInputs
	delayed []restoredTimer
	calls   []restoredTimer
}

type restoredRoute struct {
	node  *node
	group uint8
	epoch uint32
}

type restoredNumber struct {
	at     int
	number uint64
}

type restoredInstance struct {
	node *node
	key  Key
	inst *instance
}

type restoredSource struct {
	outlet *outlet
	key    Key
	seq    sequence
}

// restoredInputs are messages that wait at one instance.
type restoredInputs struct {
	joined
	node  *node
	key   Key
	slot  Slot
	seq   uint32
	index uint64
	due   Time
}

// restoredTimer is a delayed message, or a call if msg is nil.
type restoredTimer struct {
	node  *node
	key   Key
	token Token
	at    Time
	slot  Slot
	conn  *conn // of the message, or the port of the reply
	to    Key
	msg   *Message
}

// fresh returns nil if a snapshot can be restored into the core.
func (k *Core) fresh() error {
	if len(k.order) > 0 || k.Ready() || len(k.timers.items) > 0 {
		return ErrNotEmpty
	}
	if k.set.standby != 0 && k.set.standby != k.self.Node {
		return ErrNotOwner
	}
	return nil
}

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
	x := restoredInputs{node: p.index.node(r), key: r.key()}
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
	x := restoredInputs{node: p.index.node(r), key: r.key(), slot: Slot(r.uint()), seq: r.uint32(), index: r.uint(), due: r.moment(p.now)}
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
