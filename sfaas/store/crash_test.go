// SPDX-License-Identifier: Apache-2.0

package store

import (
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// crashes takes what a crash would leave before every sync of a file system, together
// with what had been acknowledged by then.
type crashes struct {
	mem   *vfs.MemFS
	known func() []uint64
	keep  func() vfs.CrashCloneCfg

	mu    sync.Mutex
	left  []crashed
	ended bool
}

type crashed struct {
	fs    *vfs.MemFS
	acked []uint64
}

func (c *crashes) take() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	acked := c.known()
	c.left = append(c.left, crashed{c.mem.CrashClone(c.keep()), acked})
}

// end takes no more.
func (c *crashes) end() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
}

// TestCrash crashes before every sync, of records, tables, manifests, folders and the
// proof; what was not synced is gone, or, by a seed, there in parts. Nothing that was
// acknowledged is lost, no record is there by half, and one that comes again changes
// nothing. In a second round the crash comes while the store opens after a crash.
func TestCrash(t *testing.T) {
	rounds, percents := 60, []int{0, 0, 50, 90}
	if os.Getenv("NEURORAN_LONG") != "" {
		rounds, percents = 400, []int{0, 0, 10, 30, 50, 70, 90, 99}
	}
	for seed, percent := range percents {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		keep := func() vfs.CrashCloneCfg { return vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random} }
		mem := vfs.NewCrashableMem()
		c := newCounter(4, 200)
		points := &crashes{mem: mem, known: c.known, keep: keep}
		fs := newTestFS(mem)
		fs.onSync = points.take
		s := open(t, &Options{fs: fs, memTable: 64 << 10})
		for i, err := range c.run(s, rounds) {
			if err != nil {
				t.Fatalf("seed=%d percent=%d unit=%d: %v", seed, percent, i, err)
			}
		}
		points.take()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := 0
		for i, at := range points.left {
			// Every seventh is a crash whose recovery crashes at each of its syncs.
			twice := &crashes{mem: at.fs, known: func() []uint64 { return at.acked }, keep: keep}
			fs := newTestFS(at.fs)
			if i%7 == 0 {
				fs.onSync = twice.take
			}
			recovered(t, fs, c, at.acked, seed, i, -1, twice.end)
			for j, at := range twice.left {
				again++
				recovered(t, at.fs, c, at.acked, seed, i, j, func() {})
			}
		}
		t.Logf("seed=%d percent=%d crashes=%d crashes_of_recovery=%d", seed, percent, len(points.left), again)
	}
}

// recovered opens what a crash has left, compares, and goes on.
func recovered(t *testing.T, fs vfs.FS, c *counter, acked []uint64, seed, i, j int, opened func()) {
	t.Helper()
	s, err := Open(folder, &Options{fs: fs, memTable: 64 << 10})
	if err != nil {
		t.Fatalf("seed=%d crash=%d/%d: %v", seed, i, j, err)
	}
	defer s.Close()
	opened()
	found := c.check(t, s, acked)
	for u, n := range found {
		for _, seq := range []uint64{n, n + 1} {
			if seq == 0 {
				continue
			}
			r := c.record(u, seq)
			if seq == n { // it is there: what comes again changes nothing
				r.Writes[1].Value = number(seq + 1)
			}
			if err := commit(s, r)[0]; err != nil {
				t.Fatalf("seed=%d crash=%d/%d unit=%d number=%d: %v", seed, i, j, u, seq, err)
			}
		}
		found[u]++
	}
	now, err := c.read(s)
	if err != nil {
		t.Fatalf("seed=%d crash=%d/%d: %v", seed, i, j, err)
	}
	for u := range now {
		if now[u] != found[u] {
			t.Fatalf("seed=%d crash=%d/%d unit=%d: %d after a repeat, want %d", seed, i, j, u, now[u], found[u])
		}
	}
	if t.Failed() {
		t.Fatalf("seed=%d crash=%d/%d", seed, i, j)
	}
}
