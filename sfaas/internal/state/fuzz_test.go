// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas"
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

// open takes the checksum from a snapshot, closed gives it one that is right.
func open(data []byte) []byte { return data[:max(0, len(data)-13)] }

func closed(data []byte) []byte {
	sum := xxhash.Sum64(data)
	data = binary.LittleEndian.AppendUint32(append(data[:len(data):len(data)], 0), 8)
	return binary.LittleEndian.AppendUint64(data, sum)
}
