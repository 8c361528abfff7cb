// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/neuroran/neuroran/sfaas"
)

// TestGroup offers records while a sync is under way: they share the next one, and so
// does all that is offered within an interval.
func TestGroup(t *testing.T) {
	for _, interval := range []time.Duration{0, 100 * time.Millisecond} {
		fs := newTestFS(vfs.NewMem())
		s := open(t, &Options{fs: fs, SyncInterval: interval, proofEvery: time.Hour})
		var wg sync.WaitGroup
		offer := func(from, to uint64) {
			for seq := from; seq <= to; seq++ {
				wg.Add(1)
				s.Commit(set(unit(1), 1, seq, "a", "x"), func(err error) {
					if err != nil {
						t.Errorf("record %d: %v", seq, err)
					}
					wg.Done()
				})
			}
		}
		var before int64
		if interval == 0 { // the first sync ends when the others have been offered
			arrived, goOn := make(chan bool), make(chan bool)
			var once sync.Once
			fs.onSync = func() { once.Do(func() { arrived <- true; <-goOn }) }
			offer(1, 1)
			<-arrived
			offer(2, 1000)
			before = fs.syncs.Load() // the first one is counted, and stands
			close(goOn)
		} else {
			offer(1, 1)
			wg.Wait() // another group may begin an interval later
			for seq := uint64(2); seq <= 1000; seq += 100 {
				offer(seq, min(seq+99, 1000))
				time.Sleep(time.Millisecond)
			}
			before = fs.syncs.Load()
		}
		wg.Wait()
		if n := fs.syncs.Load() - before; n < 1 || n > 2 {
			t.Errorf("interval=%v: %d syncs for what was offered meanwhile", interval, n)
		}
		s.Close()
	}
}

// TestLargeRecord commits records that are larger than a group and than a memory table.
func TestLargeRecord(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, &Options{fs: fs})
	value := make([]byte, 24<<20)
	for i := range value {
		value[i] = byte(i * i >> 7)
	}
	large := &sfaas.Record{Unit: unit(1), Epoch: 1, Seq: 1, Writes: []sfaas.Write{{Key: []byte("a"), Value: value}}}
	if err := errors.Join(commit(s, large, set(unit(1), 1, 2, "b", "small"), set(unit(2), 1, 1, "b", "small"))...); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		found := false
		err := s.Load(func(_ sfaas.Unit, _ uint32, rows iter.Seq2[[]byte, []byte]) error {
			for key, v := range rows {
				found = found || string(key) == "a" && bytes.Equal(v, value)
			}
			return nil
		})
		if err != nil || !found {
			t.Fatalf("found: %t, %v", found, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, &Options{fs: fs})
	}
}

// TestColdMarks commits to many units, and then to one of them until the ring has come
// round: what was committed to the others is still known, also after the store was
// opened again.
func TestColdMarks(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, &Options{fs: fs})
	const units = 50
	busy := uint64(1)
	for seq := uint64(1); seq <= 3; seq++ {
		for u := range uint64(units) {
			if err := commit(s, set(unit(u), 1, seq, "a", "x"))[0]; err != nil {
				t.Fatalf("unit %d, number %d: %v", u, seq, err)
			}
		}
		for range ringRows + 10 {
			if err := commit(s, set(unit(units), 1, busy, "a", "x"))[0]; err != nil {
				t.Fatalf("number %d: %v", busy, err)
			}
			busy++
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, &Options{fs: fs})
		for u := range uint64(units) {
			if err := commit(s, set(unit(u), 1, seq, "a", "repeated"))[0]; err != nil {
				t.Fatalf("unit %d, number %d again: %v", u, seq, err)
			}
			if err := commit(s, set(unit(u), 1, seq+2, "a", "gap"))[0]; !errors.Is(err, ErrOrder) {
				t.Fatalf("unit %d, number %d before %d: %v", u, seq+2, seq+1, err)
			}
		}
	}
	for key, value := range mustContent(t, s) {
		if value != "x" && value != "1" {
			t.Errorf("%s: %s", key, value)
		}
	}
}

// TestDamageOfTables changes tables under a store that is open: what reads them reports
// it, and the host goes on with all else.
func TestDamageOfTables(t *testing.T) {
	fs := vfs.NewMem()
	c := newCounter(4, 200)
	s := open(t, &Options{fs: fs, memTable: 64 << 10})
	if err := errors.Join(c.run(s, 300)...); err != nil {
		t.Fatal(err)
	}
	s.Close()
	heard := make(chan error, 1)
	s = open(t, &Options{fs: fs, CacheBytes: 1, Report: func(err error) {
		if errors.Is(err, ErrDamaged) {
			select {
			case heard <- err:
			default:
			}
		}
	}})
	eventually(t, "it comes to rest", func() bool { return s.db.Metrics().Compact.NumInProgress == 0 })
	scribble(t, fs)
	if _, err := c.read(s); !errors.Is(err, ErrDamaged) {
		t.Errorf("Load: %v", err)
	}
	for u := range uint64(100) {
		if err := commit(s, set(unit(100+u), 1, 1, "a", string(make([]byte, 3000))))[0]; err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	}
	eventually(t, "damage is reported", func() bool { return len(heard) > 0 })
	t.Log(<-heard)
}

// scribble changes some bytes of every table.
func scribble(t *testing.T, fs *vfs.MemFS) {
	t.Helper()
	names, err := fs.List(folder)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		f, err := fs.OpenReadWrite(folder+"/"+name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if _, err := f.WriteAt([]byte{byte(random.Uint32())}, random.Int64N(max(info.Size(), 1))); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
