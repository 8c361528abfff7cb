// SPDX-License-Identifier: Apache-2.0

package store

import (
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// tracked is a file that is written from its beginning, and what of it has been
// synced.
type tracked struct {
	name string // under its disk's lock until it is on the disk

	mu      sync.Mutex
	size    int64 // written
	sum     xxhash.Digest
	synced  claim // at the last sync
	isNamed bool  // its name is on the disk
}

func newTracked(name string) *tracked {
	t := &tracked{name: name}
	t.sum.Reset()
	t.synced.sum = t.sum.Sum64()
	return t
}

// wrote takes what was written.
func (t *tracked) wrote(p []byte) {
	t.mu.Lock()
	t.size += int64(len(p))
	_, _ = t.sum.Write(p)
	t.mu.Unlock()
}

// now returns what a sync that begins now will have synced.
func (t *tracked) now() claim {
	t.mu.Lock()
	defer t.mu.Unlock()
	return claim{t.size, t.sum.Sum64()}
}

// hold claims what has been synced, if its name is on the disk.
func (t *tracked) hold(p *proof, c claim) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.synced = c
	if !t.isNamed {
		return nil
	}
	return p.hold(t.name, c)
}

// named takes that the name is on the disk.
func (t *tracked) named(p *proof) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.isNamed = true
	return p.hold(t.name, t.synced)
}

// file is an open file, or folder, of a [disk].
type file struct {
	vfs.File
	disk    *disk
	tracked *tracked // nil: Pebble does not trust its end
	isDir   bool     // the folder of the store
	buf     []byte
}

// Write implements [vfs.File]. The system below may change what it is given, so it
// gets a copy: what found no room is written again.
func (f *file) Write(p []byte) (int, error) {
	n := 0
	_, err := f.disk.do(func() error {
		f.buf = append(f.buf[:0], p[n:]...)
		k, err := f.File.Write(f.buf)
		if f.tracked != nil && k > 0 {
			f.tracked.wrote(p[n : n+k])
		}
		n += k
		return err
	})
	if err != nil {
		return n, err
	}
	return len(p), nil
}

// WriteAt implements [vfs.File].
func (f *file) WriteAt(p []byte, at int64) (int, error) {
	n := 0
	_, err := f.disk.do(func() error {
		f.buf = append(f.buf[:0], p[n:]...)
		k, err := f.File.WriteAt(f.buf, at+int64(n))
		n += k
		return err
	})
	if err != nil {
		return n, err
	}
	return len(p), nil
}

// Sync implements [vfs.File].
func (f *file) Sync() error { return f.sync(f.File.Sync) }

// SyncData implements [vfs.File].
func (f *file) SyncData() error { return f.sync(f.File.SyncData) }

// sync syncs and claims what was. A sync that has failed is not tried again, as the
// operating system may have given up what it could not write: that disk is dead.
func (f *file) sync(op func() error) error {
	var c claim
	if f.tracked != nil {
		c = f.tracked.now()
	}
	done, _ := f.disk.do(func() error {
		if err := op(); err != nil {
			return syncError{err}
		}
		return nil
	})
	if !done || f.disk.err() != nil {
		return nil
	}
	if f.tracked != nil {
		_, _ = f.disk.do(func() error { return f.tracked.hold(f.disk.proof, c) })
	}
	if f.isDir {
		_, _ = f.disk.do(f.disk.settle)
	}
	return nil
}

// SyncTo implements [vfs.File]. It only hastens what a sync will do, and promises
// nothing; where the system below syncs everything, what it says is not passed on.
func (f *file) SyncTo(length int64) (bool, error) {
	_, _ = f.disk.do(func() error {
		if _, err := f.File.SyncTo(length); err != nil {
			return syncError{err}
		}
		return nil
	})
	return false, nil
}

// Preallocate implements [vfs.File]. It is a hint: that there is no room for it is
// found by whoever writes.
func (f *file) Preallocate(offset, length int64) error {
	if f.disk.err() == nil {
		_ = f.File.Preallocate(offset, length)
	}
	return nil
}
