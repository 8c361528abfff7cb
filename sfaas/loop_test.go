// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// loop is a graph in which a filter hears, through a setting, what came of its
// outputs: sum ──▶ tell ──▶ sink, and tell closes the loop.
type loop struct {
	app *sfaas.App
	in  sfaas.Input[number]
	out sfaas.Output[number]
}

func newLoop(t *testing.T) *loop {
	t.Helper()
	sum := sfaas.NewValue[uint64]("sum", sfaas.Volatile, sfaas.TTL(time.Second))
	add := sfaas.Define("add", func(c *sfaas.Ctx, out, in *number) error {
		s, _ := sum.Get(c)
		out.X = in.X + s
		return nil
	}, sfaas.FunctionConfig{}, sum)
	heard := sfaas.OnSetting(add, func(c *sfaas.Ctx, in *number) error { sum.Set(c, in.X); return nil })
	tell := sfaas.Define("tell", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("loop")
	x := &loop{in: sfaas.Source[number](g, "in")}
	told := sfaas.Apply(sfaas.Apply(x.in, add), tell)
	sfaas.Control(told, heard)
	x.out = sfaas.Sink(told, "out")
	x.app = build(t, g)
	return x
}

// TestLoopThroughSetting sums up: what comes of a slot is known in the next one,
// also if all slots are there before the first one is done.
func TestLoopThroughSetting(t *testing.T) {
	x := newLoop(t)
	var mu sync.Mutex
	got := map[sfaas.Slot]uint64{}
	rt := start(t, x.app, sfaas.WithOutput(x.out, func(h sfaas.Header, n *number) { mu.Lock(); got[h.Slot] = n.X; mu.Unlock() }))
	const slots = 50
	for s := range sfaas.Slot(slots) {
		push(t, x.in, rt, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 1), s, uint64(s))
	}
	drain(t, rt)
	for s := range uint64(slots) {
		if want := s * (s + 1) / 2; got[sfaas.Slot(s)] != want {
			t.Fatalf("slot %d: got %d, want %d", s, got[sfaas.Slot(s)], want)
		}
	}
}

// TestLoopLeavesNothing lets users come and go whose last setting no data follows:
// it is applied all the same, and what is kept does not grow with those who left.
func TestLoopLeavesNothing(t *testing.T) {
	x := newLoop(t)
	var now atomic.Int64
	now.Store(1)
	rt := start(t, x.app, sfaas.WithIdleKeys(time.Second), sfaas.WithClock(func() sfaas.Time { return sfaas.Time(now.Load()) }))
	var size [3]int
	for u := range uint64(900) {
		push(t, x.in, rt, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, u), sfaas.Slot(u), 1)
		drain(t, rt)
		now.Add(int64(100 * time.Millisecond))
		if u%300 == 299 {
			size[u/300] = len(snapshotOf(t, rt))
		}
	}
	if size[2] > 2*size[0] {
		t.Errorf("snapshots of %d bytes after 300, 600 and 900 users", size)
	}
}
