// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
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
