// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/neuroran/neuroran/sfaas"
)

// offer is a record that waits for its answer.
type offer struct {
	record *sfaas.Record
	done   func(error)
	err    error // the answer, known before the commit
}

// groupBytes is how much of what waits goes into one group: one record at least.
const groupBytes = 8 << 20

// Keeps implements [sfaas.Engine].
func (s *Store) Keeps() bool { return true }

// Commit implements [sfaas.Engine]. It neither blocks nor encodes anything: all that
// waits is put into one batch by the store's own goroutine, which also answers.
func (s *Store) Commit(r *sfaas.Record, done func(error)) {
	s.mu.Lock()
	err := s.refuses
	if err == nil {
		s.queue = append(s.queue, offer{record: r, done: done})
		s.offered.Add(1)
	}
	s.mu.Unlock()
	if err != nil {
		done(err)
		return
	}
	s.rouse()
}

// rouse wakes the committer.
func (s *Store) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run is the committer: it makes a group of all that waits, syncs it, answers, and
// begins again. While one group is on its way to the disk the next one gathers.
func (s *Store) run() {
	defer s.wg.Done()
	for {
		select {
		case <-s.wake:
		case <-s.closing:
			s.commitAll()
			return
		}
		s.pause()
		s.gather()
		if err := s.disk.err(); err != nil {
			s.answer(s.takeAll(), err)
			if !s.reopen() {
				return
			}
			continue
		}
		s.commitAll()
	}
}

// pause waits until the next group may begin.
func (s *Store) pause() {
	wait := s.opts.SyncInterval - time.Since(s.began)
	if s.opts.SyncInterval > 0 && wait > 0 {
		select {
		case <-time.After(wait):
		case <-s.closing:
		}
	}
	s.began = time.Now()
}

// A worker offers the records of a slot one after the other, and the first of them
// should not have a sync of its own while the others wait for its end. So a group
// begins when nothing was offered for a while, longer once there was a second record,
// or after patience, which is about as long as a sync.
const (
	quietOne  = 3 * time.Microsecond
	quietMany = 10 * time.Microsecond
	patience  = 200 * time.Microsecond
)

// gather waits until a burst of offers is over.
func (s *Store) gather() {
	begin, quiet := time.Now(), quietOne
	for seen, since := s.offered.Load(), begin; ; runtime.Gosched() {
		n, now := s.offered.Load(), time.Now()
		if n != seen {
			seen, since, quiet = n, now, quietMany
		}
		if now.Sub(since) >= quiet || now.Sub(begin) >= patience {
			return
		}
	}
}

// takeAll takes what waits.
func (s *Store) takeAll() []offer {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.queue
	s.queue = s.spare[:0]
	s.spare = all
	return all
}

// commitAll commits what waits, in groups.
func (s *Store) commitAll() {
	all := s.takeAll()
	defer clear(all)
	for rest := all; len(rest) > 0; {
		n, err := s.commitGroup(rest)
		rest = rest[n:]
		if err != nil {
			s.answer(rest, err)
			return
		}
	}
}

// commitGroup commits the first offers as one batch and answers them. It returns how
// many are answered; an error means that the outcome of the others is not known.
//
// While the batch waits for room, nobody else may wait with it, see [Store.refuse]. So
// all offers are in flight before it begins, those of later groups too. If the disk has
// become full since they were taken from the queue, refuse has not seen them: then they
// are answered here. The batch goes on in both cases, since the fence knows of it.
func (s *Store) commitGroup(all []offer) (int, error) {
	if err := s.disk.err(); err != nil {
		return 0, err
	}
	b := s.db.NewBatch()
	defer b.Close()
	n := 0
	for n < len(all) && (n == 0 || b.Len() < groupBytes) {
		s.put(b, &all[n])
		n++
	}
	s.must(s.fence.seal(b))
	if s.embark(all) {
		s.answer(all, ErrFull)
	}
	var err error
	if !b.Empty() {
		err = s.db.Apply(b, pebble.Sync)
	}
	if dead := s.disk.err(); dead != nil {
		err = dead // whatever Pebble believes
	}
	if !s.landed() {
		return len(all), err
	}
	if err != nil {
		s.answer(all[:n], err)
		return n, err
	}
	for i := range all[:n] {
		all[i].done(all[i].err)
	}
	return n, nil
}

// embark puts offers in flight, or reports that the disk is full.
func (s *Store) embark(all []offer) (full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(s.refuses, ErrFull) {
		return true
	}
	s.flight = all
	return false
}

// landed ends a flight. It reports false if all of it has been answered.
func (s *Store) landed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	waited := s.flight != nil
	s.flight = nil
	return waited
}

// must takes an error of a batch in memory. There is no way on from that, and none that
// leads there but one of the store's own: it opens its files anew.
func (s *Store) must(err error) {
	if err != nil {
		s.disk.die(fmt.Errorf("%w: %w", ErrFailed, err))
	}
}

// put puts a record into a batch, or notes its answer.
func (s *Store) put(b *pebble.Batch, o *offer) {
	r := o.record
	v, err := s.fence.judge(s.db, r)
	switch {
	case err != nil: // what is damaged of one unit is no matter of others
		o.err = err
		return
	case v == stale:
		o.err = sfaas.ErrStaleEpoch
	case v == early:
		o.err = fmt.Errorf("%w: %v, epoch %d, core %d, number %d", ErrOrder, r.Unit, r.Epoch, r.Core, r.Seq)
	}
	if v != take && v != takeNew {
		return
	}
	s.key = appendUnit(s.key[:0], r.Unit)
	prefix := len(s.key)
	for i := range r.Writes {
		w := &r.Writes[i]
		s.key = append(append(s.key[:prefix], recordSpace), w.Key...)
		switch {
		case w.Delete && w.End != nil:
			s.end = append(append(append(s.end[:0], s.key[:prefix]...), recordSpace), w.End...)
			if bytes.Compare(s.key, s.end) < 0 {
				err = errors.Join(err, b.DeleteRange(s.key, s.end, nil))
			}
		case w.Delete:
			err = errors.Join(err, b.Delete(s.key, nil))
		default:
			err = errors.Join(err, b.Set(s.key, w.Value, nil))
		}
	}
	if v == takeNew {
		s.key = append(s.key[:prefix], ownerSpace)
		s.value = appendMark(s.value[:0], r.Epoch, 0)
		err = errors.Join(err, b.Set(s.key, s.value, nil))
	}
	s.must(err)
}

// answer answers offers with one error.
func (s *Store) answer(all []offer, err error) {
	for i := range all {
		all[i].done(err)
	}
}
