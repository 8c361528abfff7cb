// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

var quietLog = slog.New(slog.DiscardHandler)

type blob struct {
	N    int32
	Data []byte
}

// TestHostSafety lets one key misbehave in every way and checks that the host
// and the other keys run on, on the same worker.
func TestHostSafety(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	cases := []struct {
		name string
		bad  func(c *sfaas.Ctx, out *blob) error
		want func(error) bool
		lost uint64
	}{
		{"panic", func(*sfaas.Ctx, *blob) error { panic("no") }, func(err error) bool { p := (*sfaas.PanicError)(nil); return errors.As(err, &p) }, 0},
		{"goexit", func(*sfaas.Ctx, *blob) error { runtime.Goexit(); return nil }, func(err error) bool { return errors.Is(err, sfaas.ErrGoexit) }, 1},
		{"error", func(*sfaas.Ctx, *blob) error { return io.ErrUnexpectedEOF }, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }, 0},
		{"block", func(c *sfaas.Ctx, _ *blob) error { <-release; return c.Err() }, func(err error) bool { return errors.Is(err, sfaas.ErrBlocked) }, 1},
		{"huge", func(_ *sfaas.Ctx, out *blob) error { out.Data = make([]byte, 1<<20); return nil }, func(err error) bool { s := (*sfaas.SizeError)(nil); return errors.As(err, &s) }, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			staged := sfaas.NewValue[int32]("staged", sfaas.Replicated)
			kept := sfaas.NewValue[int32]("kept", sfaas.Volatile)
			f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *blob) error {
				out.Data = out.Data[:0]
				*staged.Mut(c)++
				*kept.Mut(c)++
				if in.N < 0 {
					return tc.bad(c, out)
				}
				n, _ := staged.Get(c)
				out.N = n
				return nil
			}, sfaas.FunctionConfig{}, staged, kept)
			g := sfaas.NewGraph("g")
			in := sfaas.Source[blob](g, "in")
			out := sfaas.Sink(sfaas.Apply(in, f), "out")
			app, err := g.Build()
			if err != nil {
				t.Fatal(err)
			}
			var fault atomic.Value
			var last, other atomic.Int32
			rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1), sfaas.WithLogger(quietLog), sfaas.WithMaxMessage(1<<16),
				sfaas.WithBlockLimit(20*time.Millisecond),
				sfaas.WithNotices(func(n sfaas.Notice) {
					if n.Kind == sfaas.NoticeFault {
						fault.Store(n.Err)
					}
				}),
				sfaas.WithOutput(out, func(h sfaas.Header, b *blob) {
					if h.Key == sfaas.NewKey(sfaas.KindCell, 1) {
						last.Store(b.N)
					} else {
						other.Add(1)
					}
				}))
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			for i, n := range []int32{1, -1, 2} {
				for _, key := range []sfaas.Key{sfaas.NewKey(sfaas.KindCell, 1), sfaas.NewKey(sfaas.KindCell, 2)} {
					x := blob{N: n}
					if key == sfaas.NewKey(sfaas.KindCell, 2) {
						x.N = 1
					}
					if err := in.PushValue(rt, key, sfaas.Slot(i), &x); err != nil {
						t.Fatal(err)
					}
				}
			}
			drain(t, rt)
			if got := last.Load(); got != 2 {
				t.Errorf("staged cell after the fault: %d, want 2: the failed change must be discarded", got)
			}
			if got := other.Load(); got != 3 {
				t.Errorf("other key: %d outputs, want 3", got)
			}
			if err, _ := fault.Load().(error); !tc.want(err) {
				t.Errorf("fault: %v", err)
			}
			if s := rt.Stats()[0]; s.Faults != 1 || s.Lost != tc.lost {
				t.Errorf("faults %d, lost %d; want 1, %d", s.Faults, s.Lost, tc.lost)
			}
		})
	}
}

func drain(t testing.TB, rt *sfaas.Runtime) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := rt.Drain(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestNoGoroutineLeft checks that Close stops everything that a runtime started.
func TestNoGoroutineLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	app, in, _ := chain(t, 5, 3)
	for range 10 {
		rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(4))
		if err != nil {
			t.Fatal(err)
		}
		if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), 1, &number{1}); err != nil {
			t.Fatal(err)
		}
		if err := rt.Close(); err != nil {
			t.Fatal(err)
		}
		if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), 2, &number{1}); !errors.Is(err, sfaas.ErrClosed) {
			t.Fatalf("push after Close: %v", err)
		}
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 100 {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(time.Millisecond)
	}
}

// TestBuildErrors checks that Build names every wrong port at once.
func TestBuildErrors(t *testing.T) {
	g := sfaas.NewGraph("bad")
	in := sfaas.Source[number](g, "in")
	text := sfaas.NewValue[string]("text", sfaas.Volatile)
	missing := sfaas.Ref[number]("nobody")
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return nil }, sfaas.FunctionConfig{}, text, missing)
	sfaas.OnControl(f, func(*sfaas.Ctx, *number) error { return nil })
	sfaas.Apply(in, f)
	sfaas.Apply(in, f)
	_, err := g.Build()
	for _, want := range []string{"f.text", "f -> nobody", "two functions of this name", "f.control(sfaas_test.number): is not wired"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	var w *sfaas.WiringError
	if !errors.As(err, &w) || w.Graph != "bad" {
		t.Errorf("no *WiringError of graph bad in %v", err)
	}
}
