// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/sfaas"
)

// folder is that of stores in memory.
const folder = "data/node1/store"

func unit(cell uint64) sfaas.Unit {
	return sfaas.Unit{Part: "count", Root: sfaas.NewKey(sfaas.KindCell, cell)}
}

// set is a record that sets one key of a unit.
func set(u sfaas.Unit, epoch uint32, seq uint64, key, value string) *sfaas.Record {
	return &sfaas.Record{Unit: u, Epoch: epoch, Seq: seq, Writes: []sfaas.Write{{Key: []byte(key), Value: []byte(value)}}}
}

// commit commits records side by side and returns their answers.
func commit(s *Store, records ...*sfaas.Record) []error {
	answers := make([]error, len(records))
	var wg sync.WaitGroup
	for i, r := range records {
		wg.Add(1)
		s.Commit(r, func(err error) { answers[i] = err; wg.Done() })
	}
	wg.Wait()
	return answers
}

// open opens a store that the test closes.
func open(t testing.TB, o *Options) *Store {
	t.Helper()
	s, err := Open(folder, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// content reads all of a store.
func content(s *Store) (map[string]string, error) {
	all := map[string]string{}
	err := s.Load(func(u sfaas.Unit, epoch uint32, rows iter.Seq2[[]byte, []byte]) error {
		all[u.String()] = fmt.Sprint(epoch)
		for key, value := range rows {
			all[fmt.Sprintf("%v %s", u, key)] = string(value)
		}
		return nil
	})
	return all, err
}

func mustContent(t testing.TB, s *Store) map[string]string {
	t.Helper()
	c, err := content(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStoreKeeps(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, &Options{fs: fs})
	two := set(unit(2), 3, 1, "a", "x")
	two.Writes = append(two.Writes,
		sfaas.Write{Key: []byte("b"), Value: []byte("y")}, sfaas.Write{Key: []byte("a"), Delete: true},
		sfaas.Write{Key: []byte("r1")}, sfaas.Write{Key: []byte("r2")}, sfaas.Write{Key: []byte("r3")},
		sfaas.Write{Key: []byte("r1"), Delete: true, End: []byte("r3")}, sfaas.Write{Key: []byte("r3"), Delete: true, End: []byte("r1")},
		sfaas.Write{Key: []byte("r2"), Value: []byte("again")})
	for i, err := range commit(s, set(unit(1), 1, 1, "a", "1"), two, set(sfaas.Unit{}, 1, 1, "route", "2")) {
		if err != nil {
			t.Errorf("record %d: %v", i, err)
		}
	}
	want := map[string]string{"count/cell1": "1", "count/cell1 a": "1", "count/cell2": "3", "count/cell2 b": "y",
		"count/cell2 r2": "again", "count/cell2 r3": "", "/root": "1", "/root route": "2"}
	if diff := cmp.Diff(want, mustContent(t, s)); diff != "" {
		t.Error(diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, &Options{fs: fs})
	if diff := cmp.Diff(want, mustContent(t, s)); diff != "" {
		t.Errorf("after it was opened again: %s", diff)
	}
}

func TestStoreFence(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, &Options{fs: fs})
	steps := []struct {
		record *sfaas.Record
		want   error
	}{
		{set(unit(1), 2, 1, "a", "1"), nil},
		{set(unit(1), 2, 1, "a", "repeated"), nil},
		{set(unit(1), 2, 3, "a", "gap"), ErrOrder},
		{set(unit(1), 2, 2, "a", "2"), nil},
		{set(unit(1), 1, 3, "a", "old owner"), sfaas.ErrStaleEpoch},
		{set(unit(1), 3, 2, "a", "gap in a new epoch"), ErrOrder},
		{set(unit(1), 2, 3, "a", "3"), nil},
		{set(unit(1), 3, 1, "a", "4"), nil},
		{set(unit(1), 2, 4, "a", "old owner"), sfaas.ErrStaleEpoch},
		{set(unit(2), 1, 1, "a", "5"), nil},
		{set(unit(3), 0, 2, "a", "gap in the first epoch"), ErrOrder},
		{set(unit(3), 0, 1, "a", "6"), nil},
	}
	want := map[string]string{"count/cell1": "3", "count/cell1 a": "4", "count/cell2": "1", "count/cell2 a": "5", "count/cell3": "0", "count/cell3 a": "6"}
	for range 2 {
		for i, st := range steps {
			if err := commit(s, st.record)[0]; !errors.Is(err, st.want) {
				t.Errorf("step %d: %v, want %v", i, err, st.want)
			}
		}
		if diff := cmp.Diff(want, mustContent(t, s)); diff != "" {
			t.Error(diff)
		}
		// What is known is in the store: a new process judges the same.
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, &Options{fs: fs})
		for i := range steps {
			if r := steps[i].record; r.Unit == unit(1) && r.Epoch < 3 {
				steps[i].want = sfaas.ErrStaleEpoch
			}
		}
		steps[5].want = ErrOrder
		steps[5].record.Seq = 3
		steps[10].record.Seq = 3
	}
}

// goroutines checks that a test leaves no goroutine behind.
func goroutines(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	})
}

func TestStoreClose(t *testing.T) {
	goroutines(t)
	s := open(t, &Options{fs: vfs.NewMem()})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Add(1)
		s.Commit(set(unit(1), 1, uint64(i)+1, "a", fmt.Sprint(i)), func(err error) {
			if err != nil {
				t.Errorf("record %d: %v", i, err)
			}
			wg.Done()
		})
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := commit(s, set(unit(1), 1, 101, "a", "late"))[0]; !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := content(s); !errors.Is(err, ErrClosed) {
		t.Errorf("Load after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func number(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// TestOptions opens stores with options that have no meaning.
func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"CacheBytes":   {CacheBytes: -1},
		"SyncInterval": {SyncInterval: -time.Second},
	} {
		var option *sfaas.OptionError
		if _, err := Open(t.TempDir(), &o); !errors.As(err, &option) || option.Option != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForeignFolder opens a folder that belongs to somebody else.
func TestForeignFolder(t *testing.T) {
	for _, c := range []struct {
		name, dir string
		want      any
	}{
		{name: "notes.txt", want: new(*sfaas.OptionError)},
		{name: "000007.sst", want: new(*DamagedError)},
		{dir: "lost+found"},
	} {
		mem := vfs.NewMem()
		if err := mem.MkdirAll(mem.PathJoin(folder, c.dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if c.name != "" {
			f, err := mem.Create(mem.PathJoin(folder, c.name), vfs.WriteCategoryUnspecified)
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
		s, err := Open(folder, &Options{fs: mem})
		if err == nil {
			s.Close()
		}
		if (c.want == nil) != (err == nil) || (c.want != nil && !errors.As(err, c.want)) {
			t.Errorf("%s%s: %v", c.name, c.dir, err)
		}
	}
}
