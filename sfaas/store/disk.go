// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// disk is the file system as Pebble sees it, once: when the store opens its files
// anew it gets another one. It does two things.
//
// It keeps the proof: which beginnings of files have been synced, see [proof].
//
// And it never lets Pebble see an error of a write. Pebble takes the process down, or
// panics with its locks held, when a write to its log or manifest fails. So a write
// that finds no room waits here until there is some, while the store refuses records;
// and after any other error the disk is dead: from then on nothing that Pebble writes
// reaches the real one, as if the process had been killed, and Pebble can be closed in
// peace. What was not acknowledged until then is not.
type disk struct {
	vfs.FS
	dir    string
	proof  *proof
	events diskEvents

	mu        sync.Mutex
	impatient bool                // out of room is an error like any other
	dead      error               // why nothing is written any more
	down      chan struct{}       // closed when dead
	blocked   int                 // writes that wait for room
	fresh     map[string]*tracked // files whose names are not yet known to be on the disk
	void      *vfs.MemFS          // takes what is written to a dead disk

	telling sync.Mutex // held while the store is told, so that it hears last what is so
	told    bool       // that a write waits for room

	stop chan struct{} // ends the goroutine that syncs the proof
	wg   sync.WaitGroup
}

// diskEvents are called from any goroutine, full and room one after the other.
type diskEvents struct {
	full func()      // a write waits for room
	room func()      // no write waits any more
	died func(error) // the disk is dead
}

// roomRetry is how long a write that found no room waits before it tries again.
const roomRetry = 20 * time.Millisecond

func newDisk(real vfs.FS, dir string, p *proof, e diskEvents) *disk {
	return &disk{
		FS: real, dir: dir, proof: p, events: e, impatient: true,
		down: make(chan struct{}), stop: make(chan struct{}), fresh: map[string]*tracked{}, void: vfs.NewMem(),
	}
}

// patient makes writes wait for room from now on.
func (d *disk) patient() {
	d.mu.Lock()
	d.impatient = false
	d.mu.Unlock()
}

// err returns why the disk is dead, or nil.
func (d *disk) err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// die makes the disk dead; the first reason stays.
func (d *disk) die(err error) {
	d.mu.Lock()
	first := d.dead == nil
	if first {
		d.dead = err
		close(d.down)
	}
	d.mu.Unlock()
	if first {
		d.events.died(err)
	}
}

// do changes the real disk. It reports false if that is dead, and op did not happen;
// what it returns otherwise is no matter of the disk's health: a file that is not
// there, or is there already. Op is called again after it found no room.
func (d *disk) do(op func() error) (done bool, err error) {
	waiting := false
	defer func() {
		if waiting {
			d.wait(-1)
		}
	}()
	for {
		if d.err() != nil {
			return false, nil
		}
		var failed syncError
		switch err := op(); {
		case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist):
			return true, err
		case errors.As(err, &failed) && noRoom(err):
			d.die(fmt.Errorf("%w: %w", ErrFull, err))
		case !noRoom(err):
			d.die(fmt.Errorf("%w: %w", ErrFailed, err))
		case d.isImpatient():
			d.die(fmt.Errorf("%w: %w", ErrFull, err))
		default:
			if !waiting {
				waiting = true
				d.wait(+1)
			}
			select {
			case <-d.down:
			case <-time.After(roomRetry):
			}
		}
	}
}

func (d *disk) isImpatient() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.impatient
}

// wait counts a write that begins or ends to wait for room, and tells the store if it is
// the first or the last one.
func (d *disk) wait(by int) {
	d.mu.Lock()
	d.blocked += by
	d.mu.Unlock()
	d.telling.Lock()
	defer d.telling.Unlock()
	d.mu.Lock()
	full := d.blocked > 0
	d.mu.Unlock()
	if full == d.told {
		return
	}
	if d.told = full; full {
		d.events.full()
	} else {
		d.events.room()
	}
}

func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// lastName returns the last element of a path of either kind.
func lastName(name string) string { return path.Base(filepath.ToSlash(name)) }

