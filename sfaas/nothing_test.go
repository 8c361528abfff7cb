// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestNothingIsSaid passes nil, and numbers that cannot be, wherever something is to be
// said: each is an error that names the place, and none panics.
func TestNothingIsSaid(t *testing.T) {
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("nothing")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in, f), "out")
	app := build(t, g)
	rt, key := start(t, app), sfaas.NewKey(sfaas.KindCell, 1)
	made := func(o sfaas.Option) error {
		x, err := sfaas.NewRuntime(app, o)
		if err == nil {
			x.Close()
		}
		return err
	}
	group := func(n int) error {
		x, err := sfaas.NewThreadGroup(n, sfaas.Threads{})
		if err == nil {
			x.Close()
		}
		return err
	}
	for _, c := range []struct {
		option string
		err    error
	}{
		{"NewRuntime", made(nil)}, {"WithEngine", made(sfaas.WithEngine(nil))}, {"WithLogger", made(sfaas.WithLogger(nil))},
		{"WithSealer", made(sfaas.WithSealer(nil))}, {"WithClock", made(sfaas.WithClock(nil))}, {"WithMode", made(sfaas.WithMode(9))},
		{"WithCommitRetry", made(sfaas.WithCommitRetry(0))}, {"WithIdleKeys", made(sfaas.WithIdleKeys(-1))},
		{"WithDefaultOwner", made(sfaas.WithDefaultOwner(65535))}, {"WithDefaultOwner", made(sfaas.WithDefaultOwner(0, "f"))},
		{"WithOutput", made(sfaas.WithOutput(out, nil))}, {"WithOutput", made(sfaas.WithOutput(sfaas.Output[number]{}, func(sfaas.Header, *number) {}))},
		{"WithThreadGroup", made(sfaas.WithThreadGroup(nil))}, {"NewThreadGroup", group(0)}, {"NewThreadGroup", group(1 << 20)},
		{"NewRuntime", func() error { _, err := sfaas.NewRuntime(nil); return err }()}, {"Link", sfaas.Link(rt, nil)},
		{"Push", in.Push(rt, key, 1, nil)}, {"PushValue", in.PushValue(rt, key, 1, nil)}, {"OnThread", sfaas.OnThread(sfaas.Threads{}, nil)},
		{"Snapshot", rt.Snapshot(t.Context(), nil)}, {"Restore", rt.Restore(t.Context(), nil)},
	} {
		var bad *sfaas.OptionError
		if !errors.As(c.err, &bad) || bad.Option != c.option {
			t.Errorf("%s: %v, want an OptionError", c.option, c.err)
		}
	}
	if err := made(sfaas.WithNotices(nil)); err != nil {
		t.Error(err)
	}
	rt.WatchUnits(nil)
	rt.WatchRoutes(nil)()
	for i, h := range []sfaas.Host{sfaas.Retry(rt, nil), sfaas.Ask(rt, nil), sfaas.Watch(rt, nil, nil)} {
		if err := in.PushValue(h, key, sfaas.Slot(i), &number{}); err != nil {
			t.Error(err)
		}
	}
	if err := rt.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestOnThreadEndsBadly lets what runs on a thread end in ways other than returning.
func TestOnThreadEndsBadly(t *testing.T) {
	if err := sfaas.OnThread(sfaas.Threads{}, func() error { runtime.Goexit(); return nil }); !errors.Is(err, sfaas.ErrGoexit) {
		t.Error(err)
	}
	var panicked *sfaas.PanicError
	if err := sfaas.OnThread(sfaas.Threads{}, func() error { panic("no") }); !errors.As(err, &panicked) || panicked.Value != "no" {
		t.Error(err)
	}
}

// TestUnknownWords asks for the words of values that are none.
func TestUnknownWords(t *testing.T) {
	for got, want := range map[string]string{sfaas.MoveMode(77).String(): "mode 77", sfaas.NoticeKind(77).String(): "notice 77"} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
