// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// afterFinish is what handlers of a filled gallery note when what they wait for
// comes, wherever they go on.
var afterFinish = map[string]uint64{
	"delayed cell3": 3, "delayed cell4": 40, "delayed cell6": 2,
	"distant cell8": 11, "far cell1": 6031, "far cell10": 1, "far cell2": 1009,
	"gated cell1": 4028, "gated cell10": 1, "gated cell2": 1009, "gated cell9": 79,
	"pair cell3": 90, "pair cell4": 160, "reply cell3": 35, "reply cell4": 39, "reply cell6": 5,
	"spread cell5/ue2": 602, "spread cell7/ue1": 801, "tick cell3": 3, "tick cell4": 40, "tick cell6": 2,
}

// filled returns a snapshot of a gallery in which something waits at every place.
func filled(t testing.TB) []byte {
	t.Helper()
	x := newGallery(t, sfaas.WithDefaultOwner(2, "far", "distant"))
	x.fill()
	return x.snapshot()
}

func (x *gallery) snapshot() []byte {
	x.t.Helper()
	b, err := state.AppendSnapshot(nil, x.now, x.cores.List)
	if err != nil {
		x.t.Fatal(err)
	}
	return b
}

func (x *gallery) restore(data []byte) error {
	return state.Restore(x.cores, bytes.NewReader(data), x.now, func(i int, eff []core.Effect) { x.carryOut(i, eff) })
}

// TestRestore goes on from snapshots, one of which was written before there was this
// package, by commit be789c3. A file of a version is not made anew: when the version
// rises, one more joins it.
func TestRestore(t *testing.T) {
	old, err := os.ReadFile("testdata/version3.snapshot")
	if err != nil {
		t.Fatal(err)
	}
	before := maps.Clone(afterFinish)
	delete(before, "tick cell6") // there were no further ports
	for name, data := range map[string][]byte{"version=3": old, "version=now": filled(t)} {
		for _, workers := range []int{1, 2, 3} {
			x := newGallery(t, sfaas.WithWorkers(workers))
			if err := x.restore(data); err != nil {
				t.Fatalf("%s, %d workers: %v", name, workers, err)
			}
			x.finish()
			want := afterFinish
			if name == "version=3" {
				want = before
			}
			if d := cmp.Diff(want, x.out); d != "" {
				t.Errorf("%s, %d workers: -want +got\n%s", name, workers, d)
			}
		}
	}
}

// TestRecords looks whether the snapshot with which the others test has a record of
// every kind, but for that of numbers of forgotten keys.
func TestRecords(t *testing.T) {
	kinds := map[byte]int{}
	data := filled(t)
	for at := 8; at < len(data); {
		kinds[data[at]]++
		at += 5 + int(binary.LittleEndian.Uint32(data[at+1:]))
	}
	for kind := range byte(16) {
		if kinds[kind] == 0 {
			t.Errorf("no record of kind %d", kind)
		}
	}
}
