// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"sync"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// counter is a workload: units whose records count up. Every record sets two keys, so
// that half of one shows, and has a value as long as one pleases.
type counter struct {
	units   int
	padding int

	mu    sync.Mutex
	acked []uint64 // by unit: last number that was acknowledged
}

func newCounter(units, padding int) *counter {
	return &counter{units: units, padding: padding, acked: make([]uint64, units)}
}

// record makes the next record of a unit.
func (c *counter) record(u int, seq uint64) *sfaas.Record {
	value := append(number(seq), make([]byte, c.padding)...)
	for i := range c.padding {
		value[8+i] = byte(uint64(i)*seq + uint64(u)) // that does not compress to nothing
	}
	return &sfaas.Record{Unit: unit(uint64(u)), Epoch: 1, Seq: seq, Writes: []sfaas.Write{
		{Key: []byte("a"), Value: value}, {Key: append([]byte("log"), number(seq%64)...), Value: value}, {Key: []byte("z"), Value: number(seq)},
	}}
}

// known returns what was acknowledged until now.
func (c *counter) known() []uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]uint64(nil), c.acked...)
}

// run commits rounds of records, one per unit and round, and returns the first error
// of each unit.
func (c *counter) run(s *Store, rounds int) []error {
	errs := make([]error, c.units)
	var wg sync.WaitGroup
	for u := range c.units {
		wg.Go(func() {
			for range rounds {
				next := c.known()[u] + 1
				if errs[u] = commit(s, c.record(u, next))[0]; errs[u] != nil {
					return
				}
				c.mu.Lock()
				c.acked[u] = next
				c.mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errs
}

// check compares a store with what was acknowledged: nothing of that is missing, and
// at most the one record that was under way is there beyond it, as a whole. It returns
// what it found.
func (c *counter) check(t testing.TB, s *Store, acked []uint64) []uint64 {
	t.Helper()
	found, err := c.read(s)
	if err != nil {
		t.Fatal(err)
	}
	for u := range found {
		if found[u] != acked[u] && found[u] != acked[u]+1 {
			t.Errorf("unit %d has counted %d, acknowledged were %d", u, found[u], acked[u])
		}
	}
	return found
}

// read returns the count of every unit, and an error if a record is there by half.
func (c *counter) read(s *Store) ([]uint64, error) {
	var a, z = make([]uint64, c.units), make([]uint64, c.units)
	logs := make([]map[uint64]bool, c.units)
	err := s.Load(func(u sfaas.Unit, _ uint32, rows iter.Seq2[[]byte, []byte]) error {
		id, _ := u.Root.ID(sfaas.KindCell)
		logs[id] = map[uint64]bool{}
		for key, value := range rows {
			n := binary.BigEndian.Uint64(value)
			switch key[0] {
			case 'a':
				a[id] = n
			case 'z':
				z[id] = n
			default:
				logs[id][n] = true
				if k := binary.BigEndian.Uint64(key[3:]); n%64 != k {
					return fmt.Errorf("unit %d has %d under %d", id, n, k)
				}
			}
			if want := c.record(int(id), n).Writes[0].Value; len(value) > 8 && !bytes.Equal(value, want) {
				return fmt.Errorf("unit %d, number %d: another value", id, n)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for u := range a {
		if a[u] != z[u] {
			return nil, fmt.Errorf("unit %d has half a record: %d and %d", u, a[u], z[u])
		}
		for n := a[u]; n > 0 && n+64 > a[u]; n-- {
			if !logs[u][n] {
				return nil, fmt.Errorf("unit %d at %d has lost %d", u, a[u], n)
			}
		}
	}
	return a, nil
}
