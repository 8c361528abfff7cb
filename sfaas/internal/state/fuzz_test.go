// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/state"
)

// FuzzRead lets no bytes panic or hang, and lets no core change that refuses them.
// What is read can be written, and what has been written so can be read.
func FuzzRead(f *testing.F) {
	f.Add(open(filled(f)))
	old, err := os.ReadFile("testdata/version3.snapshot")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(open(old))
	f.Add([]byte("NRSNAP\x03\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x := newGallery(t)
		if err := x.restore(closed(data)); err != nil {
			if !errors.Is(err, sfaas.ErrSnapshot) {
				t.Error(err)
			}
			if err := x.cores.Unused(); err != nil {
				t.Errorf("refused, and yet: %v", err)
			}
			return
		}
		again := x.snapshot()
		if err := newGallery(t, sfaas.WithWorkers(3)).restore(again); err != nil {
			t.Error(err)
		}
	})
}

// FuzzOpen lets no bytes panic or hang who opens a snapshot without a runtime, and reads
// all cells of it. What can be restored can be opened.
func FuzzOpen(f *testing.F) {
	f.Add(open(filled(f)))
	f.Add([]byte("NRSNAP\x03\x00"))
	x := newGallery(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := state.Open(bytes.NewReader(closed(data)))
		if err != nil {
			if !errors.Is(err, sfaas.ErrSnapshot) {
				t.Error(err)
			}
			if newGallery(t).restore(closed(data)) == nil {
				t.Errorf("can be restored, and not opened: %v", err)
			}
			return
		}
		for _, n := range x.app.Plan().Nodes {
			for key := range o.Cells[n.Fn.Name] {
				at := base.Address{Function: n.Fn.Name, Key: key}
				if _, err := o.Copy(at, n.Fn.Cells, mask{}); err != nil && !errors.Is(err, sfaas.ErrSnapshot) {
					t.Error(err)
				}
			}
		}
	})
}

// open takes the checksum from a snapshot, closed gives it one that is right.
func open(data []byte) []byte { return data[:max(0, len(data)-13)] }

func closed(data []byte) []byte {
	sum := xxhash.Sum64(data)
	data = binary.LittleEndian.AppendUint32(append(data[:len(data):len(data)], 0), 8)
	return binary.LittleEndian.AppendUint64(data, sum)
}
