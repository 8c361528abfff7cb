// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestControlPortAfterApply declares a control port of a function that has been
// applied already, and wires it: Build names the port, or it works. It is the second
// fault of the structure's review.
func TestControlPortAfterApply(t *testing.T) {
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	sfaas.Apply(sfaas.Source[number](g, "in"), f)
	port := sfaas.OnControl(f, func(*sfaas.Ctx, *number) error { return nil })
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("Control panicked: %v", r)
		}
	}()
	sfaas.Control(sfaas.Source[number](g, "grants"), port)
	var w *sfaas.WiringError
	if _, err := g.Build(); err != nil && (!errors.As(err, &w) || !strings.HasPrefix(w.Port, "f.")) {
		t.Errorf("got %v, want a WiringError that names the port of f", err)
	}
}

// TestOptionsAreChecked starts runtimes with options that cannot hold: outputs of
// another graph, no worker, a budget below zero. Each is refused. It is B5.
func TestOptionsAreChecked(t *testing.T) {
	g, other := sfaas.NewGraph("one"), sfaas.NewGraph("two")
	sfaas.Sink(sfaas.Source[number](g, "in"), "a")
	foreign := sfaas.Sink(sfaas.Source[number](other, "in"), "b")
	longer := sfaas.Sink(sfaas.Source[payload](other, "blobs"), "c")
	app := build(t, g)
	build(t, other)
	for name, opt := range map[string]sfaas.Option{
		"output of another graph":              sfaas.WithOutput(foreign, func(sfaas.Header, *number) {}),
		"output of another graph, not present": sfaas.WithOutput(longer, func(sfaas.Header, *payload) {}),
		"no worker":                            sfaas.WithWorkers(0),
		"budget below zero":                    sfaas.WithBudget(-1),
	} {
		rt, err := sfaas.NewRuntime(app, opt, sfaas.WithLogger(quietLog))
		if err == nil {
			t.Errorf("%s: is accepted", name)
			rt.Close()
		}
	}
}

// TestFaultNamesThePackageOnce lets a handler panic and return an error of this
// package: the text of the fault says "sfaas:" once. It is B10.
func TestFaultNamesThePackageOnce(t *testing.T) {
	f := sfaas.Define("f", func(_ *sfaas.Ctx, _, in *number) error {
		if in.X == 1 {
			panic("no")
		}
		return sfaas.ErrTimeout
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	texts := make(chan string, 2)
	rt := start(t, build(t, g), sfaas.WithNotices(func(n sfaas.Notice) { texts <- n.Err.Error() }))
	for x := range uint64(2) {
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(x), x)
		if s := <-texts; strings.Count(s, "sfaas:") != 1 {
			t.Errorf("%q", s)
		}
	}
}

// TestEarlyGrantIsNotLate brings a grant well before its data, which are on time:
// nothing counts as late. It is B3.
func TestEarlyGrantIsNotLate(t *testing.T) {
	gain := sfaas.NewValue[uint64]("gain", sfaas.Volatile)
	f := sfaas.Define("scale", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{}, gain)
	port := sfaas.OnControl(f, func(c *sfaas.Ctx, g *number) error { gain.Set(c, g.X); return nil })
	g := sfaas.NewGraph("g")
	in, grants := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "grants")
	sfaas.Apply(in, f)
	sfaas.Control(grants, port)
	rt := start(t, build(t, g), sfaas.WithMode(sfaas.RealTime), sfaas.WithBudget(200*time.Millisecond))
	push(t, grants, rt, sfaas.NewKey(sfaas.KindCell, 1), 7, 1)
	drain(t, rt)
	time.Sleep(300 * time.Millisecond)
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 7, 1)
	drain(t, rt)
	if s := rt.Stats()[0]; s.Late != 0 || s.Invocations != 2 {
		t.Errorf("%d of %d invocations count as late, want 0 of 2", s.Late, s.Invocations)
	}
}

// TestControlIsNeverSkipped lets a stage that carries control, as a distributor of
// schedules does, begin late in real time: it runs, since later slots need what it
// brings. It is B12.
func TestControlIsNeverSkipped(t *testing.T) {
	distribute := sfaas.DefineEach("distribute", func(c *sfaas.Ctx, out sfaas.Emitter[number], in *number) error {
		*out.Add(c.Key()) = *in
		return nil
	}, sfaas.FunctionConfig{})
	slow := sfaas.Define("slow", func(*sfaas.Ctx, *number, *number) error { time.Sleep(60 * time.Millisecond); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	port := sfaas.OnControl(f, func(*sfaas.Ctx, *number) error { return nil })
	g := sfaas.NewGraph("g")
	in, schedules, work := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "schedules"), sfaas.Source[number](g, "work")
	sfaas.Control(sfaas.Apply(schedules, distribute), port)
	sfaas.Apply(in, f)
	sfaas.Apply(work, slow)
	rt := start(t, build(t, g), sfaas.WithMode(sfaas.RealTime), sfaas.WithBudget(30*time.Millisecond))
	push(t, work, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	push(t, schedules, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 1) // waits for slow, beyond its due time
	drain(t, rt)
	for _, s := range rt.Stats() {
		if s.Name == "distribute" && (s.Skipped != 0 || s.Invocations != 1) {
			t.Errorf("distribute was skipped %d times and ran %d times", s.Skipped, s.Invocations)
		}
	}
}
