// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// wake and note are what a session hears beside its numbers.
type (
	wake struct{ Of uint64 }
	note struct{ Text string }
)

// session is a function with two further ports, which share its cell: a timeout that it
// sets itself, and a stream. Every change is appended to log.
func session(log *[]string, promise sfaas.EdgeConfig) (sfaas.Fn[number, number], sfaas.Reference[note]) {
	idle, notes := sfaas.Ref[wake]("session").With(promise), sfaas.Ref[note]("session")
	text := sfaas.NewValue[string]("text", sfaas.Replicated, sfaas.MaxBytes(100))
	add := func(c *sfaas.Ctx, s string) {
		*text.Mut(c) += s
		x, _ := text.Get(c)
		*log = append(*log, x)
	}
	return sfaas.Define("session", func(c *sfaas.Ctx, _, in *number) error {
		w, _ := idle.After(c, c.Key(), 10*time.Millisecond)
		w.Of = in.X
		add(c, "n")
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, text, idle.On(func(c *sfaas.Ctx, w *wake) error {
		add(c, "t")
		if w.Of > 1 {
			again, _ := idle.After(c, c.Key(), 10*time.Millisecond)
			again.Of = w.Of - 1
		}
		return nil
	}), notes.On(func(c *sfaas.Ctx, n *note) error {
		add(c, n.Text)
		return nil
	})), notes
}

// TestFurtherPorts sends timeouts and a stream of another type to a function: all reach
// the instance whose cells they concern, in virtual time.
func TestFurtherPorts(t *testing.T) {
	for name, promise := range map[string]sfaas.EdgeConfig{"at most once": {}, "exactly once": exactly} {
		t.Run(name, func(t *testing.T) {
			var log []string
			f, toNotes := session(&log, promise)
			g := sfaas.NewGraph("g")
			in, notes := sfaas.Source[number](g, "in"), sfaas.Source[note](g, "notes")
			sfaas.Apply(in.With(promise), f)
			sfaas.Deliver(notes.With(promise), toNotes)
			w, err := sim.New(build(t, g), sim.Config{Cores: 2})
			if err != nil {
				t.Fatal(err)
			}
			if err := in.PushValue(w.Node(0), sfaas.NewKey(sfaas.KindCell, 1), 1, &number{3}); err != nil {
				t.Fatal(err)
			}
			w.RunUntil(w.Now().Add(15 * time.Millisecond))
			if err := notes.PushValue(w.Node(0), sfaas.NewKey(sfaas.KindCell, 1), 2, &note{"!"}); err != nil {
				t.Fatal(err)
			}
			w.Run()
			if got := strings.Join(log, " "); got != "n nt nt! nt!t nt!tt" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestFurtherPortsOutlive takes a snapshot, a move and a recovery while a timeout is
// under way.
func TestFurtherPortsOutlive(t *testing.T) {
	var log []string
	f, toNotes := session(&log, exactly)
	g := sfaas.NewGraph("g")
	in, notes := sfaas.Source[number](g, "in"), sfaas.Source[note](g, "notes")
	sfaas.Apply(in.With(exactly), f)
	sfaas.Deliver(notes.With(exactly), toNotes)
	app, key, ctx := build(t, g), sfaas.NewKey(sfaas.KindCell, 1), context.Background()
	var now atomic.Int64 // workers read it while the test sets it
	now.Store(1)
	clock := sfaas.WithClock(func() sfaas.Time { return sfaas.Time(now.Load()) })
	begin := func(rt *sfaas.Runtime) {
		push(t, in, rt, key, 1, 1)
		drain(t, rt)
	}
	for name, carry := range map[string]func() *sfaas.Runtime{
		"snapshot": func() *sfaas.Runtime {
			a, b := start(t, app, clock), start(t, app, clock)
			begin(a)
			if err := b.Restore(ctx, bytes.NewReader(snapshotOf(t, a))); err != nil {
				t.Fatal(err)
			}
			a.Close()
			return b
		},
		"move": func() *sfaas.Runtime {
			a, b := pair(t, app, clock)
			begin(a)
			if _, err := moveOf(ctx, a, b, f, key); err != nil {
				t.Fatal(err)
			}
			return b
		},
		"recovery": func() *sfaas.Runtime {
			d := sim.NewDisk(0)
			a := start(t, app, sfaas.WithEngine(d), sfaas.WithNode(1))
			begin(a)
			a.Close()
			return recovered(t, app, d)
		},
	} {
		t.Run(name, func(t *testing.T) {
			log = nil
			rt := carry()
			if err := notes.PushValue(rt, key, 2, &note{"!"}); err != nil {
				t.Fatal(err)
			}
			now.Add(int64(time.Second))
			drain(t, rt)
			for begin := time.Now(); time.Since(begin) < 5*time.Second; time.Sleep(time.Millisecond) {
				drain(t, rt)
				if s := rt.Stats()[0]; s.Invocations >= 2 {
					break
				}
			}
			rt.Close()
			got := strings.Join(log, " ")
			if got != "n n! n!t" && got != "n nt nt!" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestPortsAreChecked wires ports wrongly: Build names each.
func TestPortsAreChecked(t *testing.T) {
	none := func(*sfaas.Ctx, *number, *number) error { return nil }
	wakeUp := func(*sfaas.Ctx, *wake) error { return nil }
	for _, tt := range []struct {
		name, port, want string
		declared         []sfaas.Declared
		wire             func(g *sfaas.Graph)
	}{
		{"forgotten port", "f -> f", "takes sfaas_test.number, not sfaas_test.wake", []sfaas.Declared{sfaas.Ref[wake]("f")}, nil},
		{"port of another", "f.message(sfaas_test.wake)", "is a port of other", []sfaas.Declared{sfaas.Ref[wake]("other").On(wakeUp)}, nil},
		{"twice", "f.message(sfaas_test.wake)", "two ports of this type", []sfaas.Declared{sfaas.Ref[wake]("f").On(wakeUp), sfaas.Ref[wake]("f").On(wakeUp)}, nil},
		{"input", "f.message(sfaas_test.number)", "is the input", []sfaas.Declared{sfaas.Ref[number]("f").On(func(*sfaas.Ctx, *number) error { return nil })}, nil},
		{"stream to no port", "wakes -> f", "declare it with On", nil, func(g *sfaas.Graph) {
			sfaas.Deliver(sfaas.Source[wake](g, "wakes"), sfaas.Ref[wake]("f"))
		}},
		{"stream to no function", "wakes -> who", "no such function", nil, func(g *sfaas.Graph) {
			sfaas.Deliver(sfaas.Source[wake](g, "wakes"), sfaas.Ref[wake]("who"))
		}},
		{"call of a port", "f -> f", "is called with sfaas_test.number", []sfaas.Declared{
			sfaas.Ref[wake]("f").On(wakeUp), sfaas.CallRef[wake, number]("f").OnReply(func(*sfaas.Ctx, sfaas.Reply[number]) error { return nil }),
		}, nil},
	} {
		g := sfaas.NewGraph("g")
		sfaas.Apply(sfaas.Source[number](g, "in"), sfaas.Define("f", none, sfaas.FunctionConfig{}, tt.declared...))
		g.Add(sfaas.Define("other", none, sfaas.FunctionConfig{}))
		if tt.wire != nil {
			tt.wire(g)
		}
		_, err := g.Build()
		var w *sfaas.WiringError
		if !errors.As(err, &w) {
			t.Errorf("%s: got %v, want a WiringError", tt.name, err)
		} else if !strings.Contains(err.Error(), "port "+tt.port+": ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s: %s", tt.name, err, tt.port, tt.want)
		}
	}
}

// TestUndeclaredPorts uses a topic and a callee that the function has not declared a
// handler for: the invocation fails with a CellError that names it.
func TestUndeclaredPorts(t *testing.T) {
	alarms, echo := sfaas.NewTopic[number]("alarms"), sfaas.CallRef[number, number]("echo")
	var faults []error
	rt, in, _ := single(t, sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
		if in.X == 0 {
			alarms.Subscribe(c, c.Key())
		} else {
			echo.Call(c, c.Key(), time.Second)
		}
		return nil
	}, sfaas.FunctionConfig{}, alarms), sfaas.WithNotices(func(n sfaas.Notice) { faults = append(faults, n.Err) }))
	feed(t, rt, in, 0, 2)
	var cell *sfaas.CellError
	if len(faults) != 2 || !errors.As(faults[0], &cell) || cell.Cell != "topic alarms" || !errors.As(faults[1], &cell) || cell.Cell != "echo" {
		t.Errorf("got %v", faults)
	}
}
