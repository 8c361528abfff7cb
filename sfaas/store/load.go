// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/neuroran/neuroran/sfaas"
)

// Stored is one value of a unit, with the epoch of its last record.
type Stored struct {
	Unit       sfaas.Unit
	Epoch      uint32
	Key, Value []byte // valid until the next one
}

// Load reads what is committed: of some units, in their order, or, if none are given,
// of all. Yield gets the values of a unit in the order of their keys, before them one
// without a key for the unit itself; an error of it ends the reading and is returned.
// It returns a [*DamagedError] where a file does not hold what was written to it; what
// was read until then is right.
func (s *Store) Load(yield func(Stored) error, units ...sfaas.Unit) error {
	s.open.RLock()
	defer s.open.RUnlock()
	if s.db == nil {
		return ErrClosed
	}
	if len(units) == 0 {
		return s.scan([]byte{unitSpace}, yield)
	}
	for _, u := range units {
		if err := s.scan(appendUnit(nil, u), yield); err != nil {
			return err
		}
	}
	return nil
}

// scan yields what stands under a prefix.
func (s *Store) scan(prefix []byte, yield func(Stored) error) (err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return damage(err)
	}
	defer func() { err = errors.Join(err, damage(it.Close())) }()
	var at Stored
	for valid := it.First(); valid; valid = it.Next() {
		u, space, rest, err := cutUnit(it.Key())
		if err != nil {
			return &DamagedError{Err: err}
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return damage(err)
		}
		at.Unit, at.Key, at.Value = u, rest, value
		switch space {
		case coreSpace:
			continue
		case ownerSpace:
			if at.Epoch, _, err = cutMark(value); err != nil {
				return &DamagedError{Err: err}
			}
			at.Key, at.Value = nil, nil
		}
		if err := yield(at); err != nil {
			return err
		}
	}
	return nil
}
