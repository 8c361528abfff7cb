// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

type number struct{ X uint64 }

var (
	quiet   = slog.New(slog.NewTextHandler(io.Discard, nil))
	exactly = sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
)

// relay is a program of two parts: "pass" hands numbers over a cut to "count", which
// adds them up. Both are called, too.
type relay struct {
	app *sfaas.App
	in  sfaas.Input[number]
	out sfaas.Output[number]
	ask sfaas.Callee[number, number]

	mu   sync.Mutex
	last map[sfaas.Key]uint64 // sums that have come out
}

func newRelay(t testing.TB) *relay {
	t.Helper()
	x := &relay{last: map[sfaas.Key]uint64{}}
	pass := sfaas.Define("pass", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	sum := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	count := sfaas.Define("count", func(c *sfaas.Ctx, out, in *number) error {
		s := sum.Mut(c)
		*s += in.X
		out.X = *s
		return nil
	}, sfaas.FunctionConfig{}, sum)
	g := sfaas.NewGraph("relay")
	x.in = sfaas.Source[number](g, "in")
	x.out = sfaas.Sink(sfaas.Apply(sfaas.Apply(x.in.With(exactly), pass).With(exactly).Cut("line"), count).With(exactly), "sums")
	x.ask = sfaas.CallRef[number, number]("count")
	var err error
	if x.app, err = g.Build(); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *relay) hears() sfaas.Option {
	return sfaas.WithOutput(x.out, func(h sfaas.Header, n *number) {
		x.mu.Lock()
		x.last[h.Key] = n.X
		x.mu.Unlock()
	})
}

func (x *relay) total() (n uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.last {
		n += s
	}
	return n
}

// start runs the program as a node: 1 owns "pass", 2 owns the rest.
func (x *relay) start(t testing.TB, node sfaas.NodeID, opts ...sfaas.Option) *sfaas.Runtime {
	t.Helper()
	opts = append([]sfaas.Option{
		sfaas.WithNode(node), sfaas.WithDefaultOwner(2), sfaas.WithDefaultOwner(1, "pass"), sfaas.WithWorkers(1),
		sfaas.WithMode(sfaas.Replay), sfaas.WithLogger(quiet), x.hears(),
	}, opts...)
	rt, err := sfaas.NewRuntime(x.app, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	return rt
}

func newNode(t testing.TB, rt *sfaas.Runtime, cfg peer.Config) *peer.Node {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = quiet
	}
	n, err := peer.New(rt, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// connect lets b dial a over a Unix socket.
func connect(t testing.TB, a, b *peer.Node) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	if _, err := a.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	dial(t, b, "unix", path)
	return path
}

func dial(t testing.TB, n *peer.Node, network, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := n.Dial(ctx, network, address); err != nil {
		t.Fatal(err)
	}
}

// push pushes a number, again while the source is refused.
func push(t testing.TB, in sfaas.Input[number], h sfaas.Host, key sfaas.Key, slot sfaas.Slot, x uint64) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(50 * time.Microsecond) {
		switch err := in.PushValue(h, key, slot, &number{x}); {
		case err == nil:
			return
		case !errors.Is(err, sfaas.ErrBusy):
			t.Fatal(err)
		case time.Since(begin) > 60*time.Second:
			t.Fatal("the source is refused for ever")
		}
	}
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 60*time.Second {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// leavesNothing fails the test if goroutines of the package, or of a runtime, are left
// when it ends. It is called first.
func leavesNothing(t testing.TB) {
	t.Helper()
	testvec.LeavesNothing(t, "sfaas/peer.(", "internal/live.(")
}
