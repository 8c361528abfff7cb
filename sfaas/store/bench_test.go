// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/neuroran/neuroran/sfaas"
)

// dirty returns the records of a slot in which some cells have changed: each is a unit
// of its own, with a cell of 64 bytes and a mark of what it has processed.
func dirty(cells int, seq uint64) []*sfaas.Record {
	records := make([]*sfaas.Record, cells)
	for i := range records {
		value := make([]byte, 64)
		for k := range value {
			value[k] = byte(uint64(k*i) + seq)
		}
		records[i] = &sfaas.Record{Unit: unit(uint64(i)), Epoch: 1, Seq: seq, Writes: []sfaas.Write{
			{Key: []byte("cell/count/total"), Value: value}, {Key: []byte("mark/in/0000000000000000"), Value: number(seq)},
		}}
	}
	return records
}

// BenchmarkGroup commits the dirty cells of a slot: as raw bytes, as a bare batch of
// Pebble, and through the store. The three take turns, so that what else the machine
// does meets all of them; the medians are reported, and the store's by the batch's.
func BenchmarkGroup(b *testing.B) {
	for _, cells := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("cells=%d", cells), func(b *testing.B) { benchmarkGroup(b, cells) })
	}
}

func benchmarkGroup(b *testing.B, cells int) {
	dir := b.TempDir()
	s, err := Open(filepath.Join(dir, "store"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	o := s.pebbleOptions(s.opts.fs)
	bare, err := pebble.Open(filepath.Join(dir, "bare"), o)
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	raw, err := os.Create(filepath.Join(dir, "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()

	var times [3][]time.Duration
	var bytes []byte
	seq := uint64(0)
	for b.Loop() {
		seq++
		records := dirty(cells, seq)
		begin := time.Now()
		bytes = bareBatch(b, bare, records, bytes[:0])
		times[1] = append(times[1], time.Since(begin))

		begin = time.Now()
		if _, err := raw.Write(bytes); err != nil {
			b.Fatal(err)
		}
		if err := raw.Sync(); err != nil {
			b.Fatal(err)
		}
		times[0] = append(times[0], time.Since(begin))

		begin = time.Now()
		var wg sync.WaitGroup
		wg.Add(cells)
		for _, r := range records {
			s.Commit(r, func(err error) {
				if err != nil {
					b.Error(err)
				}
				wg.Done()
			})
		}
		wg.Wait()
		times[2] = append(times[2], time.Since(begin))
	}
	var tenth [3]float64
	for i, name := range []string{"raw-µs", "batch-µs", "store-µs"} {
		slices.Sort(times[i])
		tenth[i] = float64(times[i][len(times[i])/10].Nanoseconds()) / 1e3
		b.ReportMetric(tenth[i], name)
		b.ReportMetric(float64(times[i][len(times[i])/2].Nanoseconds())/1e3, name+"-median")
	}
	b.ReportMetric(tenth[2]/tenth[1], "store/batch")
	b.ReportMetric(float64(len(bytes)), "bytes")
	b.ReportMetric(0, "ns/op")
}

// bareBatch commits records as one batch of Pebble, without what the store adds, and
// appends its bytes to dst.
func bareBatch(b *testing.B, db *pebble.DB, records []*sfaas.Record, dst []byte) []byte {
	batch := db.NewBatch()
	defer batch.Close()
	var key []byte
	for _, r := range records {
		for _, w := range r.Writes {
			key = append(append(appendUnit(key[:0], r.Unit), recordSpace), w.Key...)
			if err := batch.Set(key, w.Value, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	dst = append(dst, batch.Repr()...)
	if err := batch.Commit(pebble.Sync); err != nil {
		b.Fatal(err)
	}
	return dst
}
