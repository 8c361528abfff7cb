// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestAfterAndCancelInOneInvocation cancels a message in the invocation that
// delayed it, with and without a batch: it is not delivered. It is D19, after
// temporalio/sdk-typescript#466 (a timer that is set and cancelled within one
// activation).
func TestAfterAndCancelInOneInvocation(t *testing.T) {
	for _, guarantee := range []sfaas.Guarantee{sfaas.AtMostOnce, sfaas.ExactlyOnce} {
		var fired atomic.Uint64
		later := sfaas.Ref[number]("later")
		l := sfaas.Define("later", func(*sfaas.Ctx, *number, *number) error { fired.Add(1); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
		f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error {
			_, token := later.After(c, c.Key(), 5*time.Millisecond)
			c.Cancel(token)
			return sfaas.ErrNoOutput
		}, sfaas.FunctionConfig{}, later)
		g := sfaas.NewGraph("g")
		in, unused := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "unused")
		sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: guarantee}), f)
		sfaas.Apply(unused, l)
		rt := start(t, build(t, g))
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 5)
		drain(t, rt)
		time.Sleep(30 * time.Millisecond)
		drain(t, rt)
		rt.Close()
		if fired.Load() != 0 {
			t.Errorf("%v: the cancelled message was delivered", guarantee)
		}
	}
}

// TestDelayBeyondTheBudget delays a message in real time by more than the budget
// of a slot: it runs, since it is due after its delay. It is D20, after
// apache/pulsar#21898 (the time to live kills delayed messages).
func TestDelayBeyondTheBudget(t *testing.T) {
	var fired atomic.Uint64
	later := sfaas.Ref[number]("later")
	l := sfaas.Define("later", func(*sfaas.Ctx, *number, *number) error { fired.Add(1); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error {
		later.After(c, c.Key(), 400*time.Millisecond)
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, later)
	g := sfaas.NewGraph("g")
	in, unused := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "unused")
	sfaas.Apply(in, f)
	sfaas.Apply(unused, l)
	rt := start(t, build(t, g), sfaas.WithMode(sfaas.RealTime), sfaas.WithBudget(300*time.Millisecond))
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 5)
	for range 1000 { // ten seconds, on a machine with too much to do
		time.Sleep(10 * time.Millisecond)
		if fired.Load()+counted(rt).Skipped > 0 {
			break
		}
	}
	if fired.Load() != 1 {
		t.Errorf("the delayed message did not run, %d stages were skipped as late", counted(rt).Skipped)
	}
}

// TestLongestDuration takes the longest duration as a time to live, as a delay and
// as a budget: it is practically for ever. It is D21, after temporalio/temporal#4775
// and camunda/camunda#13879 (very long durations overflow).
func TestLongestDuration(t *testing.T) {
	const long = time.Duration(math.MaxInt64)
	later := sfaas.Ref[number]("later")
	var kept, fired, ran atomic.Uint64
	v := sfaas.NewValue[uint64]("v", sfaas.Replicated, sfaas.TTL(long))
	l := sfaas.Define("later", func(*sfaas.Ctx, *number, *number) error { fired.Add(1); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
		ran.Add(1)
		if x, ok := v.Get(c); ok {
			kept.Store(x)
		}
		v.Set(c, in.X)
		later.After(c, c.Key(), long)
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, later, v)
	g := sfaas.NewGraph("g")
	in, unused := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "unused")
	sfaas.Apply(in, f)
	sfaas.Apply(unused, l)
	app := build(t, g)
	rt := start(t, app)
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 5)
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 2, 6)
	drain(t, rt)
	pause()
	drain(t, rt)
	rt.Close()
	if kept.Load() != 5 {
		t.Error("TTL: content is gone at once")
	}
	if fired.Load() != 0 {
		t.Error("After: the message left at once")
	}
	ran.Store(0)
	rt = start(t, app, sfaas.WithMode(sfaas.RealTime), sfaas.WithBudget(long))
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 5)
	drain(t, rt)
	if ran.Load() != 1 {
		t.Error("WithBudget: the message was skipped as late")
	}
}

