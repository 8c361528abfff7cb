// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestDeleteWhileRanging deletes every entry of a map while ranging over it: that
// works as with a map of Go, for each class. It is D22, after apache/flink#12366
// (map state behaves otherwise from backend to backend).
func TestDeleteWhileRanging(t *testing.T) {
	for _, class := range []sfaas.Class{sfaas.Replicated, sfaas.Volatile, sfaas.Sealed} {
		m := sfaas.NewMap[uint64, uint64]("m", class)
		var left atomic.Int64
		left.Store(-1)
		f := sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
			for i := range in.X {
				m.Set(c, i, i)
			}
			if in.X > 0 {
				return sfaas.ErrNoOutput
			}
			for k := range m.All(c) {
				m.Delete(c, k)
			}
			left.Store(int64(m.Len(c)))
			return sfaas.ErrNoOutput
		}, sfaas.FunctionConfig{}, m)
		g := sfaas.NewGraph("g")
		in := sfaas.Source[number](g, "in")
		sfaas.Apply(in, f)
		rt := start(t, build(t, g))
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 10)
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 2, 0)
		drain(t, rt)
		s := rt.Stats()[0]
		rt.Close()
		if left.Load() != 0 {
			t.Errorf("%v: %d entries left (-1: the handler did not get there), %d faults", class, left.Load(), s.Faults)
		}
	}
}

// TestDeletedEntriesAreLetGo deletes what a map holds: its memory goes. It is D32,
// after golang/go#20135 and patrickmn/go-cache#110 (the memory of a map that has
// shrunk).
func TestDeletedEntriesAreLetGo(t *testing.T) {
	for _, class := range []sfaas.Class{sfaas.Replicated, sfaas.Volatile, sfaas.Sealed} {
		m := sfaas.NewMap[uint64, [4096]byte]("m", class)
		const entries = 4000
		f := sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
			if in.X < entries {
				m.Mut(c, in.X)[0] = 1
			} else {
				m.Delete(c, in.X-entries)
			}
			return sfaas.ErrNoOutput
		}, sfaas.FunctionConfig{}, m)
		g := sfaas.NewGraph("g")
		in := sfaas.Source[number](g, "in")
		sfaas.Apply(in, f)
		rt := start(t, build(t, g))
		before := int64(heap())
		for i := range uint64(2 * entries) {
			push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), i)
		}
		drain(t, rt)
		if grown := int64(heap()) - before; grown > 2<<20 {
			t.Errorf("%v: %d KiB stay after the last of %d entries of 4 KiB was deleted", class, grown>>10, entries)
		}
		runtime.KeepAlive(rt)
		rt.Close()
	}
}
