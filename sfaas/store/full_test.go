// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// eventually waits for something.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begin := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%s: never", what)
		}
	}
}

// TestFullDisk fills the disk after any number of bytes, down to the middle of a
// write. Records are refused then, and taken again when there is room; the same ones,
// which may have been committed, change nothing.
func TestFullDisk(t *testing.T) {
	goroutines(t)
	for _, room := range []int64{0, 1, 100, 1000, 5000, 20_000, 70_000, 150_000, 400_000} {
		t.Run(fmt.Sprint("room=", room), func(t *testing.T) {
			fs := newTestFS(vfs.NewMem())
			s := open(t, &Options{fs: fs, memTable: 64 << 10})
			c := newCounter(5, 300)
			for _, err := range c.run(s, 20) {
				if err != nil {
					t.Fatal(err)
				}
			}
			fs.fill(room)
			for _, err := range c.run(s, 1000) {
				if !errors.Is(err, ErrFull) {
					t.Fatalf("on a full disk: %v", err)
				}
			}
			c.check(t, s, c.known())
			if err := commit(s, c.record(0, c.known()[0]+1))[0]; !errors.Is(err, ErrFull) {
				t.Fatalf("on a full disk, again: %v", err)
			}
			fs.clean()
			eventually(t, "it goes on", func() bool { return c.run(s, 1)[0] == nil })
			eventually(t, "all go on", func() bool { return errors.Join(c.run(s, 20)...) == nil })
			c.check(t, s, c.known())
			reopened(t, s, fs, c)
		})
	}
}

// reopened closes a store, opens it again, and finds exactly what was acknowledged.
func reopened(t *testing.T, s *Store, fs vfs.FS, c *counter) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, &Options{fs: fs})
	found, err := c.read(again)
	if err != nil {
		t.Fatal(err)
	}
	for u, n := range c.known() {
		if found[u] != n {
			t.Errorf("unit %d has counted %d, acknowledged were %d", u, found[u], n)
		}
	}
}

// TestFullDiskClose closes a store that waits for room: everything is answered, nothing
// hangs, and what was acknowledged is there. Room may end at any moment of a commit, also
// between taking offers and writing them; so it is done a few times.
func TestFullDiskClose(t *testing.T) {
	goroutines(t)
	for _, room := range slices.Repeat([]int64{0, 300, 30_000}, 5) {
		fs := newTestFS(vfs.NewMem())
		s := open(t, &Options{fs: fs, memTable: 64 << 10})
		c := newCounter(5, 300)
		c.run(s, 20)
		fs.fill(room)
		c.run(s, 1000)
		if err := s.Close(); !errors.Is(err, ErrFull) {
			t.Errorf("room=%d: Close on a full disk: %v", room, err)
		}
		fs.clean()
		again := open(t, &Options{fs: fs})
		c.check(t, again, c.known())
		again.Close()
	}
}

// TestFullInBetween lets the disk become full when the committer has taken records from
// the queue and not begun to write them: they are refused as all others are, those of
// later groups too, and not left to wait for room.
func TestFullInBetween(t *testing.T) {
	goroutines(t)
	fs := newTestFS(vfs.NewMem())
	s := open(t, &Options{fs: fs})
	c := newCounter(2, groupBytes/2)
	for _, err := range c.run(s, 2) {
		if err != nil {
			t.Fatal(err)
		}
	}
	fs.fill(0)
	s.full(s.disk)
	answers, returned := make(chan error, 3), make(chan struct{})
	var all []offer
	for i := range uint64(3) {
		all = append(all, offer{record: c.record(0, 3+i), done: func(err error) { answers <- err }})
	}
	go func() {
		defer close(returned)
		if n, err := s.commitGroup(all); n != len(all) || err != nil {
			t.Errorf("%d answered, %v; want all, and that the batch goes on", n, err)
		}
	}()
	for range all {
		select {
		case err := <-answers:
			if !errors.Is(err, ErrFull) {
				t.Errorf("on a full disk: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("a record waits for room")
		}
	}
	fs.clean()
	<-returned
	eventually(t, "it goes on", func() bool { return errors.Join(c.run(s, 1)...) == nil })
	if len(answers) > 0 {
		t.Error("a record is answered twice")
	}
}

// TestFullIsToldLast lets a write wait for room while the store is still being told that
// there is room again: what it hears last is so.
func TestFullIsToldLast(t *testing.T) {
	p, err := newProof(vfs.NewMem(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	told, full, over := make(chan string, 8), make(chan struct{}), make(chan struct{})
	var second sync.WaitGroup
	var d *disk
	waits := func(until <-chan struct{}) func() error {
		return func() error {
			select {
			case <-until:
				return nil
			default:
				return syscall.ENOSPC
			}
		}
	}
	d = newDisk(vfs.NewMem(), "", p, diskEvents{
		full: func() { told <- "full" },
		room: func() {
			if len(told) == 1 {
				second.Go(func() { _, _ = d.do(waits(over)) })
				for blocked := 0; blocked == 0; time.Sleep(time.Millisecond) {
					d.mu.Lock()
					blocked = d.blocked
					d.mu.Unlock()
				}
			}
			told <- "room"
		},
	})
	d.patient()
	var first sync.WaitGroup
	first.Go(func() { _, _ = d.do(waits(full)) })
	eventually(t, "full", func() bool { return len(told) == 1 })
	close(full)
	first.Wait()
	eventually(t, "full again", func() bool { return len(told) == 3 })
	close(over)
	second.Wait()
	close(told)
	var got []string
	for what := range told {
		got = append(got, what)
	}
	if !slices.Equal(got, []string{"full", "room", "full", "room"}) {
		t.Errorf("told %v", got)
	}
}

// TestFullDiskOpen opens a store where there is no room: that is an error, and leaves
// what is there as it is.
func TestFullDiskOpen(t *testing.T) {
	goroutines(t)
	for room := int64(0); room < 20_000; room = room*5/4 + 10 {
		fs := newTestFS(vfs.NewMem())
		s := open(t, &Options{fs: fs, memTable: 64 << 10})
		c := newCounter(5, 300)
		c.run(s, 10)
		s.Close()
		fs.room.Store(room)
		full, err := Open(folder, &Options{fs: fs})
		switch {
		case err == nil:
			full.Close()
		case !errors.Is(err, ErrFull):
			t.Errorf("room=%d: %v", room, err)
		}
		fs.clean()
		again := open(t, &Options{fs: fs})
		c.check(t, again, c.known())
		again.Close()
	}
}

// TestFailedDisk lets writes and syncs fail at any moment. Records are refused until
// the store has opened its files anew.
func TestFailedDisk(t *testing.T) {
	goroutines(t)
	for i, failure := range []error{io.ErrShortWrite, syscall.EIO, syscall.ENOSPC, syscall.EIO} {
		fs := newTestFS(vfs.NewMem())
		s := open(t, &Options{fs: fs, memTable: 64 << 10})
		c := newCounter(5, 300)
		for round := range 5 {
			c.run(s, 10+round)
			fs.fail.Store(&failure)
			if i == 2 { // only syncs fail
				eventually(t, "refused", func() bool { return errors.Is(errors.Join(c.run(s, 1)...), ErrFull) })
			} else {
				eventually(t, "refused", func() bool { return errors.Is(errors.Join(c.run(s, 1)...), ErrFailed) })
			}
			fs.fail.Store(nil)
			eventually(t, "it goes on", func() bool { return errors.Join(c.run(s, 3)...) == nil })
			c.check(t, s, c.known())
		}
		reopened(t, s, fs, c)
	}
}
