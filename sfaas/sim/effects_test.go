// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// build returns a world for a graph, made by wire, and the lines that its
// functions log.
func build(t *testing.T, cfg sim.Config, g *sfaas.Graph, opts ...sfaas.Option) *sim.World {
	t.Helper()
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	return simulate(t, cfg, app, opts...)
}

// simulate returns a world for a graph that has been built.
func simulate(t *testing.T, cfg sim.Config, app *sfaas.App, opts ...sfaas.Option) *sim.World {
	t.Helper()
	opts = append([]sfaas.Option{sfaas.WithLogger(slog.New(slog.DiscardHandler)), sfaas.WithNotices(func(sfaas.Notice) {})}, opts...)
	w, err := sim.New(app, cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func push(t *testing.T, in sfaas.Input[number], w *sim.World, key sfaas.Key, slot sfaas.Slot, x uint64) {
	t.Helper()
	if err := in.PushValue(w.Node(0), key, slot, &number{x}); err != nil {
		t.Fatal(err)
	}
}

// TestSpread joins a cell's message with each of its users, on several cores,
// and drops a user's half that finds no partner.
func TestSpread(t *testing.T) {
	for _, cores := range []int{1, 3} {
		join := sfaas.Define("join", func(_ *sfaas.Ctx, out *number, in *sfaas.Pair[number, number]) error {
			cell, ue := in.A, in.B
			out.X = cell.X*100 + ue.X
			return nil
		}, sfaas.FunctionConfig{Window: 2})
		g := sfaas.NewGraph("spread")
		cells := sfaas.Source[number](g, "cells")
		users := sfaas.Source[number](g, "users")
		out := sfaas.Sink(sfaas.Apply(sfaas.Join(cells.Spread(), users), join), "out")
		got := map[string]uint64{}
		w := build(t, sim.Config{Cores: cores}, g, sfaas.WithOutput(out, func(h sfaas.Header, x *number) {
			got[fmt.Sprintf("%v/%d", h.Key, h.Slot)] = x.X
		}))
		want := map[string]uint64{}
		for slot := range sfaas.Slot(6) {
			if slot != 2 {
				push(t, cells, w, sfaas.NewKey(sfaas.KindCell, 1), slot, uint64(slot))
			}
			for ue := range uint64(4) {
				push(t, users, w, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, ue), slot, ue)
				if slot != 2 {
					want[fmt.Sprintf("cell1/ue%d/%d", ue, slot)] = uint64(slot)*100 + ue
				}
			}
		}
		w.Run()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("cores=%d: -want +got\n%s", cores, d)
		}
		if s := w.Node(0).Stats()[0]; s.Dropped != 4 {
			t.Errorf("cores=%d: dropped %d, want 4", cores, s.Dropped)
		}
	}
}

