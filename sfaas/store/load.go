// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/neuroran/neuroran/sfaas"
)

// Load implements [sfaas.Engine]. It returns a [*DamagedError] where a file does not
// hold what was written to it. Records that are committed meanwhile are not seen.
func (s *Store) Load(unit func(u sfaas.Unit, epoch uint32, rows iter.Seq2[[]byte, []byte]) error) error {
	s.open.RLock()
	defer s.open.RUnlock()
	if s.db == nil {
		return s.whyClosed()
	}
	all := []byte{unitSpace}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: all, UpperBound: after(all)})
	if err != nil {
		return damage(err)
	}
	l := loader{it: it}
	l.step(it.First())
	for l.valid && l.err == nil {
		err = errors.Join(err, l.unit(unit))
		if err != nil {
			break
		}
	}
	return errors.Join(err, l.err, damage(it.Close()))
}

// whyClosed returns why nothing can be read.
func (s *Store) whyClosed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuses == nil {
		return ErrClosed
	}
	return s.refuses
}

// loader walks over the keys of a store, and has read the present one.
type loader struct {
	it    *pebble.Iterator
	valid bool
	err   error

	of    sfaas.Unit
	space byte
	key   []byte
	value []byte
}

// step reads where the iterator stands now.
func (l *loader) step(valid bool) {
	if l.valid = valid; !valid {
		return
	}
	var err error
	if l.of, l.space, l.key, err = cutUnit(l.it.Key()); err == nil {
		l.value, err = l.it.ValueAndErr()
	} else {
		err = &DamagedError{Err: err}
	}
	if err != nil {
		l.valid, l.err = false, damage(err)
	}
}

var errNoOwner = errors.New("values of a unit that nobody has owned")

// unit shows one unit, and stands at the next one when it returns.
func (l *loader) unit(show func(u sfaas.Unit, epoch uint32, rows iter.Seq2[[]byte, []byte]) error) error {
	u := l.of
	if l.space != ownerSpace {
		return &DamagedError{Err: errNoOwner}
	}
	epoch, _, _, err := cutMark(l.value)
	if err != nil {
		return &DamagedError{Err: err}
	}
	rows := func(yield func(key, value []byte) bool) {
		for ; l.valid && l.of == u; l.step(l.it.Next()) {
			if l.space == recordSpace && !yield(l.key, l.value) {
				return
			}
		}
	}
	if err := show(u, epoch, rows); err != nil {
		return err
	}
	for range rows { // what was not looked at may be damaged too
	}
	return nil
}
