// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/isolate"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// number travels between the parent and its sandbox.
type number struct{ X uint64 }

// counter is a program of two parts: the parent's passes numbers on, the sandbox's adds
// them up.
type counter struct {
	app *sfaas.App
	in  sfaas.Input[number]
	out sfaas.Output[number]
}

func newCounter() (*counter, error) {
	x := &counter{}
	pass := sfaas.Define("pass", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	sum := sfaas.NewValue[uint64]("sum", sfaas.Volatile)
	count := sfaas.Define("count", func(c *sfaas.Ctx, out, in *number) error {
		s := sum.Mut(c)
		*s += in.X
		out.X = *s
		return nil
	}, sfaas.FunctionConfig{}, sum)
	show := sfaas.Define("show", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("counter")
	x.in = sfaas.Source[number](g, "in")
	counted := sfaas.Apply(sfaas.Apply(x.in, pass).Cut("there"), count).Cut("back")
	x.out = sfaas.Sink(sfaas.Apply(counted, show), "sums")
	var err error
	x.app, err = g.Build()
	return x, err
}

// runtime runs it as a node: 1 is the parent, 2 the sandbox.
func (x *counter) runtime(node sfaas.NodeID, opts ...sfaas.Option) (*sfaas.Runtime, error) {
	return sfaas.NewRuntime(x.app, append(opts, sfaas.WithNode(node), sfaas.WithDefaultOwner(1), sfaas.WithDefaultOwner(2, "count"),
		sfaas.WithWorkers(1), sfaas.WithMode(sfaas.Replay))...)
}

// countNode is the entry that runs the sandbox's part.
func countNode(ctx context.Context, link net.Conn, _ []string) error {
	x, err := newCounter()
	if err != nil {
		return err
	}
	rt, err := x.runtime(2)
	if err != nil {
		return err
	}
	defer rt.Close()
	var used atomic.Bool
	node, err := peer.New(rt, peer.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
		if used.Swap(true) {
			return nil, errors.New("the parent has gone")
		}
		return link, nil
	}})
	if err != nil {
		return err
	}
	defer node.Close()
	if _, err := node.Dial(ctx, "unix", "parent"); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// TestFunctions runs a part of a graph in a sandbox: its functions are linked to those of
// the parent.
func TestFunctions(t *testing.T) {
	x, err := newCounter()
	if err != nil {
		t.Fatal(err)
	}
	var last atomic.Uint64
	rt, err := x.runtime(1, sfaas.WithOutput(x.out, func(_ sfaas.Header, n *number) { last.Store(n.X) }))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	node, err := peer.New(rt, peer.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	box := start(t, isolate.Config{Entry: "count"})
	if err := node.Accept("unix", box.Link()); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); !node.Connected(2); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatal("not connected")
		}
	}
	key := sfaas.NewKey(sfaas.KindCell, 7)
	for n := range uint64(100) {
		if err := x.in.PushValue(rt, key, sfaas.Slot(n), &number{n + 1}); err != nil {
			t.Fatal(err)
		}
	}
	for begin := time.Now(); last.Load() != 5050; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("the sandbox has counted to %d, want 5050", last.Load())
		}
	}
}