// TestCallsAndTimers covers Call with reply, fault and timeout, After, Cancel,
// host calls and topics.
func TestCallsAndTimers(t *testing.T) {
	var log []string
	note := func(c *sfaas.Ctx, format string, args ...any) {
		log = append(log, fmt.Sprintf("%v@%v %s", c.Self(), time.Duration(c.Now()), fmt.Sprintf(format, args...)))
	}
	square := sfaas.Define("square", func(_ *sfaas.Ctx, out, in *number) error {
		if in.X == 13 {
			return errors.New("unlucky")
		}
		out.X = in.X * in.X
		return nil
	}, sfaas.FunctionConfig{Cost: 100 * time.Microsecond})
	alarm := sfaas.NewTopic[number]("alarm")
	toSquare := sfaas.CallRef[number, number]("square")
	self := sfaas.Ref[number]("ask")
	tokens := sfaas.NewValue[sfaas.Token]("token", sfaas.Volatile)
	ask := sfaas.Define("ask", func(c *sfaas.Ctx, _, in *number) error {
		switch in.X {
		case 0: // a delayed message
			x, tok := self.After(c, c.Key(), time.Millisecond)
			x.X = 99
			tokens.Set(c, tok)
		case 1:
			tok, _ := tokens.Get(c)
			c.Cancel(tok)
		case 2:
			alarm.Subscribe(c, sfaas.NewKey(sfaas.KindCell, 0))
		case 3:
			alarm.Publish(c, sfaas.NewKey(sfaas.KindCell, 0)).X = 3
		case 99:
			note(c, "delayed")
		default:
			timeout := time.Second
			if in.X == 6 {
				timeout = 10 * time.Microsecond
			}
			x, _ := toSquare.Call(c, sfaas.NewKey(sfaas.KindCell, 5), timeout)
			x.X = in.X
		}
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, tokens, self, alarm, alarm.On(func(c *sfaas.Ctx, in *number) error {
		note(c, "heard %d", in.X)
		return nil
	}), toSquare.OnReply(func(c *sfaas.Ctx, r sfaas.Reply[number]) error {
		switch f := (*sfaas.Fault)(nil); {
		case errors.As(r.Err, &f):
			note(c, "fault %v", f.Err)
		case r.Err != nil:
			note(c, "%v", r.Err)
		default:
			note(c, "reply %d", r.Out.X)
		}
		return nil
	}))
	g := sfaas.NewGraph("calls")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, ask)
	sfaas.Apply(sfaas.Source[number](g, "squares"), square)
	w := build(t, sim.Config{Cores: 2}, g)
	a, b := sfaas.NewKey(sfaas.KindCell, 1), sfaas.NewKey(sfaas.KindCell, 2)
	for _, p := range []struct {
		key sfaas.Key
		x   uint64
	}{{a, 0}, {b, 0}, {b, 1}, {a, 2}} {
		push(t, in, w, p.key, 1, p.x)
	}
	w.Run()
	push(t, in, w, b, 2, 3)
	w.Run()
	for _, x := range []uint64{5, 13, 6} {
		push(t, in, w, a, 3, x)
		w.Run()
	}
	for i := range log {
		var at string
		if _, err := fmt.Sscanf(log[i], "ask[cell1]@%s", &at); err != nil {
			t.Errorf("%q", log[i])
		}
		log[i] = log[i][len("ask[cell1]@")+len(at)+1:]
	}
	want := []string{"delayed", "heard 3", "reply 25", "fault unlucky", sfaas.ErrTimeout.Error()}
	if d := cmp.Diff(want, log); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	var out number
	err := toSquare.Invoke(context.Background(), w.Node(0), sfaas.NewKey(sfaas.KindCell, 9), 4, &out, func(n *number) error { n.X = 7; return nil })
	if err != nil || out.X != 49 {
		t.Errorf("host call: %d, %v", out.X, err)
	}
	err = toSquare.Invoke(context.Background(), w.Node(0), sfaas.NewKey(sfaas.KindCell, 9), 4, &out, func(n *number) error { n.X = 13; return nil })
	if f := (*sfaas.Fault)(nil); !errors.As(err, &f) {
		t.Errorf("host call: %v, want a *Fault", err)
	}
}

// TestLateStagesAreSkipped gives a budget that the second stage cannot meet:
// every later stage is skipped and counted in RealTime, and runs in Replay.
func TestLateStagesAreSkipped(t *testing.T) {
	for _, mode := range []sfaas.Mode{sfaas.RealTime, sfaas.Replay} {
		g := sfaas.NewGraph("late")
		in := sfaas.Source[number](g, "in")
		e := in.With(sfaas.EdgeConfig{})
		for i := range 3 {
			e = sfaas.Apply(e, sfaas.Define(fmt.Sprintf("stage%d", i), func(_ *sfaas.Ctx, out, in *number) error {
				*out = *in
				return nil
			}, sfaas.FunctionConfig{Cost: 60 * time.Microsecond}))
		}
		w := build(t, sim.Config{}, g, sfaas.WithMode(mode), sfaas.WithBudget(100*time.Microsecond))
		for i := range 10 {
			w.At(sfaas.Time(i)*sfaas.Time(time.Millisecond), func() { push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), 1) })
		}
		w.Run()
		var skipped, late []uint64
		for _, s := range w.Node(0).Stats() {
			skipped, late = append(skipped, s.Skipped), append(late, s.Late)
		}
		want := map[sfaas.Mode][2][]uint64{
			sfaas.RealTime: {{0, 0, 10}, {0, 10, 0}},
			sfaas.Replay:   {{0, 0, 0}, {0, 10, 10}},
		}[mode]
		if d := cmp.Diff(want, [2][]uint64{skipped, late}); d != "" {
			t.Errorf("mode %d: skipped, late: -want +got\n%s", mode, d)
		}
	}
}

