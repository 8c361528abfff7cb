// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// reader reads records and tells a builder what they say.
//
// Three kinds of errors stop a reader: the frame is damaged (a checksum, a length), a
// record says what cannot be, or the builder refuses what is not of the unit. Each is
// wrapped with the place where it was found, since a snapshot of a gigabyte is looked at
// with nothing but its error message.
//
// One error ends the reading, and no core has been changed by then: everything is said to
// a builder first.
type reader struct {
	app    *plan.App
	sealer core.Sealer
	b      *core.Builder
	now    base.Time
	then   base.Time // moment of the cut on the clock that it was made on
	index  *plan.Index
	moves  bool // it is a unit that moves, from another process
	calls  bool // calls of host code go along, with the nodes that wait
}

const (
	frame = 5 // bytes of the kind and the length of a record

	// leastInstance is about what one instance takes in bytes, its source included:
	// it tells how large maps will become.
	leastInstance = 128
)

// read returns what a snapshot says.
//
// The builder has room for about as many instances as the bytes may hold, so that reading
// a large snapshot does not grow maps again and again.
func read(k *core.Core, data []byte, now base.Time) (*core.Builder, error) {
	p := newReader(k, data, now)
	if err := p.readAll(data); err != nil {
		return nil, base.Errorf("%w: %w", base.ErrSnapshot, err)
	}
	return p.b, nil
}

func newReader(k *core.Core, data []byte, now base.Time) *reader {
	return &reader{app: k.App(), sealer: k.Sealer(), b: k.NewBuilder(now, len(data)/leastInstance), now: now}
}

// readAll reads all records.
func (p *reader) readAll(data []byte) error {
	err := records(data, func(kind byte, r *base.Reader) error {
		// Every record must be read to its last byte. A field that is left over is a
		// writer of another version.
		p.record(kind, r)
		return r.End()
	})
	if err == nil && p.index == nil {
		err = errNoIndex
	}
	return err
}

var errNoIndex = errors.New("no index")

// records checks the frame of a snapshot and calls read with each record.
func records(data []byte, read func(kind byte, r *base.Reader) error) error {
	bad := fmt.Errorf
	// Three questions before anything is read: is it one of ours, of this version, and
	// whole?
	if len(data) < 8 || string(data[:6]) != magic {
		return bad("no snapshot")
	}
	// One version is read. Bytes of another one are refused as a whole; a translation
	// would be code that is run once in years.
	if data[6] != version || data[7] != 0 {
		return bad("version %d, want %d", data[6], version)
	}
	end := len(data) - frame - 8
	if end < 8 || data[end] != recordEnd || binary.LittleEndian.Uint32(data[end+1:]) != 8 {
		return bad("truncated")
	}
	if binary.LittleEndian.Uint64(data[end+frame:]) != xxhash.Sum64(data[:end]) {
		return bad("checksum differs")
	}
	for at := 8; at < end; {
		if end-at < frame {
			return bad("record at byte %d: %w", at, base.ErrTruncated)
		}
		kind, size := data[at], binary.LittleEndian.Uint32(data[at+1:])
		// A length is believed only as far as there are bytes.
		if uint64(size) > uint64(end-at-frame) {
			return bad("record at byte %d: %w", at, base.ErrTruncated)
		}
		if err := read(kind, &base.Reader{Src: data[at+frame : at+frame+int(size)]}); err != nil {
			return bad("record of kind %d at byte %d: %w", kind, at, err)
		}
		at += frame + int(size)
	}
	return nil
}

// check notes what the builder says.
func (p *reader) check(r *base.Reader, err error) {
	if err != nil {
		r.Fail(err)
	}
}

// moments are the cut on both clocks.
func (p *reader) moments() plan.Moments { return plan.Moments{Then: p.then, Now: p.now} }

// record reads one record.
func (p *reader) record(kind byte, r *base.Reader) {
	if p.moves && (kind < recordUnit || kind > recordKept) {
		r.Fail(fmt.Errorf("kind %d is no part of a unit that moves", kind))
		return
	}
	if (kind == recordIndex) != (p.index == nil) {
		r.Fail(fmt.Errorf("kind %d: the index comes first, once", kind))
		return
	}
	switch kind {
	// The index says what the numbers of all later records mean, and on which clock their
	// moments are.
	case recordIndex:
		p.index, p.then = plan.ReadIndex(r, p.app), base.Time(r.Int())
	case recordCounters:
		tokens, batches := r.Uint(), r.Uint()
		// Numbers are raised and never set: several snapshots, or shares, may be read
		// into one builder.
		p.check(r, p.b.RaiseCounters(tokens, batches))
	// From here on until the next unit everything belongs to this one; the builder
	// refuses what does not.
	case recordUnit:
		p.readUnit(r)
	case recordInstance:
		p.readInstance(r)
	case recordWaiting:
		p.readWaiting(r)
	// Two kinds of record may have one form: what waits differs from what has been
	// applied by the list that it goes into.
	case recordControl, recordSetting:
		p.readControl(r, kind)
	case recordHalf, recordSpread:
		p.readHalf(r, kind)
	case recordDelayed, recordCall:
		p.readTimer(r, kind)
	case recordLine:
		p.readWork(r)
	case recordKept, recordPushed:
		p.readKept(r, kind)
	case recordNumber:
		p.readNumber(r)
	case recordSource:
		p.readSource(r)
	default:
		r.Fail(fmt.Errorf("unknown kind %d", kind))
	}
}

