// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/neuroran/neuroran/sfaas"
)

// fence knows what has been committed of every unit that was written: it tells a
// record that comes again, one of an old owner, and one that comes too early. It is
// the committer's, and what it knows is in the store too: it may forget everything
// at any time.
type fence struct {
	units map[sfaas.Unit]*fenced
	key   []byte
}

type fenced struct {
	epoch uint32
	seqs  map[int]uint64 // by core, of this epoch
}

func newFence() *fence { return &fence{units: map[sfaas.Unit]*fenced{}} }

// verdict says what to do with a record.
type verdict uint8

const (
	take    verdict = iota
	takeNew         // and it is the first of its epoch
	repeat          // it is committed already
	stale           // a newer epoch is known
	early           // one before it is missing
)

// judge says what to do with a record, and takes that it will be committed, if so.
func (f *fence) judge(db *pebble.DB, r *sfaas.Record) (verdict, error) {
	u, err := f.unit(db, r.Unit)
	if err != nil {
		return 0, err
	}
	v := take
	switch {
	case r.Epoch < u.epoch:
		return stale, nil
	case r.Epoch > u.epoch:
		v = takeNew
	}
	last, err := uint64(0), error(nil)
	if v == take {
		if last, err = f.last(db, u, r); err != nil {
			return 0, err
		}
	}
	switch {
	case r.Seq <= last:
		return repeat, nil
	case r.Seq > last+1:
		return early, nil
	}
	if v == takeNew {
		u.epoch, u.seqs = r.Epoch, map[int]uint64{}
	}
	u.seqs[r.Core] = r.Seq
	return v, nil
}

// unit returns what is known of a unit.
func (f *fence) unit(db *pebble.DB, unit sfaas.Unit) (*fenced, error) {
	if u := f.units[unit]; u != nil {
		return u, nil
	}
	u := &fenced{seqs: map[int]uint64{}}
	f.key = appendOwner(f.key[:0], unit)
	epoch, _, err := f.read(db)
	if err != nil {
		return nil, err
	}
	u.epoch = epoch
	f.units[unit] = u
	return u, nil
}

// last returns the number of the last record of a core in the epoch of the unit.
func (f *fence) last(db *pebble.DB, u *fenced, r *sfaas.Record) (uint64, error) {
	if seq, known := u.seqs[r.Core]; known {
		return seq, nil
	}
	f.key = appendCore(f.key[:0], r.Unit, r.Core)
	epoch, seq, err := f.read(db)
	if err != nil || epoch != u.epoch {
		return 0, err // what the core has committed under an older epoch counts no more
	}
	u.seqs[r.Core] = seq
	return seq, nil
}

// read returns the mark under the present key, zero if there is none.
func (f *fence) read(db *pebble.DB) (uint32, uint64, error) {
	value, done, err := db.Get(f.key)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return 0, 0, nil
	case err != nil:
		return 0, 0, damage(err)
	}
	epoch, seq, err := cutMark(value)
	if err != nil {
		err = &DamagedError{Err: err}
	}
	return epoch, seq, errors.Join(err, done.Close())
}
