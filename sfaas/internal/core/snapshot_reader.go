// SPDX-License-Identifier: Apache-2.0

package core

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// stateParser reads records.
type stateParser struct {
	app   *plan.App
	set   *Settings
	now   base.Time
	then  base.Time // moment of the cut on the clock that it was made on
	index *plan.Index
	s     *snapshot
	unit  *Image // to which records belong
	units map[plan.UnitID]*Image
	insts map[instanceID]*instance
}

// instanceID tells the instances of a graph apart.
type instanceID struct {
	node int
	key  base.Key
}

// leastInstance is about what one instance takes in bytes, its source included: it
// tells how large maps will become.
const leastInstance = 128

// parseState checks the frame and reads all records.
func parseState(app *plan.App, set *Settings, data []byte, now base.Time) (*snapshot, error) {
	bad := func(format string, args ...any) error {
		return base.Errorf("%w: %w", base.ErrSnapshot, fmt.Errorf(format, args...))
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
	p := &stateParser{app: app, set: set, now: now, s: &snapshot{}, insts: make(map[instanceID]*instance, len(data)/leastInstance), units: map[plan.UnitID]*Image{}}
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
			return nil, bad("record of kind %d at byte %d: %w", kind, at, err)
		}
		at += frame + int(size)
	}
	if p.index == nil {
		return nil, bad("no index")
	}
	return p.s, nil
}

// record reads one record.
func (p *stateParser) record(kind byte, r *base.Reader) {
	if (kind == recordIndex) != (p.index == nil) {
		r.Fail(fmt.Errorf("kind %d: the index comes first, once", kind))
		return
	}
	if kind >= recordInstance && kind < recordSource && p.unit == nil {
		r.Fail(fmt.Errorf("kind %d: belongs to no unit", kind))
		return
	}
	s := p.s
	switch kind {
	case recordIndex:
		p.index, p.then = plan.ReadIndex(r, p.app), base.Time(r.Int())
	case recordCounters:
		s.tokens, s.batches = r.Limited(tokenCount), r.Uint()
	case recordUnit:
		p.readUnit(r)
	case recordInstance:
		p.readInstance(r)
	case recordWaiting:
		p.readWaiting(r)
	case recordControl, recordSetting:
		p.readControl(r, kind)
	case recordHalf, recordSpread:
		p.readHalf(r, kind)
	case recordDelayed, recordCall:
		p.readTimer(r, kind)
	case recordLine:
		p.readLine(r)
	case recordKept:
		p.readKept(r)
	case recordPushed:
		p.readPushed(r)
	case recordNumber:
		p.readNumber(r)
	case recordSource:
		p.readSource(r)
	default:
		r.Fail(fmt.Errorf("unknown kind %d", kind))
	}
}

// readUnit begins a unit, or goes on with one of which another core had a
// share.
func (p *stateParser) readUnit(r *base.Reader) {
	n := p.index.Node(r)
	root, epoch, fence := r.Key(), r.Uint32(), base.Slot(r.Uint())
	if r.Err != nil {
		return
	}
	if !n.Part.Valid(root) {
		r.Fail(fmt.Errorf("%v is no root of part %s", root, n.Part.Name))
		return
	}
	id := plan.UnitID{Part: n.Part, Root: root}
	if x := p.units[id]; x != nil {
		p.unit = x
		x.Epoch, x.fence = max(x.Epoch, epoch), max(x.fence, fence)
		return
	}
	p.unit = &Image{UnitID: id, Epoch: epoch, fence: fence}
	p.units[id] = p.unit
	p.s.units = append(p.s.units, p.unit)
}

// at returns the instance at which something waits, new if need be.
func (p *stateParser) at(r *base.Reader) *instance {
	n, key := p.index.Node(r), r.Key()
	if r.Err != nil {
		return nil
	}
	return p.instance(r, n, key)
}

func (p *stateParser) instance(r *base.Reader, n *plan.Node, key base.Key) *instance {
	if n.Part != p.unit.Part || n.Part.Root(key) != p.unit.Root {
		r.Fail(fmt.Errorf("%s[%v] is not of unit %v", n.Fn.Name, key, p.unit.Unit()))
		return nil
	}
	a := instanceID{n.Index, key}
	inst := p.insts[a]
	if inst == nil {
		inst = newInstance(n)
		inst.ks = &keyState{key: key, group: key.KeyGroup()}
		p.insts[a] = inst
		p.s.instances++
		p.unit.insts = append(p.unit.insts, inst)
	}
	return inst
}

func (p *stateParser) readInstance(r *base.Reader) {
	n := p.index.Node(r)
	if r.Err != nil {
		return
	}
	key, rest, err := base.CutKey(r.Src)
	if err != nil {
		r.Fail(err)
		return
	}
	inst := p.instance(r, n, key)
	if r.Err != nil {
		return
	}
	if r.Src, err = cutCells(rest, p.set.Sealer, inst, p.moments()); err != nil {
		r.Fail(err)
		return
	}
	p.readMarks(r, inst)
}