// readNumber reads one number of what has been forgotten. Where the function or the
// source is gone, so is who could be confused.
//
// Numbers of functions that are gone are dropped: nobody can be given them again.
func (p *reader) readNumber(r *base.Reader) {
	ofNode, i, x := r.Bool(), r.Uint(), r.Uint()
	switch {
	case r.Err != nil:
	case ofNode && i < uint64(len(p.index.Nodes)):
		if n := p.index.Nodes[i]; n != nil {
			p.b.RaiseSent(n, x)
		}
	case !ofNode && i < uint64(len(p.index.Outlets)):
		if o := p.index.Outlets[i]; o != nil {
			p.b.RaiseSource(o, x)
		}
	default:
		r.Fail(base.ErrInvalid)
	}
}

func (p *reader) readSource(r *base.Reader) {
	s := core.SourceState{From: p.index.Outlet(r), Key: r.Key(), ID: r.Uint(), Slot: base.Slot(r.Uint()), Seq: r.Uint32()}
	if r.Err == nil {
		p.check(r, p.b.AddSource(s))
	}
}

// readUnit begins a unit, or goes on with one of which another core had a share.
func (p *reader) readUnit(r *base.Reader) {
	n := p.index.Node(r)
	root, epoch, fence := r.Key(), r.Uint32(), base.Slot(r.Uint())
	if r.Err == nil {
		p.check(r, p.b.Unit(plan.UnitID{Part: n.Part, Root: root}, epoch, fence))
	}
}

// at reads of which instance a record is; it is new if need be. It reports false
// after an error.
//
// A function that is gone from the graph is an error here, since its state would be lost
// in silence; the index says its name.
func (p *reader) at(r *base.Reader) (x core.Instance, ok bool) {
	n, key := p.index.Node(r), r.Key()
	if r.Err != nil {
		return x, false
	}
	x, err := p.b.Instance(n, key)
	p.check(r, err)
	return x, err == nil
}

func (p *reader) readControl(r *base.Reader, kind byte) {
	x, ok := p.at(r)
	if !ok {
		return
	}
	switch in := p.readInput(r); {
	case r.Err != nil:
	case kind == recordControl:
		p.check(r, p.b.AddControl(x, in))
	default:
		p.check(r, p.b.AddSetting(x, in))
	}
}

func (p *reader) readWaiting(r *base.Reader) {
	x, ok := p.at(r)
	if !ok {
		return
	}
	// The builder judges: inputs that do not belong to this function, or are not all that
	// it joins, are refused.
	if in := p.readInputs(r); r.Err == nil {
		p.check(r, p.b.AddWaiting(x, &in))
	}
}

// readWork is the inverse of writeWork.
//
// The order of the fields is that of the writer, line by line.
func (p *reader) readWork(r *base.Reader) {
	w := core.Work{Line: r.Byte(), Tries: r.Byte(), Node: p.index.Node(r), Key: r.Key()}
	if w.Inputs = p.readInputs(r); r.Err == nil {
		p.check(r, p.b.AddWork(&w))
	}
}

// readHalf is the inverse of writeHalf.
func (p *reader) readHalf(r *base.Reader, kind byte) {
	h := core.Half{
		Node: p.index.Node(r), Key: r.Key(), Slot: base.Slot(r.Uint()), Seq: r.Uint32(), Index: r.Uint(),
		Due: r.Moment(p.now), Wide: kind == recordSpread,
	}
	if h.Inputs = p.readInputs(r); r.Err == nil {
		p.check(r, p.b.AddHalf(&h))
	}
}

// readKept is the inverse of writeKept.
func (p *reader) readKept(r *base.Reader, kind byte) {
	x := core.Kept{Key: r.Key(), Input: p.readInput(r)}
	switch {
	case r.Err != nil:
	case kind == recordKept:
		p.check(r, p.b.AddKept(&x))
	default:
		p.check(r, p.b.AddPushed(&x))
	}
}
