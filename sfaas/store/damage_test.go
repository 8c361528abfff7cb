// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// flip returns a copy of a file system in which one bit of a file is another one.
func flip(t *testing.T, mem *vfs.MemFS, name string, at int64, bit int) *vfs.MemFS {
	t.Helper()
	clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	f, err := clone.OpenReadWrite(folder+"/"+name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	b[0] ^= 1 << bit
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
	return clone
}

// TestDamage flips one bit of any file that a store has left, when it was closed, when
// its process was killed, and when the operating system crashed just after the last
// acknowledgement. Either it makes no difference, or it is reported; nothing wrong is
// served, and nothing that was acknowledged vanishes.
func TestDamage(t *testing.T) {
	for _, how := range []string{"closed", "killed", "crashed"} {
		t.Run(how, func(t *testing.T) {
			mem := vfs.NewCrashableMem()
			s := open(t, &Options{fs: mem, memTable: 64 << 10})
			c := newCounter(4, 200)
			if err := errors.Join(c.run(s, 190)...); err != nil {
				t.Fatal(err)
			}
			kept := 100
			switch how {
			case "closed":
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			case "crashed":
				kept = 0
			}
			left := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: rand.New(rand.NewPCG(1, 1))})
			s.Close()
			names, err := left.List(folder)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(names)
			for _, name := range names {
				info, err := left.Stat(folder + "/" + name)
				if err != nil {
					t.Fatal(err)
				}
				flips, reported := damaged(t, left, c, name, info.Size())
				t.Logf("%s: %d bytes, %d flips, %d reported", name, info.Size(), flips, reported)
			}
		})
	}
}

// damaged flips bits of one file, at its ends and in between.
func damaged(t *testing.T, left *vfs.MemFS, c *counter, name string, size int64) (flips, reported int) {
	step := max(size/40, 1)
	if os.Getenv("NEURORAN_LONG") != "" {
		step = max(size/2000, 1)
	}
	for at := int64(0); at < size; at++ {
		if at >= 24 && at < size-24 && at%step != 0 {
			continue
		}
		flips++
		bit := int(at*7+at/8) % 8
		s, err := Open(folder, &Options{fs: flip(t, left, name, at, bit)})
		var found []uint64
		if err == nil {
			found, err = c.read(s)
			s.Close()
		}
		switch {
		case errors.Is(err, ErrDamaged):
			reported++
		case err != nil:
			t.Errorf("%s, byte %d of %d, bit %d: %v", name, at, size, bit, err)
		case !slices.Equal(found, c.known()):
			t.Errorf("%s, byte %d of %d, bit %d: counted %d, acknowledged were %d", name, at, size, bit, found, c.known())
		}
	}
	return flips, reported
}