// TestCostOfCancel cancels delayed messages among 2 000 and among 32 000 others: one
// costs about the same. It is D26, after asynkron/protoactor-go#401 and
// private-octopus/picoquic#521 (linear lists of timers).
func TestCostOfCancel(t *testing.T) {
	cost := func(others uint64) time.Duration {
		later := sfaas.Ref[number]("later")
		l := sfaas.Define("later", func(*sfaas.Ctx, *number, *number) error { return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
		f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error {
			later.After(c, c.Key(), time.Hour)
			return sfaas.ErrNoOutput
		}, sfaas.FunctionConfig{}, later)
		tok := sfaas.NewValue[uint64]("token", sfaas.Volatile)
		cancel := sfaas.Define("cancel", func(c *sfaas.Ctx, _, _ *number) error {
			if x, ok := tok.Get(c); ok {
				c.Cancel(sfaas.Token(x))
			}
			_, x := later.After(c, c.Key(), 2*time.Hour)
			tok.Set(c, uint64(x))
			return sfaas.ErrNoOutput
		}, sfaas.FunctionConfig{}, later, tok)
		g := sfaas.NewGraph("g")
		in, again := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "again")
		sfaas.Apply(in, f)
		sfaas.Apply(again, cancel)
		sfaas.Apply(sfaas.Source[number](g, "unused"), l)
		rt := start(t, build(t, g))
		for i := range others {
			push(t, in, rt, sfaas.NewKey(sfaas.KindCell, i), sfaas.Slot(i), 0)
		}
		drain(t, rt)
		const cancels = 2000
		begin := cpuTime()
		for i := range cancels {
			push(t, again, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), 0)
		}
		drain(t, rt)
		return time.Duration(cpuTime()-begin) / cancels
	}
	if few, many := cheapest(func() time.Duration { return cost(2000) }), cheapest(func() time.Duration { return cost(32000) }); many > 4*few+2*time.Microsecond {
		t.Errorf("a cancelled message costs %v among 2000 and %v among 32000", few, many)
	}
}

// TestCostOfEmissions emits 1 000 and 16 000 messages in one invocation, and stages
// as many entries of a map: one costs the same. It is D26.
func TestCostOfEmissions(t *testing.T) {
	table := sfaas.NewMap[uint64, uint64]("table", sfaas.Replicated)
	each := sfaas.DefineEach("each", func(c *sfaas.Ctx, out sfaas.Emitter[number], in *number) error {
		for range in.X {
			out.Add(c.Key())
		}
		return nil
	}, sfaas.FunctionConfig{})
	stage := sfaas.Define("stage", func(c *sfaas.Ctx, _, in *number) error {
		for i := range in.X {
			table.Set(c, i, i)
		}
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, table)
	g := sfaas.NewGraph("g")
	emits, stages := sfaas.Source[number](g, "emits"), sfaas.Source[number](g, "stages")
	sfaas.Apply(emits, each)
	sfaas.Apply(stages, stage)
	rt := start(t, build(t, g), sfaas.WithBlockLimit(time.Minute))
	for name, in := range map[string]sfaas.Input[number]{"emission": emits, "staged entry": stages} {
		slot := sfaas.Slot(0)
		cost := func(n uint64) time.Duration {
			slot++
			push(t, in, rt, sfaas.NewKey(sfaas.KindCell, n), slot, n) // opens pools
			drain(t, rt)
			begin := cpuTime()
			push(t, in, rt, sfaas.NewKey(sfaas.KindCell, n+1), slot, n)
			drain(t, rt)
			return time.Duration(cpuTime()-begin) / time.Duration(n)
		}
		if few, many := cheapest(func() time.Duration { return cost(1000) }), cheapest(func() time.Duration { return cost(16000) }); many > 4*few+500 {
			t.Errorf("one %s costs %v of 1000 and %v of 16000", name, few, many)
		}
	}
}