// trusted reports whether Pebble takes the end of a file on trust. Tables are not
// among them: every block of theirs has a checksum, and the manifest has their size.
func trusted(name string) bool {
	for _, prefix := range []string{"MANIFEST-", "OPTIONS-", "marker."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.HasSuffix(name, ".log") || strings.HasSuffix(name, ".dbtmp")
}

// forget gives up the claim about a file that is about to change other than by growth.
func (d *disk) forget(name string) error {
	name = lastName(name)
	d.mu.Lock()
	delete(d.fresh, name)
	d.mu.Unlock()
	if !trusted(name) {
		return nil
	}
	return d.proof.drop(name)
}

// gone gives up the claim about a file that is about to be removed. What is removed is
// not needed any more by what other files say by now; so what is claimed of those is
// made durable before.
func (d *disk) gone(name string) error {
	return errors.Join(d.order(name), d.forget(name), d.proof.sync())
}

// opened wraps a file that is written from its beginning.
func (d *disk) opened(name string, f vfs.File) vfs.File {
	w := &file{File: f, disk: d}
	if name = lastName(name); trusted(name) {
		w.tracked = newTracked(name)
		d.mu.Lock()
		d.fresh[name] = w.tracked
		d.mu.Unlock()
	}
	return w
}

// order makes durable which files the folder has, before a marker changes: Pebble makes
// a manifest, makes a marker that names it, and removes the former marker, with one sync
// of the folder at the end. A file system that keeps the first of these and loses the
// rest is harmless; one that keeps a later one alone loses everything.
func (d *disk) order(name string) error {
	if !strings.HasPrefix(lastName(name), "marker.") {
		return nil
	}
	return syncDir(d.FS, d.dir)
}

// create runs an operation that makes a file.
func (d *disk) create(name string, op func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	done, err := d.do(func() (err error) {
		if err = errors.Join(d.order(name), d.forget(name)); err == nil {
			f, err = op()
		}
		return err
	})
	switch {
	case !done:
		f, err = d.void.Create(lastName(name), vfs.WriteCategoryUnspecified)
		return &file{File: f, disk: d}, err
	case err != nil:
		return nil, err
	}
	return d.opened(name, f), nil
}

// Create implements [vfs.FS].
func (d *disk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.create(name, func() (vfs.File, error) { return d.FS.Create(name, c) })
}

// ReuseForWrite implements [vfs.FS].
func (d *disk) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.create(to, func() (vfs.File, error) {
		if err := d.forget(from); err != nil {
			return nil, err
		}
		return d.FS.ReuseForWrite(from, to, c)
	})
}

// OpenReadWrite implements [vfs.FS]. Pebble writes no file that it trusts this way.
func (d *disk) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := d.FS.OpenReadWrite(name, c, opts...)
	if err != nil {
		return nil, err
	}
	return &file{File: f, disk: d}, nil
}

// OpenDir implements [vfs.FS].
func (d *disk) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &file{File: f, disk: d, isDir: lastName(name) == lastName(d.dir)}, nil
}

// Rename implements [vfs.FS].
func (d *disk) Rename(from, to string) error {
	d.mu.Lock()
	t := d.fresh[lastName(from)]
	d.mu.Unlock()
	done, err := d.do(func() error {
		if err := errors.Join(d.forget(from), d.forget(to)); err != nil {
			return err
		}
		return d.FS.Rename(from, to)
	})
	if done && err == nil && t != nil && trusted(lastName(to)) {
		d.mu.Lock()
		t.name = lastName(to)
		d.fresh[t.name] = t
		d.mu.Unlock()
	}
	return err
}

// Link implements [vfs.FS].
func (d *disk) Link(from, to string) error {
	_, err := d.do(func() error { return d.FS.Link(from, to) })
	return err
}

// Remove implements [vfs.FS].
func (d *disk) Remove(name string) error {
	_, err := d.do(func() error {
		if err := d.gone(name); err != nil {
			return err
		}
		return d.FS.Remove(name)
	})
	return err
}

// RemoveAll implements [vfs.FS].
func (d *disk) RemoveAll(name string) error {
	_, err := d.do(func() error { return d.FS.RemoveAll(name) })
	return err
}

// MkdirAll implements [vfs.FS].
func (d *disk) MkdirAll(name string, perm os.FileMode) error {
	_, err := d.do(func() error { return d.FS.MkdirAll(name, perm) })
	return err
}

// Unwrap implements [vfs.FS].
func (d *disk) Unwrap() vfs.FS { return d.FS }

// settle claims the files whose names have just become durable.
func (d *disk) settle() error {
	d.mu.Lock()
	var names []*tracked
	for name, t := range d.fresh {
		names = append(names, t)
		delete(d.fresh, name)
	}
	d.mu.Unlock()
	for _, t := range names {
		if err := t.named(d.proof); err != nil {
			d.mu.Lock()
			for _, t := range names {
				d.fresh[t.name] = t
			}
			d.mu.Unlock()
			return err
		}
	}
	return nil
}

// begin syncs the proof every now and then, until end.
func (d *disk) begin(every time.Duration) {
	d.wg.Go(func() {
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-d.stop:
				return
			case <-t.C:
				_, _ = d.do(d.proof.sync)
			}
		}
	})
}

// end closes the proof. Pebble must be closed.
func (d *disk) end() error {
	close(d.stop)
	d.wg.Wait()
	_, _ = d.do(d.proof.sync)
	return d.proof.close()
}

// Lock implements [vfs.FS]: the store has locked its folder already, for longer than
// any disk of it lives.
func (d *disk) Lock(string) (io.Closer, error) { return locked{}, nil }

type locked struct{}

// Close implements [io.Closer].
func (locked) Close() error { return nil }