// TestQueues covers the drop policies, push back, and the dead-letter edge.
func TestQueues(t *testing.T) {
	graph := func(cfg sfaas.EdgeConfig, got *[]uint64, dead *[]uint64) (*sim.World, sfaas.Input[number]) {
		f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error {
			if in.X == 13 {
				return errors.New("unlucky")
			}
			*out = *in
			return nil
		}, sfaas.FunctionConfig{Cost: time.Millisecond})
		grave := sfaas.Define("grave", func(_ *sfaas.Ctx, out, in *number) error { *dead = append(*dead, in.X); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
		g := sfaas.NewGraph("queues")
		in := sfaas.Source[number](g, "in")
		out := sfaas.Sink(sfaas.Apply(in.With(cfg), f), "out")
		sfaas.DeadLetter(in, f, grave)
		return build(t, sim.Config{}, g, sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { *got = append(*got, x.X) })), in
	}
	for _, tc := range []struct {
		name       string
		cfg        sfaas.EdgeConfig
		want, dead []uint64
		faults     uint64
	}{
		{"oldest", sfaas.EdgeConfig{Messages: 2, Drop: sfaas.DropOldest}, []uint64{0, 4, 5}, nil, 0},
		{"newest", sfaas.EdgeConfig{Messages: 2, Drop: sfaas.DropNewest}, []uint64{0, 1, 2}, nil, 0},
		{"retries", sfaas.EdgeConfig{Guarantee: sfaas.AtLeastOnce}, []uint64{0, 1, 2, 3, 4, 5}, []uint64{13}, 4},
	} {
		var got, dead []uint64
		w, in := graph(tc.cfg, &got, &dead)
		for x := range uint64(6) {
			at := sfaas.Time(0)
			if x > 0 {
				at = sfaas.Time(100 * time.Microsecond)
			}
			w.At(at, func() { push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(x), x) })
		}
		if tc.dead != nil {
			w.At(sfaas.Time(200*time.Microsecond), func() { push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), 9, 13) })
		}
		w.Run()
		if d := cmp.Diff([][]uint64{tc.want, tc.dead}, [][]uint64{got, dead}); d != "" {
			t.Errorf("%s: -want +got\n%s", tc.name, d)
		}
		if s := w.Node(0).Stats()[0]; s.Faults != tc.faults {
			t.Errorf("%s: %d faults, want %d", tc.name, s.Faults, tc.faults)
		}
	}
	var got, dead []uint64
	w, in := graph(sfaas.EdgeConfig{Messages: 2}, &got, &dead)
	busy := 0
	try := func(x uint64) {
		if err := in.PushValue(w.Node(0), sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(x), &number{x}); errors.Is(err, sfaas.ErrBusy) {
			busy++
		}
	}
	w.At(0, func() {
		for x := range uint64(3) { // a push counts from the moment at which it is accepted
			try(x)
		}
	})
	w.At(sfaas.Time(10*time.Microsecond), func() { try(3) })
	w.Run()
	if d := cmp.Diff([]uint64{0, 1, 3}, got); busy != 1 || d != "" {
		t.Errorf("busy %d, want 1; -want +got\n%s", busy, d)
	}
}

// TestParallel runs slots of one key side by side and restores their order.
func TestParallel(t *testing.T) {
	slow := sfaas.Define("slow", func(_ *sfaas.Ctx, out, in *number) error {
		*out = *in
		return nil
	}, sfaas.FunctionConfig{Cost: 400 * time.Microsecond, Parallel: true})
	g := sfaas.NewGraph("parallel")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in, slow), "out")
	var got []uint64
	w := build(t, sim.Config{Cores: 4}, g, sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { got = append(got, x.X) }))
	for x := range uint64(40) {
		push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(x), x)
	}
	w.Run()
	for i, x := range got {
		if x != uint64(i) {
			t.Fatalf("order %v", got)
		}
	}
	if serial := 40 * 400 * time.Microsecond; len(got) != 40 || time.Duration(w.Now()) > serial/2 {
		t.Errorf("%d outputs after %v; one after the other takes %v", len(got), time.Duration(w.Now()), serial)
	}
}
