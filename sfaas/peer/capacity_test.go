// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// TestCapacity lets an AtMostOnce edge with a capacity lead to another process, on a
// connection that stands still and to a handler that does: at neither end more waits than
// the capacity. Every message is refused, dropped and counted, or taken.
func TestCapacity(t *testing.T) {
	for drop, name := range map[sfaas.Drop]string{sfaas.DropNone: "none", sfaas.DropNewest: "newest"} {
		t.Run("drop="+name, func(t *testing.T) { testCapacity(t, drop) })
	}
}

func testCapacity(t *testing.T, drop sfaas.Drop) {
	const room = 8
	leavesNothing(t)
	gate := make(chan struct{})
	var taken, most atomic.Int64
	take := sfaas.Define("take", func(_ *sfaas.Ctx, _ *sfaas.None, in *number) error {
		<-gate
		taken.Add(1)
		return nil
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("capacity")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(sfaas.EdgeConfig{Messages: room, Drop: drop}), take)
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	start := func(node sfaas.NodeID) *sfaas.Runtime {
		rt, err := sfaas.NewRuntime(app, sfaas.WithNode(node), sfaas.WithDefaultOwner(2), sfaas.WithWorkers(1),
			sfaas.WithMode(sfaas.Replay), sfaas.WithLogger(quiet), sfaas.WithBlockLimit(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rt.Close() })
		return rt
	}
	a, b := start(1), start(2)
	na, nb := newNode(t, a, peer.Config{}), newNode(t, b, peer.Config{})
	path := filepath.Join(t.TempDir(), "s")
	if _, err := nb.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	c, through := newCutter(t, path)
	dial(t, na, "unix", through)

	// The connection stands still.
	c.slow.Store(true)
	pushed, slot := int64(0), sfaas.Slot(0)
	try := func(n int) {
		for range n {
			slot++
			switch err := in.PushValue(a, sfaas.NewKey(sfaas.KindCell, 1), slot, &number{}); {
			case err == nil:
				pushed++
			case !errors.Is(err, sfaas.ErrBusy):
				t.Fatal(err)
			}
			time.Sleep(50 * time.Microsecond) // so that the worker takes it in
		}
	}
	dropped := func() (n int64) {
		for _, rt := range []*sfaas.Runtime{a, b} {
			for _, s := range rt.Stats() {
				n += int64(s.Dropped)
			}
		}
		return n
	}
	try(10 * room)
	switch {
	case drop == sfaas.DropNone && pushed > room+1:
		t.Errorf("%v: %d messages were accepted for a connection that stands still, want %d", drop, pushed, room)
	case drop != sfaas.DropNone && (pushed != 10*room || pushed-dropped() > room+1):
		t.Errorf("%v: %d messages were accepted and %d dropped, want %d and all but %d", drop, pushed, dropped(), 10*room, room)
	}

	// The handler does.
	c.slow.Store(false)
	eventually(t, "the connection has room again", func() bool {
		before := pushed
		try(1)
		return pushed > before
	})
	for range 20 {
		try(room)
		time.Sleep(2 * time.Millisecond)
		for _, u := range b.Units(nil) {
			most.Store(max(most.Load(), int64(u.Queued)))
		}
	}
	close(gate)
	eventually(t, "every message is taken or counted", func() bool { return taken.Load()+dropped() == pushed })
	if most.Load() > room {
		t.Errorf("%v: %d messages waited at their consumer, want %d", drop, most.Load(), room)
	}
	if taken.Load() < room {
		t.Errorf("%v: only %d messages were taken", drop, taken.Load())
	}
}
