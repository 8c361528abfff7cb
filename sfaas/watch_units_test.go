// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"sync/atomic"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestWatchUnits lets a handler look at what has been told of its unit when it begins: all that it
// has done in slots before, however fast they follow each other.
func TestWatchUnits(t *testing.T) {
	var told, behind atomic.Uint64
	done := uint64(0) // of the one worker
	count := sfaas.Define("count", func(c *sfaas.Ctx, out, in *number) error {
		if before := uint64(c.Slot()-1) * 3; told.Load() < before {
			behind.Add(1)
		}
		done++
		*out = *in
		return nil
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("watched")
	in := sfaas.Source[number](g, "in")
	sfaas.Sink(sfaas.Apply(in, count), "out")
	app := build(t, g)
	rt := start(t, app, sfaas.WithNode(7), sfaas.WithWorkers(1), sfaas.WithMode(sfaas.Replay))
	last := sfaas.UnitStats{}
	rt.WatchUnits(func(rows []sfaas.UnitStats) {
		for i := range rows {
			if r := &rows[i]; r.Unit.Part == "count" {
				if r.Invocations < last.Invocations || r.Slots < last.Slots || r.Node != 7 || !r.Owned {
					t.Errorf("%+v after %+v", r, last)
				}
				last = sfaas.UnitStats{Meter: r.Meter, Slots: r.Slots}
				told.Store(r.Invocations)
			}
		}
	})
	key := sfaas.NewKey(sfaas.KindCell, 1)
	const slots = 200
	for slot := range sfaas.Slot(slots) {
		for range 3 {
			if err := in.PushValue(rt, key, slot+1, &number{1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	drain(t, rt)
	rt.Stats()
	if told.Load() != done || done != 3*slots || behind.Load() > 0 {
		t.Errorf("%d done, %d told, %d handlers began before what was before was told", done, told.Load(), behind.Load())
	}
}
