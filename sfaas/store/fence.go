// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// fence knows what has been committed of every unit that was written: it tells a
// record that comes again, one of an old owner, and one that comes too early. It is
// the committer's.
//
// What it knows is in the store too, written with the records themselves. A key for
// each unit and core would be one more key per record, half as many again for small
// ones; so the marks of a group are one value in a row of a ring:
//
//	'm' | row, 4 bytes → number of the group, then for each mark: unit, core, epoch, number
//
// When a row is taken again, [ringRows] groups later, marks in it that are still the
// last of their unit and core get a key of their own. Whoever commits often never does.
type fence struct {
	units map[sfaas.Unit]*fenced
	group uint64            // the next one
	list  []*mark           // of that group
	rows  [ringRows][]*mark // as they stand in the store
	key   []byte
	value []byte
}

const (
	ringRows  = 1024
	markSpace = 'm'
)

// fenced is what is known of a unit.
type fenced struct {
	unit  sfaas.Unit
	owned bool          // somebody has committed to it
	epoch uint32        // the newest that is known, from 0 on
	cores map[int]*mark // of this epoch
}

// mark is the last record of a core.
type mark struct {
	of    *fenced
	core  int
	epoch uint32
	seq   uint64
	group uint64 // the last one that lists it
}

// loadFence reads the marks of the last groups; others are read when they are needed.
func loadFence(db *pebble.DB) (f *fence, err error) {
	f = &fence{units: map[sfaas.Unit]*fenced{}, group: 1}
	all := []byte{markSpace}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: all, UpperBound: after(all)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, damage(it.Close())) }()
	for valid := it.First(); valid; valid = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = f.loadRow(db, it.Key(), value)
		}
		if err != nil {
			return nil, damage(err)
		}
	}
	return f, nil
}

// loadRow reads one row of the ring.
func (f *fence) loadRow(db *pebble.DB, key, value []byte) error {
	group, value, err := base.CutUint64(value)
	row := group % ringRows
	if err != nil || string(key) != string(appendRow(nil, row)) {
		return &DamagedError{Err: errKey}
	}
	f.group = max(f.group, group+1)
	for len(value) > 0 {
		var u sfaas.Unit
		var core uint64
		if u, value, err = cutName(value); err == nil {
			core, value, err = base.CutUint64(value)
		}
		m := mark{core: int(core), group: group}
		if err == nil {
			m.epoch, m.seq, value, err = cutMark(value)
		}
		if err != nil {
			return &DamagedError{Err: err}
		}
		if m.of, err = f.unit(db, u); err != nil {
			return err
		}
		if known := m.of.cores[m.core]; m.epoch == m.of.epoch && (known == nil || known.group < group) {
			m.of.cores[m.core] = &m
			f.rows[row] = append(f.rows[row], &m)
		}
	}
	return nil
}

// verdict says what to do with a record.
type verdict uint8

const (
	take    verdict = iota
	takeNew         // and it is the first of its epoch
	repeat          // it is committed already
	stale           // a newer epoch is known
	early           // one before it is missing
)

// judge says what to do with a record, and takes that it will be committed with the
// present group, if so.
func (f *fence) judge(db *pebble.DB, r *sfaas.Record) (verdict, error) {
	u, err := f.unit(db, r.Unit)
	if err != nil {
		return 0, err
	}
	if r.Epoch < u.epoch {
		return stale, nil
	}
	if r.Epoch > u.epoch || !u.owned {
		if r.Seq != 1 {
			return early, nil
		}
		m := &mark{of: u, core: r.Core, epoch: r.Epoch}
		u.owned, u.epoch, u.cores = true, r.Epoch, map[int]*mark{r.Core: m}
		f.note(m, 1)
		return takeNew, nil
	}
	m, err := f.core(db, u, r.Core)
	switch {
	case err != nil:
		return 0, err
	case r.Seq <= m.seq:
		return repeat, nil
	case r.Seq > m.seq+1:
		return early, nil
	}
	f.note(m, r.Seq)
	return take, nil
}

// note takes that the present group commits a record.
func (f *fence) note(m *mark, seq uint64) {
	m.seq = seq
	if m.group != f.group {
		m.group = f.group
		f.list = append(f.list, m)
	}
}

// seal puts the marks of the group into its batch, and begins the next group.
func (f *fence) seal(b *pebble.Batch) error {
	if len(f.list) == 0 {
		return nil
	}
	row := f.group % ringRows
	var err error
	for _, m := range f.rows[row] {
		if m.group+ringRows == f.group && m.epoch == m.of.epoch { // not listed since
			f.key = appendCore(f.key[:0], m.of.unit, m.core)
			f.value = appendMark(f.value[:0], m.epoch, m.seq)
			err = errors.Join(err, b.Set(f.key, f.value, nil))
		}
	}
	f.value = binary.AppendUvarint(f.value[:0], f.group)
	for _, m := range f.list {
		f.value = binary.AppendUvarint(appendName(f.value, m.of.unit), uint64(m.core))
		f.value = appendMark(f.value, m.epoch, m.seq)
	}
	f.key = appendRow(f.key[:0], row)
	f.list, f.rows[row] = f.rows[row][:0], f.list
	f.group++
	return errors.Join(err, b.Set(f.key, f.value, nil))
}

// unit returns what is known of a unit.
func (f *fence) unit(db *pebble.DB, unit sfaas.Unit) (*fenced, error) {
	if u := f.units[unit]; u != nil {
		return u, nil
	}
	u := &fenced{unit: unit, cores: map[int]*mark{}}
	f.key = appendOwner(f.key[:0], unit)
	var err error
	if u.epoch, _, u.owned, err = f.read(db); err != nil {
		return nil, err
	}
	f.units[unit] = u
	return u, nil
}

// core returns the last record of a core in the epoch of its unit.
func (f *fence) core(db *pebble.DB, u *fenced, core int) (*mark, error) {
	if m := u.cores[core]; m != nil {
		return m, nil
	}
	f.key = appendCore(f.key[:0], u.unit, core)
	epoch, seq, _, err := f.read(db)
	if err != nil {
		return nil, err
	}
	m := &mark{of: u, core: core, epoch: u.epoch}
	if epoch == u.epoch { // what was committed under an older one counts no more
		m.seq = seq
	}
	u.cores[core] = m
	return m, nil
}

// read returns the mark under the present key, and whether there is one.
func (f *fence) read(db *pebble.DB) (epoch uint32, seq uint64, found bool, err error) {
	value, done, err := db.Get(f.key)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return 0, 0, false, nil
	case err != nil:
		return 0, 0, false, damage(err)
	}
	epoch, seq, rest, err := cutMark(value)
	if err == nil && len(rest) > 0 {
		err = errKey
	}
	if err != nil {
		err = &DamagedError{Err: err}
	}
	return epoch, seq, true, errors.Join(err, done.Close())
}

func appendRow(dst []byte, row uint64) []byte {
	return binary.BigEndian.AppendUint32(append(dst, markSpace), uint32(row))
}
