// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/neuroran/neuroran/sfaas"
)

// Store keeps the records of a node in a folder. Its methods may be called by any
// goroutine.
type Store struct {
	dir  string
	opts Options
	lock io.Closer // of the folder

	mu      sync.Mutex
	queue   []offer // not yet in a group
	spare   []offer // memory of the queue before
	flight  []offer // the group on its way to the disk, as far as it is not answered
	refuses error   // why records are not taken, or nil

	offered atomic.Uint64 // records that were ever taken

	wake    chan struct{}
	closing chan struct{}
	once    sync.Once
	wg      sync.WaitGroup
	closed  error // what Close returns

	// The committer's.
	began    time.Time // of the last group
	fence    *fence
	key, end []byte
	value    []byte

	// Readers hold the lock; the committer takes it to open everything anew.
	open sync.RWMutex
	db   *pebble.DB
	disk *disk
}

var _ sfaas.Engine = (*Store)(nil)

// lockName is the file that keeps others out of the folder.
const lockName = "LOCK"

// Open opens the store in a folder, or makes one. Nobody else may have it open. It
// returns a [*DamagedError] if a file does not hold what was acknowledged, and
// [ErrFull] if there is no room to begin with, and a [*sfaas.OptionError] for an option
// that has no meaning, or a folder that is no store and has files in it.
func Open(dir string, o *Options) (*Store, error) {
	s := &Store{dir: dir, opts: o.withDefaults(), wake: make(chan struct{}, 1), closing: make(chan struct{})}
	if err := s.opts.validate(); err != nil {
		return nil, err
	}
	if err := makeDir(s.opts.fs, dir); err != nil {
		return nil, openError(err)
	}
	var err error
	if s.lock, err = s.opts.fs.Lock(s.opts.fs.PathJoin(dir, lockName)); err != nil {
		return nil, openError(fmt.Errorf("store: %s is in use: %w", dir, err))
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(openError(err), s.lock.Close())
	}
	s.wg.Add(1)
	go s.run()
	return s, nil
}

// makeDir makes a folder, with those above it, whose names are on the disk then.
func makeDir(real vfs.FS, dir string) error {
	var changed []string
	for at := dir; ; {
		_, err := real.Stat(at)
		above := real.PathDir(at)
		if err == nil || above == at {
			break
		}
		changed = append(changed, above)
		at = above
	}
	err := real.MkdirAll(dir, 0o755)
	for _, d := range changed {
		if err == nil {
			err = syncDir(real, d)
		}
	}
	return err
}

// openError types what opening can fail with.
func openError(err error) error {
	if noRoom(err) && !errors.Is(err, ErrFull) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// start checks the proof and opens Pebble over a fresh disk.
func (s *Store) start() error {
	claims, err := prove(s.opts.fs, s.dir)
	if err != nil {
		return err
	}
	p, err := newProof(s.opts.fs, s.dir, claims)
	if err != nil {
		return err
	}
	var d *disk
	d = newDisk(s.opts.fs, s.dir, p, diskEvents{
		full: func() { s.full(d) },
		room: func() { s.accept(d) },
		died: func(err error) { s.refuse(err); s.rouse() },
	})
	db, err := pebble.Open(s.dir, s.pebbleOptions(d))
	if dead := d.err(); dead != nil {
		err = dead
	}
	if err == nil {
		s.fence, err = loadFence(db)
	}
	if err != nil {
		if db != nil {
			_ = db.Close()
		}
		return errors.Join(unreadable(err), p.close())
	}
	d.patient()
	s.db, s.disk = db, d
	d.begin(s.opts.proofEvery)
	return nil
}

// refuse answers everything that waits, and refuses records from now on.
func (s *Store) refuse(err error) {
	s.mu.Lock()
	closed := errors.Is(s.refuses, ErrClosed)
	if closed {
		err = ErrClosed
	}
	s.refuses = err
	waits := slices.Concat(s.flight, s.queue)
	s.flight, s.queue = nil, nil
	s.mu.Unlock()
	s.answer(waits, err)
	if !closed {
		s.opts.Report(err)
	}
}

// full takes that a write waits for room. Close does not wait for it.
func (s *Store) full(d *disk) {
	s.refuse(ErrFull)
	s.mu.Lock()
	closed := errors.Is(s.refuses, ErrClosed)
	s.mu.Unlock()
	if closed {
		d.die(ErrFull)
	}
}

// accept takes records again, unless the disk has died.
func (s *Store) accept(d *disk) {
	if d.err() != nil {
		return
	}
	s.mu.Lock()
	again := errors.Is(s.refuses, ErrFull)
	if again {
		s.refuses = nil
	}
	s.mu.Unlock()
	if again {
		s.opts.Report(nil)
	}
}

// reopenEvery is how long the store waits before it tries again to open its files.
const reopenEvery = 100 * time.Millisecond

// reopen closes Pebble, whose disk is dead, and opens it over a new one, as often as
// it takes. It reports false if the store is to be closed, or is damaged.
func (s *Store) reopen() bool {
	s.open.Lock()
	defer s.open.Unlock()
	s.stop()
	for {
		err := s.start()
		if err == nil {
			s.mu.Lock()
			closed := errors.Is(s.refuses, ErrClosed)
			if !closed {
				s.refuses = nil
			}
			s.mu.Unlock()
			if !closed {
				s.opts.Report(nil)
			}
			return true
		}
		if errors.Is(err, ErrDamaged) {
			s.refuse(err)
			return false
		}
		select {
		case <-s.closing:
			return false
		case <-time.After(reopenEvery):
		}
	}
}

// stop closes Pebble and the proof.
func (s *Store) stop() error {
	if s.db == nil {
		return nil
	}
	err := s.db.Close()
	if dead := s.disk.err(); dead != nil {
		err = dead
	}
	err = errors.Join(err, s.disk.end())
	s.db, s.disk = nil, nil
	return err
}

// Close commits what was offered, answers everything, and closes the files. Records
// that are offered later are refused with [ErrClosed]. A store that takes no records,
// as its disk is full or has failed, is closed at once, and Close returns why. Close is
// idempotent.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.mu.Lock()
		hurry := s.refuses
		s.refuses = ErrClosed
		s.mu.Unlock()
		close(s.closing)
		if hurry != nil {
			s.abandon(hurry)
		}
		s.wg.Wait()
		s.refuse(ErrClosed)
		s.open.Lock()
		defer s.open.Unlock()
		if s.closed = s.stop(); hurry != nil {
			s.closed = hurry
		}
		s.closed = errors.Join(s.closed, s.lock.Close())
	})
	return s.closed
}

// abandon lets go what waits for a disk that is full.
func (s *Store) abandon(err error) {
	s.open.RLock()
	defer s.open.RUnlock()
	if s.disk != nil {
		s.disk.die(err)
	}
}

// pebbleOptions returns how Pebble is opened.
func (s *Store) pebbleOptions(d vfs.FS) *pebble.Options {
	o := &pebble.Options{
		FS:                 d,
		CacheSize:          s.opts.CacheBytes,
		MemTableSize:       s.opts.memTable,
		FormatMajorVersion: pebble.FormatNewest,
		Logger:             silent{},
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) { s.opts.Report(damage(err)) },
			DataCorruption: func(i pebble.DataCorruptionInfo) {
				s.opts.Report(&DamagedError{lastName(i.Path), i.Details})
			},
		},
	}
	return o
}

// silent is Pebble's logger. What it calls fatal cannot happen but for errors of the
// disk, which it never sees, and of its own logic; it goes on and returns an error.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}
