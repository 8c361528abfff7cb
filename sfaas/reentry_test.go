// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// unowned is a runtime of a counting app that owns nothing, and a unit of it.
func unowned(t *testing.T) (rt *sfaas.Runtime, u sfaas.Unit, in sfaas.Input[number]) {
	app, in, _ := counting(t, sfaas.Volatile)
	rt = start(t, app, sfaas.WithNode(1), sfaas.WithDefaultOwner(9), sfaas.WithBlockLimit(100*time.Millisecond))
	return rt, sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, 1)}, in
}

// soon fails the test if f does not return.
func soon(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: it hangs", what)
	}
}

// Who watches routes looks at them, pushes, and stops watching, while it is told.
func TestWatcherUsesTheRuntime(t *testing.T) {
	rt, u, in := unowned(t)
	told := make(chan sfaas.Route, 8)
	var stop func()
	stop = rt.WatchRoutes(func(sfaas.Route) {
		r, err := rt.Route(u)
		if err != nil || len(rt.Routes()) != 1 {
			t.Errorf("routes %v, error %v", rt.Routes(), err)
		}
		if err := in.PushValue(rt, u.Root, 1, &number{1}); err != nil {
			t.Error(err)
		}
		stop()
		told <- r
	})
	soon(t, "a watcher that looks", func() {
		for epoch := range uint32(2) {
			if err := rt.Claim(u, epoch+5); err != nil {
				t.Error(err)
			}
		}
	})
	if len(told) != 1 {
		t.Fatalf("told %d times, want once: it has stopped watching", len(told))
	}
	if r, want := <-told, (sfaas.Route{Unit: u, Owner: 1, Epoch: 5}); r != want {
		t.Errorf("it saw %v, want %v", r, want)
	}
}

// A watcher that closes its runtime waits for itself: the error says so, and the runtime ends
// once it has returned.
func TestCloseByAWatcher(t *testing.T) {
	rt, u, _ := unowned(t)
	closed := make(chan error, 1)
	rt.WatchRoutes(func(sfaas.Route) { closed <- rt.Close() })
	soon(t, "Close by a watcher", func() {
		if err := rt.Claim(u, 5); err != nil && !errors.Is(err, sfaas.ErrClosed) {
			t.Error(err)
		}
		var bad *sfaas.OptionError
		if err := <-closed; !errors.As(err, &bad) || bad.Option != "Close" {
			t.Errorf("got %v, want an OptionError", err)
		}
		if err := rt.Close(); err != nil {
			t.Errorf("once it has returned: %v", err)
		}
	})
}

// A second Close returns when the first one has closed everything, and not before.
func TestCloseWaitsForClose(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error {
		close(begun)
		<-release
		return nil
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("slow")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	rt := start(t, build(t, g))
	if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), 1, &number{}); err != nil {
		t.Fatal(err)
	}
	<-begun
	first := make(chan struct{})
	go func() { rt.Close(); close(first) }()
	within(t, 5*time.Second, "the first Close has begun", func() bool {
		return errors.Is(rt.Snapshot(context.Background(), io.Discard), sfaas.ErrClosed) || errors.Is(in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), 2, &number{}), sfaas.ErrClosed)
	})
	time.AfterFunc(50*time.Millisecond, func() { close(release) })
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-release:
	default:
		t.Error("the second Close has returned while a handler runs")
	}
}
