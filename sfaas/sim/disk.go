// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/neuroran/neuroran/sfaas"
)

// Disk is an engine on a model of a disk: a log of records and a snapshot of what came
// before them. What is written and not synced may be lost at a crash, or be torn, or
// stand behind something that is lost. It can be the engine of a runtime, where a
// commit syncs at once; in a [World] each node has one.
//
// Its methods may be called concurrently.
type Disk struct {
	mu       sync.Mutex
	log      []logged
	synced   int        // records of the log that survive a crash
	base     int        // records that were written before those of the log
	snapshot *diskState // of what is in no log any more
	now      *diskState // with the log
	longest  int        // of the log, before it becomes a snapshot; 0 for no bound
	gap      bool       // planted: the last record of a log comes into no snapshot
	damaged  error
}

// logged is a record as it stands in the log.
type logged struct {
	id     recordID
	writes []sfaas.Write
	torn   bool
}

type recordID struct {
	unit  sfaas.Unit
	epoch uint32
	core  int
	seq   uint64
}

// owner is who makes records of a unit.
type owner struct {
	unit  sfaas.Unit
	epoch uint32
	core  int
}

// diskState is what records have left.
type diskState struct {
	units map[sfaas.Unit]*diskUnit
	last  map[owner]uint64 // number of the last record
}

type diskUnit struct {
	epoch uint32
	rows  map[string][]byte
}

var _ sfaas.Engine = (*Disk)(nil)

// errGap refuses a record whose predecessor is missing.
var errGap = errors.New("sim: an earlier record is missing")

// NewDisk returns an empty disk. A log longer than some records becomes a snapshot; 0
// sets no bound.
func NewDisk(log int) *Disk {
	return &Disk{snapshot: newDiskState(), now: newDiskState(), longest: log}
}

func newDiskState() *diskState {
	return &diskState{units: map[sfaas.Unit]*diskUnit{}, last: map[owner]uint64{}}
}

// Keeps implements sfaas.Engine.
func (d *Disk) Keeps() bool { return true }

// Commit implements sfaas.Engine: what it takes is synced.
func (d *Disk) Commit(r *sfaas.Record, done func(error)) {
	_, err := d.Write(r)
	if err == nil {
		d.Sync()
	}
	done(err)
}

// Write writes a record behind the others, if it may be there, and returns how many
// there are with it since the disk was made: it is durable once so many are synced.
func (d *Disk) Write(r *sfaas.Record) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := recordID{r.Unit, r.Epoch, r.Core, r.Seq}
	if known, err := d.now.takes(id); known || err != nil {
		return d.base + len(d.log), err
	}
	x := logged{id: id}
	for _, w := range r.Writes {
		x.writes = append(x.writes, sfaas.Write{Key: slices.Clone(w.Key), Value: slices.Clone(w.Value), End: slices.Clone(w.End), Delete: w.Delete})
	}
	d.log = append(d.log, x)
	d.now.apply(&x)
	return d.base + len(d.log), nil
}

// Sync makes everything durable that has been written.
func (d *Disk) Sync() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncTo(d.base + len(d.log))
}

// SyncTo makes the first n records durable that have been written.
func (d *Disk) SyncTo(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncTo(n)
}

// syncTo is SyncTo; it cuts a log that is too long.
func (d *Disk) syncTo(n int) {
	d.synced = max(d.synced, n-d.base)
	if d.longest == 0 || d.synced < d.longest {
		return
	}
	for i := range d.synced {
		if x := &d.log[i]; !d.gap || i < d.synced-1 {
			d.snapshot.apply(x)
		}
	}
	d.log, d.base, d.synced = slices.Clone(d.log[d.synced:]), d.base+d.synced, 0
}

// Crash loses what was not synced, or keeps some of it: the first records, of which the
// last may be torn, and now and then one that stands behind what is lost. It returns how
// many records have survived of all that were written.
func (d *Disk) Crash(random *rand.Rand) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	open := d.log[d.synced:]
	keep := random.IntN(len(open) + 1)
	kept := append(d.log[:d.synced:d.synced], open[:keep]...)
	if keep < len(open) && random.IntN(2) == 0 { // torn
		x := open[keep]
		x.torn = true
		kept = append(kept, x)
		if late := open[keep+1:]; len(late) > 0 && random.IntN(2) == 0 {
			kept = append(kept, late[random.IntN(len(late))])
		}
	}
	d.log = kept
	d.reopen()
	return d.base + d.synced
}

// reopen reads the disk anew: the log ends with the first record that is torn.
func (d *Disk) reopen() {
	if i := slices.IndexFunc(d.log, func(x logged) bool { return x.torn }); i >= 0 {
		d.log = d.log[:i]
	}
	d.synced = len(d.log)
	d.now = d.snapshot.clone()
	for i := range d.log {
		d.now.apply(&d.log[i])
	}
}

// Damage lets Load report an error.
func (d *Disk) Damage(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.damaged = err
}

// Load implements sfaas.Engine.
func (d *Disk) Load(unit func(sfaas.Unit, uint32, iter.Seq2[[]byte, []byte]) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	units := slices.SortedFunc(maps.Keys(d.now.units), func(a, b sfaas.Unit) int {
		return cmp.Or(cmp.Compare(a.Part, b.Part), a.Root.Compare(b.Root))
	})
	for _, u := range units {
		x := d.now.units[u]
		if err := unit(u, x.epoch, x.sorted()); err != nil {
			return err
		}
	}
	return d.damaged
}

// Units returns how many units have rows, and how many rows they have.
func (d *Disk) Units() (units, rows int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for u, x := range d.now.units {
		if u != (sfaas.Unit{}) && len(x.rows) > 0 {
			units++
			rows += len(x.rows)
		}
	}
	return units, rows
}

func (u *diskUnit) sorted() iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for _, k := range slices.Sorted(maps.Keys(u.rows)) {
			if !yield([]byte(k), u.rows[k]) {
				return
			}
		}
	}
}

// takes reports whether a record is there already, or why it is refused.
func (s *diskState) takes(id recordID) (known bool, err error) {
	if u := s.units[id.unit]; u != nil && id.epoch < u.epoch {
		return false, sfaas.ErrStaleEpoch
	}
	switch last := s.last[owner{id.unit, id.epoch, id.core}]; {
	case id.seq <= last:
		return true, nil
	case id.seq > last+1:
		return false, fmt.Errorf("%w: %d of %v, want %d", errGap, id.seq, id.unit, last+1)
	}
	return false, nil
}

func (s *diskState) apply(x *logged) {
	u := s.units[x.id.unit]
	if u == nil {
		u = &diskUnit{rows: map[string][]byte{}}
		s.units[x.id.unit] = u
	}
	u.epoch = max(u.epoch, x.id.epoch)
	s.last[owner{x.id.unit, x.id.epoch, x.id.core}] = x.id.seq
	for i := range x.writes {
		switch w := &x.writes[i]; {
		case !w.Delete:
			u.rows[string(w.Key)] = w.Value
		case w.End == nil:
			delete(u.rows, string(w.Key))
		default:
			maps.DeleteFunc(u.rows, func(k string, _ []byte) bool { return k >= string(w.Key) && k < string(w.End) })
		}
	}
}

func (s *diskState) clone() *diskState {
	c := &diskState{units: map[sfaas.Unit]*diskUnit{}, last: maps.Clone(s.last)}
	for id, u := range s.units {
		c.units[id] = &diskUnit{u.epoch, maps.Clone(u.rows)}
	}
	return c
}
