// SPDX-License-Identifier: Apache-2.0

package store

import (
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// testFS is a file system that runs out of room, fails, and tells of every sync.
type testFS struct {
	vfs.FS
	room    atomic.Int64 // bytes that may still be written; below 0 no end of it
	noNames atomic.Bool  // no file is made or renamed for want of room
	fail    atomic.Pointer[error]
	onSync  func() // before each sync
	syncs   atomic.Int64
	writes  atomic.Int64
}

func newTestFS(fs vfs.FS) *testFS {
	t := &testFS{FS: fs, onSync: func() {}}
	t.room.Store(-1)
	return t
}

// fill lets n more bytes be written, and no more files.
func (t *testFS) fill(n int64) { t.noNames.Store(true); t.room.Store(n) }

// clean makes room.
func (t *testFS) clean() { t.room.Store(-1); t.noNames.Store(false) }

func (t *testFS) failure() error {
	if p := t.fail.Load(); p != nil {
		return *p
	}
	return nil
}

func (t *testFS) name() error {
	if t.noNames.Load() {
		return syscall.ENOSPC
	}
	return nil
}

func (t *testFS) wrap(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &testFile{File: f, fs: t}, nil
}

func (t *testFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := t.name(); err != nil {
		return nil, err
	}
	return t.wrap(t.FS.Create(name, c))
}

func (t *testFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := t.name(); err != nil {
		return nil, err
	}
	return t.wrap(t.FS.ReuseForWrite(from, to, c))
}

func (t *testFS) Rename(from, to string) error {
	if err := t.name(); err != nil {
		return err
	}
	return t.FS.Rename(from, to)
}

func (t *testFS) OpenDir(name string) (vfs.File, error) { return t.wrap(t.FS.OpenDir(name)) }

type testFile struct {
	vfs.File
	fs *testFS
}

// Write writes as much as there is room for.
func (f *testFile) Write(p []byte) (int, error) {
	f.fs.writes.Add(1)
	if err := f.fs.failure(); err != nil && err != syscall.ENOSPC { // of which there is room
		return 0, err
	}
	for {
		room := f.fs.room.Load()
		if room < 0 {
			return f.File.Write(p)
		}
		n := min(int64(len(p)), room)
		if !f.fs.room.CompareAndSwap(room, room-n) {
			continue
		}
		k, err := f.File.Write(p[:n])
		if err == nil && int(n) < len(p) {
			err = syscall.ENOSPC
		}
		return k, err
	}
}

func (f *testFile) Sync() error {
	f.fs.syncs.Add(1)
	f.fs.onSync()
	if err := f.fs.failure(); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *testFile) SyncData() error { return f.Sync() }
