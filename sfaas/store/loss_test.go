// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestLoss cuts and removes every file of a store. Either it makes no difference, or
// it is reported.
func TestLoss(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := open(t, &Options{fs: mem, memTable: 64 << 10})
	c := newCounter(4, 200)
	if err := errors.Join(c.run(s, 190)...); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all := vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))}
	names, err := mem.List(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for _, part := range []int64{-1, 0, 30, 50, 99} {
			fs := mem.CrashClone(all)
			cut(t, fs, folder+"/"+name, part)
			s, err := Open(folder, &Options{fs: fs})
			var found []uint64
			if err == nil {
				found, err = c.read(s)
				s.Close()
			}
			switch {
			case errors.Is(err, ErrDamaged):
			case err != nil:
				t.Errorf("%s cut to %d %%: %v", name, part, err)
			case !slices.Equal(found, c.known()):
				t.Errorf("%s cut to %d %%: counted %d, acknowledged were %d", name, part, found, c.known())
			}
		}
	}
}

// cut leaves a part of a file in percent, or, below 0, not even its name.
func cut(t *testing.T, fs *vfs.MemFS, name string, part int64) {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close(), fs.Remove(name)); err != nil {
		t.Fatal(err)
	}
	if part < 0 {
		return
	}
	if f, err = fs.Create(name, vfs.WriteCategoryUnspecified); err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(data[:int64(len(data))*part/100])
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}
