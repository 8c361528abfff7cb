// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// onLent reports whether the caller runs on a goroutine that is lent.
func onLent() bool {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, ".Lend") {
			return true
		}
		if !more {
			return false
		}
	}
}

// TestLent lets handlers run on the goroutine that reads from a connection, and lets
// them end it, panic on it and block it: messages go on coming.
func TestLent(t *testing.T) {
	leavesNothing(t)
	const exits, panics, blocks = 1, 2, 3
	var lent, taken atomic.Int64
	var lost [4]atomic.Int64 // on lent goroutines, by how
	free := make(chan struct{})
	take := sfaas.Define("take", func(_ *sfaas.Ctx, _ *sfaas.None, in *number) error {
		if onLent() {
			lent.Add(1)
			if in.X <= blocks {
				lost[in.X].Add(1)
			}
		}
		taken.Add(1)
		switch in.X {
		case exits:
			runtime.Goexit()
		case panics:
			panic("meant")
		case blocks:
			<-free
		}
		return nil
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("lent")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce, Retries: -1}), take)
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	start := func(node sfaas.NodeID) *sfaas.Runtime {
		rt, err := sfaas.NewRuntime(app, sfaas.WithNode(node), sfaas.WithDefaultOwner(2), sfaas.WithWorkers(1),
			sfaas.WithMode(sfaas.Replay), sfaas.WithLogger(quiet), sfaas.WithBlockLimit(100*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rt.Close() })
		return rt
	}
	a, b := start(1), start(2)
	connect(t, newNode(t, a, peer.Config{}), newNode(t, b, peer.Config{}))
	t.Cleanup(func() { close(free) })
	sent := int64(0)
	send := func(x uint64) {
		sent++
		push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(sent), x)
		eventually(t, "a message is taken", func() bool { return taken.Load() == sent })
	}
	for _, how := range []uint64{exits, panics, blocks} {
		for try := 0; lost[how].Load() == 0; try++ {
			if try == 3000 {
				t.Fatalf("%d: no goroutine was lent", how)
			}
			before := lent.Load()
			if send(100); lent.Load() > before { // so the next one is likely to be, too
				send(how)
			}
		}
		before := lent.Load()
		for range 50 {
			send(100)
		}
		if lent.Load() == before {
			t.Errorf("%d: no goroutine was lent afterwards", how)
		}
	}
}

// TestLostWhileLent cuts a connection while its reader is in a handler: the loss is known,
// and the connection made again, before the handler comes back.
func TestLostWhileLent(t *testing.T) {
	leavesNothing(t)
	gate, inside := make(chan struct{}), make(chan struct{}, 1)
	var lent, taken atomic.Int64
	take := sfaas.Define("take", func(_ *sfaas.Ctx, _ *sfaas.None, in *number) error {
		if taken.Add(1); !onLent() {
			return nil
		}
		if lent.Add(1); in.X == 1 {
			inside <- struct{}{}
			<-gate
		}
		return nil
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("lent")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(exactly), take)
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
	var ups, lost atomic.Int64
	na := newNode(t, a, peer.Config{Backoff: time.Millisecond})
	nb := newNode(t, b, peer.Config{OnEvent: func(e peer.Event) {
		switch e.Kind {
		case peer.Up:
			ups.Add(1)
		case peer.Lost:
			lost.Add(1)
		}
	}})
	path := filepath.Join(t.TempDir(), "s")
	if _, err := nb.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	c, through := newCutter(t, path)
	dial(t, na, "unix", through)
	sent := int64(0)
	send := func(x uint64) {
		sent++
		push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(sent), x)
	}
	for blocked := false; !blocked; {
		before := lent.Load()
		send(0)
		eventually(t, "a message is taken", func() bool { return taken.Load() == sent })
		if lent.Load() == before {
			continue
		}
		send(1)
		eventually(t, "a message is taken", func() bool { return taken.Load() == sent })
		select {
		case <-inside:
			blocked = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	up := ups.Load()
	c.cut()
	eventually(t, "the loss is known and mended", func() bool { return lost.Load() > 0 && ups.Load() > up })
	close(gate)
	for range 20 {
		send(0)
	}
	eventually(t, "all messages are taken", func() bool { return taken.Load() == sent })
}
