// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// TestControlFails lets the control handler fail once, or end its goroutine:
// data of its slot still comes after the repetition, and is not lost.
func TestControlFails(t *testing.T) {
	for _, tc := range []struct {
		name string
		fail func() error
		want []uint64 // settings under which slots 1, 2, 3 ran
	}{
		{"error", func() error { return errors.New("once") }, []uint64{10, 20, 30}},
		{"goexit", func() error { runtime.Goexit(); return nil }, []uint64{10, 20, 30}},
	} {
		gain := sfaas.NewValue[uint64]("gain", sfaas.Replicated)
		f := sfaas.Define("f", func(c *sfaas.Ctx, out, _ *number) error {
			out.X, _ = gain.Get(c)
			return nil
		}, sfaas.FunctionConfig{}, gain)
		failed := false
		set := sfaas.OnSetting(f, func(c *sfaas.Ctx, in *number) error {
			if in.X == 20 && !failed {
				failed = true
				return tc.fail()
			}
			gain.Set(c, in.X)
			return nil
		})
		g := sfaas.NewGraph("control")
		in, settings := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "settings")
		sfaas.Control(settings.With(sfaas.EdgeConfig{Guarantee: sfaas.AtLeastOnce}), set)
		out := sfaas.Sink(sfaas.Apply(in, f), "out")
		var got []uint64
		w := build(t, sim.Config{}, g, sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { got = append(got, x.X) }))
		for slot := range sfaas.Slot(3) {
			push(t, settings, w, sfaas.NewKey(sfaas.KindCell, 1), slot+1, 10*uint64(slot+1))
			push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), slot+1, 0)
		}
		w.Run()
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s: -want +got\n%s", tc.name, d)
		}
	}
}

// TestControlLost lets a control handler end its goroutine on an edge without
// repetition: the data that was to follow runs, under the setting before.
func TestControlLost(t *testing.T) {
	gain := sfaas.NewValue[uint64]("gain", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, _ *number) error {
		out.X, _ = gain.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, gain)
	set := sfaas.OnSetting(f, func(c *sfaas.Ctx, in *number) error {
		if in.X == 20 {
			runtime.Goexit()
		}
		gain.Set(c, in.X)
		return nil
	})
	g := sfaas.NewGraph("control")
	in, settings := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "settings")
	sfaas.Control(settings, set)
	out := sfaas.Sink(sfaas.Apply(in, f), "out")
	var got []uint64
	w := build(t, sim.Config{}, g, sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { got = append(got, x.X) }))
	for slot := range sfaas.Slot(3) {
		push(t, settings, w, sfaas.NewKey(sfaas.KindCell, 1), slot+1, 10*uint64(slot+1))
		push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), slot+1, 0)
	}
	w.Run()
	if d := cmp.Diff([]uint64{10, 10, 30}, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// TestDeadLetterOnce doubles messages and loses acknowledgements on an
// ExactlyOnce edge whose consumer always fails: one letter for each message.
func TestDeadLetterOnce(t *testing.T) {
	for seed := range uint64(10) {
		f := sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return errors.New("never") }, sfaas.FunctionConfig{})
		letters := map[uint64]int{}
		grave := sfaas.Define("grave", func(_ *sfaas.Ctx, _, in *number) error {
			letters[in.X]++
			return sfaas.ErrNoOutput
		}, sfaas.FunctionConfig{})
		g := sfaas.NewGraph("letters")
		exact := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce, Retries: 1}
		in := sfaas.Source[number](g, "in")
		sfaas.Sink(sfaas.Apply(in.With(exact), f), "out")
		sfaas.DeadLetter(in, f, grave)
		w := build(t, sim.Config{Seed: seed, Faults: []sim.Fault{{To: "f", Jitter: 100 * time.Microsecond, Double: 0.3, Loss: 0.2}},
			Commit: sim.Commit{Jitter: 50 * time.Microsecond, Refuse: 0.2, Lose: 0.2}}, g, sfaas.WithCommitRetry(50*time.Microsecond))
		want := map[uint64]int{}
		for x := range uint64(50) {
			want[x] = 1
			w.At(sfaas.Time(x)*sfaas.Time(50*time.Microsecond), func() { push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(x), x) })
		}
		w.Run()
		if d := cmp.Diff(want, letters); d != "" {
			t.Errorf("seed %d: -want +got\n%s", seed, d)
		}
		if s := w.Node(0).Stats()[0]; s.DeadLetters != 50 || s.Faults != 100 {
			t.Errorf("seed %d: %d letters, %d faults; want 50, 100", seed, s.DeadLetters, s.Faults)
		}
	}
}

// TestDelayedAfterCommit lets a delayed message be due before the commit of the
// invocation that sent it: it leaves after that, and not at all if the
// invocation that cancels it comes first.
func TestDelayedAfterCommit(t *testing.T) {
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	token := sfaas.NewValue[sfaas.Token]("token", sfaas.Replicated)
	toLate := sfaas.Ref[number]("late")
	var w *sim.World
	arrived := map[uint64]time.Duration{}
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
		*n.Mut(c)++
		if in.X == 2 {
			tok, _ := token.Get(c)
			c.Cancel(tok)
			return nil
		}
		x, tok := toLate.After(c, c.Key(), time.Millisecond)
		*x = *in
		token.Set(c, tok)
		return nil
	}, sfaas.FunctionConfig{}, n, token, toLate)
	late := sfaas.Define("late", func(c *sfaas.Ctx, _, in *number) error {
		arrived[in.X] = time.Duration(w.Now())
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("delayed")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	sfaas.Apply(sfaas.Source[number](g, "unused"), late)
	w = build(t, sim.Config{Commit: sim.Commit{Delay: 5 * time.Millisecond}}, g)
	push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), 1, 0)
	push(t, in, w, sfaas.NewKey(sfaas.KindCell, 2), 1, 1)
	push(t, in, w, sfaas.NewKey(sfaas.KindCell, 2), 2, 2)
	w.Run()
	if d := cmp.Diff(map[uint64]time.Duration{0: 5 * time.Millisecond}, arrived); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
