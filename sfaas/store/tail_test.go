// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/record"
)

// logOf writes records as Pebble's log does, one sync each, and returns the log with
// the position of each record.
func logOf(t testing.TB, sizes ...int) ([]byte, []int) {
	t.Helper()
	var out bytes.Buffer
	w := record.NewLogWriter(&out, 7, record.LogWriterConfig{
		WriteWALSyncOffsets: func() bool { return true },
	})
	random := rand.New(rand.NewPCG(uint64(len(sizes)), 3))
	var at []int
	for _, n := range sizes {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(random.Uint32())
		}
		at = append(at, int(w.Size()))
		if _, err := w.WriteRecord(p); err != nil {
			t.Fatal(err)
		}
	}
	size := w.Size()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()[:size], at
}

// TestTail flips every bit of small logs and some of large ones, and tears the last
// record in every way in which sectors can be missing.
func TestTail(t *testing.T) {
	for _, sizes := range [][]int{{1}, {0, 5, 40}, {300, 300}, {20_000, 30_000}, {32 << 10, 100_000}, {32749 - 19, 7, 8}, {32<<10 - 19 - 25, 40}} {
		log, at := logOf(t, sizes...)
		if err := checkTail("000007.log", log, 0); err != nil {
			t.Errorf("sizes=%v: as it was written: %v", sizes, err)
		}
		step := max(len(log)/60, 1)
		for i := 0; i < len(log); i += step {
			if rest := logBlock - i%logBlock; rest < chunkHead && bytes.Count(log[i:min(i+rest, len(log))], []byte{0}) == rest {
				continue // a block's empty end
			}
			for bit := range 8 {
				log[i] ^= 1 << bit
				if err := checkTail("000007.log", log, 0); err == nil {
					t.Errorf("sizes=%v: byte %d, bit %d: not found", sizes, i, bit)
				}
				log[i] ^= 1 << bit
			}
		}
		last := at[len(at)-1]
		random := rand.New(rand.NewPCG(1, uint64(len(log))))
		for range 200 {
			torn := bytes.Clone(log[:last+random.IntN(len(log)-last)])
			if random.IntN(2) == 0 {
				torn = bytes.Clone(log)
			}
			for sector := last / 512 * 512; sector < len(torn); sector += 512 {
				if random.IntN(2) == 0 {
					clear(torn[max(sector, last):min(sector+512, len(torn))])
				}
			}
			if err := checkTail("000007.log", torn, 0); err != nil {
				t.Errorf("sizes=%v: a torn record: %v", sizes, err)
			}
		}
	}
}

// FuzzTail feeds any bytes to what looks at the end of a log.
func FuzzTail(f *testing.F) {
	log, _ := logOf(f, 10, 200)
	f.Add(log, int64(0))
	f.Add([]byte{}, int64(10))
	f.Fuzz(func(t *testing.T, log []byte, claimed int64) {
		if claimed < 0 || claimed > int64(len(log)) {
			return
		}
		_ = checkTail("000007.log", log, claimed)
	})
}

// FuzzProof feeds any bytes to what reads a proof.
func FuzzProof(f *testing.F) {
	f.Add(appendSlot(appendSlot(nil, slotFormat, "", claim{size: proofFormat}), slotHolds, "000001.log", claim{10, 1}))
	f.Fuzz(func(t *testing.T, data []byte) {
		claims, err := readClaims(data)
		for name, c := range claims {
			if err == nil && (c.size < 0 || len(name) > slotBytes) {
				t.Errorf("%q: %+v", name, c)
			}
		}
	})
}

// FuzzKey feeds any bytes to what reads keys and marks; keys that are read are written
// the same.
func FuzzKey(f *testing.F) {
	f.Add(append(appendUnit(nil, unit(1)), recordSpace, 'a'), appendMark(nil, 1, 2))
	f.Fuzz(func(t *testing.T, key, mark []byte) {
		if u, space, rest, err := cutUnit(key); err == nil {
			again, s, r, err := cutUnit(append(append(appendUnit(nil, u), space), rest...))
			if err != nil || again != u || s != space || !bytes.Equal(r, rest) {
				t.Errorf("%x: %v %d %x", key, u, space, rest)
			}
		}
		if epoch, seq, _, err := cutMark(mark); err == nil {
			if e, s, _, err := cutMark(appendMark(nil, epoch, seq)); err != nil || e != epoch || s != seq {
				t.Errorf("%x: %d %d", mark, epoch, seq)
			}
		}
	})
}