// moments are the cut on both clocks.
func (p *stateParser) moments() plan.Moments { return plan.Moments{Then: p.then, Now: p.now} }

// readMarks is the inverse of appendMarks.
func (p *stateParser) readMarks(r *base.Reader, inst *instance) {
	inst.sent = r.Uint()
	for i := range r.Count(1) {
		var m mark
		if m.ok = r.Bool(); m.ok {
			m.slot = base.Slot(r.Uint())
		}
		if i < len(inst.node.Ports) {
			inst.rare().applied[i] = m
		}
	}
	for range r.Count(8*base.MaxDepth + 8) {
		edge := r.Uint()
		fn, node, source := p.index.Function(r), base.NodeID(r.Uint16()), r.Key()
		w := watermark{taken: readPlace(r)}
		for range r.Count(2) {
			w.open = append(w.open, readPlace(r))
		}
		w.from, w.via = base.NodeID(r.Uint16()), r.Uint32()
		if e := p.index.Known(r, edge); e != nil { // else nothing can arrive on it
			w.markID = markID{e.ID, fn, node, source}
			*inst.rare().seen.at(w.markID) = w
		}
	}
}

func readPlace(r *base.Reader) place { return place{r.Uint32(), r.Uint()} }

// readNumber reads one number of what has been forgotten. Where the function
// or source is gone, so is who could be confused.
func (p *stateParser) readNumber(r *base.Reader) {
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

func (p *stateParser) readSource(r *base.Reader) {
	q := restoredSource{outlet: p.index.Outlet(r), key: r.Key()}
	q.seq.id, q.seq.slot, q.seq.seq = r.Uint(), base.Slot(r.Uint()), r.Uint32()
	if r.Err == nil && !q.outlet.Source {
		r.Fail(base.ErrInvalid)
	}
	p.s.sources = append(p.s.sources, q)
}

func (p *stateParser) readControl(r *base.Reader, kind byte) {
	inst := p.at(r)
	if r.Err != nil {
		return
	}
	e, m, s := p.readInput(r)
	switch {
	case r.Err != nil:
	case e.Node != inst.node || !e.Kind.Control():
		r.Fail(base.ErrInvalid)
	case kind == recordControl:
		inst.rare().controls = append(inst.rare().controls, heldControl{e, m, s})
	default:
		inst.rare().settings = append(inst.rare().settings, heldControl{edge: e, msg: m})
	}
}

// readItem reads the inputs of an item; they are complete.
func (p *stateParser) readItem(r *base.Reader, n *plan.Node, ks *keyState) item {
	j := p.readInputs(r, n)
	it := item{ks: ks}
	if r.Err != nil {
		return it
	}
	if j.len() == 1 { // also of a function that joins: it is on its way to that
		for i, m := range j.msgs {
			if m != nil {
				it.edge, it.msg, it.stamp = j.edges[i], m, j.stamps[i]
			}
		}
		return it
	}
	for i := range n.Fn.Ins {
		if len(n.Fn.Ins) < 2 || j.msgs[i] == nil || j.edges[i].Kind != plan.PortData {
			r.Fail(base.ErrInvalid)
			return it
		}
	}
	if j.len() == 0 { // of a sink, which has no inputs to look at
		r.Fail(base.ErrInvalid)
		return it
	}
	it.rest = &j
	if it.edge, it.msg, it.stamp = j.lead(); it.edge == nil {
		r.Fail(base.ErrInvalid)
	}
	return it
}

func (p *stateParser) readWaiting(r *base.Reader) {
	inst := p.at(r)
	if r.Err != nil {
		return
	}
	it := p.readItem(r, inst.node, inst.ks)
	if r.Err == nil && (inst.node.Sink || it.edge.Kind != plan.PortData || (len(inst.node.Fn.Ins) > 1) != (it.rest != nil)) {
		r.Fail(base.ErrInvalid)
	}
	if r.Err == nil {
		inst.rare().waiting.push(it)
		if p.set.Mode == base.RealTime && it.msg.Due != base.Never {
			inst.rare().addTimer(&timer{at: it.msg.Due, place: -1, kind: timerGate})
		}
	}
}

func (p *stateParser) readLine(r *base.Reader) {
	w := waitItem{line: line(r.Byte())}
	tries := r.Byte()
	n, key := p.index.Node(r), r.Key()
	if r.Err != nil {
		return
	}
	if w.line > lineIngress || n.Part != p.unit.Part || n.Part.Root(key) != p.unit.Root {
		r.Fail(base.ErrInvalid)
		return
	}
	w.item = p.readItem(r, n, &keyState{key: key, group: key.KeyGroup()})
	w.tries = tries
	if r.Err == nil {
		p.unit.waits = append(p.unit.waits, w)
	}
}

func (p *stateParser) readKept(r *base.Reader) {
	key := r.Key()
	e, m, s := p.readInput(r)
	if r.Err != nil {
		return
	}
	if s == nil || s.Func == 0 || !e.Cross || e.Config.Guarantee == base.AtMostOnce {
		r.Fail(base.ErrInvalid)
		return
	}
	if by := p.app.Nodes[s.Func-1]; by.Part != p.unit.Part || by.Part.Root(s.Source) != p.unit.Root {
		r.Fail(base.ErrInvalid)
		return
	}
	to := e.Node.Part
	p.unit.kept = append(p.unit.kept, &keptEntry{stamp: s, edge: e, msg: m, key: key, to: &unit{UnitID: plan.UnitID{Part: to, Root: to.Root(key)}}})
}

func (p *stateParser) readPushed(r *base.Reader) {
	key := r.Key()
	e, m, s := p.readInput(r)
	if r.Err != nil {
		return
	}
	to := p.unit
	if s == nil || s.Func != 0 || e.Kind != plan.PortData && !e.Kind.Control() || e.Node.Part != to.Part || e.Node.Part.Root(key) != to.Root {
		r.Fail(base.ErrInvalid)
		return
	}
	to.pushed = append(to.pushed, &keptEntry{stamp: s, edge: e, msg: m, key: key})
}

func (p *stateParser) readHalf(r *base.Reader, kind byte) {
	n := p.index.Node(r)
	h := &half{key: r.Key(), joinID: joinID{slot: base.Slot(r.Uint()), seq: r.Uint32(), index: r.Uint()}, due: r.Moment(p.now)}
	if r.Err != nil {
		return
	}
	if p.set.Paced && h.due != base.Never {
		h.due = p.set.Due(h.slot, p.now)
	}
	if n.Part != p.unit.Part || n.Part.Root(h.key) != p.unit.Root || len(n.Fn.Ins) < 2 {
		r.Fail(base.ErrInvalid)
		return
	}
	h.joined = p.readInputs(r, n)
	spread := 0
	for _, c := range h.edges {
		if c == nil {
			continue
		}
		if c.Kind != plan.PortData {
			r.Fail(base.ErrInvalid)
		}
		if c.Wide {
			spread++
		} else {
			h.promised = h.promised || c.Config.Guarantee != base.AtMostOnce
		}
	}
	if r.Err == nil && (h.len() == 0 || (kind == recordSpread) != (spread == h.len())) {
		r.Fail(base.ErrInvalid)
	}
	if r.Err != nil {
		return
	}
	u := p.unit
	if u.joins == nil {
		u.joins = make([]*joinBuffer, len(u.Part.Nodes))
	}
	b := &u.joins[n.Place]
	if *b == nil {
		*b = &joinBuffer{}
	}
	if kind == recordHalf {
		h.ks = &keyState{key: h.key, group: h.key.KeyGroup()}
		(*b).link(h)
		(*b).newest = max((*b).newest, h.made())
		return
	}
	(*b).newestWide = max((*b).newestWide, h.made())
	if !(*b).hasWide(h) {
		(*b).wide = append((*b).wide, *h)
	}
}

// made returns how far slots had come with the inputs that a half has.
func (h *half) made() (slot base.Slot) {
	for _, m := range h.msgs {
		if m != nil {
			slot = max(slot, m.made)
		}
	}
	return slot
}

func (p *stateParser) readTimer(r *base.Reader, kind byte) {
	inst := p.at(r)
	token, at := base.Token(r.Uint()), r.Moment(p.now)
	if r.Err != nil {
		return
	}
	t := &timer{at: at, token: token, place: -1, kind: timerSend}
	if kind == recordDelayed {
		t.key = r.Key()
		if t.edge, t.msg, _ = p.readInput(r); r.Err == nil {
			inst.rare().addTimer(t)
		}
		return
	}
	t.kind, t.slot = timerCall, base.Slot(r.Uint())
	port := p.index.Edge(r, r.Uint())
	if r.Err == nil && (port.Node != inst.node || port.Kind != plan.PortReply) {
		r.Fail(base.ErrInvalid)
	}
	if r.Err == nil {
		inst.rare().calls = append(inst.rare().calls, pendingCall{token, port})
		inst.rare().addTimer(t)
	}
}

// errorText and errorFrom carry the outcome of a call over bytes: what callers
// compare with errors.Is stays what it is, other errors keep their text.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func errorFrom(text string) error {
	for _, err := range []error{base.ErrTimeout, base.ErrNoOutput, base.ErrStaleEpoch, base.ErrClosed} {
		if text == err.Error() {
			return err
		}
	}
	return errors.New(text)
}
