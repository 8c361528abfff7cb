// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// arrivals notes the numbers that a counting function handles, in order.
type arrivals struct {
	mu  sync.Mutex
	got []uint64
}

// count returns a function with one replicated counter that notes its input.
func (a *arrivals) count(name string) sfaas.Fn[number, number] {
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	return sfaas.Define(name, func(c *sfaas.Ctx, _, in *number) error {
		*n.Mut(c)++
		a.mu.Lock()
		a.got = append(a.got, in.X)
		a.mu.Unlock()
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, n)
}

// want fails the test unless exactly these numbers were handled, in this order.
func (a *arrivals) want(t *testing.T, guarantee sfaas.Guarantee, want string, rts ...*sfaas.Runtime) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if got := fmt.Sprint(a.got); got != want {
		t.Errorf("%v: handled %v, want %v; %d dropped as repeats, none was one", guarantee, got, want, counted(rts...).Repeated)
	}
}

// await waits until n numbers have been handled.
func (a *arrivals) await(t *testing.T, n int) {
	t.Helper()
	for range 1000 {
		a.mu.Lock()
		got := len(a.got)
		a.mu.Unlock()
		if got >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no %d numbers were handled within ten seconds", n)
}

// blocker returns a function that tells when it runs and does not return until
// the test lets the key go.
func blocker(name string, hold map[sfaas.Key]chan struct{}) (sfaas.Fn[number, number], chan struct{}) {
	entered := make(chan struct{}, 2)
	return sfaas.Define(name, func(c *sfaas.Ctx, _, _ *number) error {
		entered <- struct{}{}
		<-hold[c.Key()]
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}), entered
}

// mustMove moves a key, within ten seconds.
func mustMove(t *testing.T, from, to *sfaas.Runtime, f sfaas.Function, key sfaas.Key) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if _, err := moveOf(ctx, from, to, f, key); err != nil {
		t.Fatal(err)
	}
}

// TestMoveKeepsOrderOfUnequalSlots moves a function whose producer merges keys of
// unequal slots: a message that the move holds is not passed by a later one of an
// earlier slot. It is D1a, after apache/pulsar#23697 (a mark per producer loses
// messages whose numbers do not rise).
func TestMoveKeepsOrderOfUnequalSlots(t *testing.T) {
	for _, guarantee := range []sfaas.Guarantee{sfaas.AtMostOnce, sfaas.ExactlyOnce} {
		edge := sfaas.EdgeConfig{Guarantee: guarantee}
		to := func(name string, key sfaas.Key) sfaas.Fn[number, number] {
			return sfaas.DefineEach(name, func(_ *sfaas.Ctx, out sfaas.Emitter[number], in *number) error {
				*out.Add(key) = *in
				return nil
			}, sfaas.FunctionConfig{})
		}
		hub, end := sfaas.NewKey(sfaas.KindCell, 100), sfaas.NewKey(sfaas.KindCell, 200)
		var seen arrivals
		last := seen.count("last")
		g := sfaas.NewGraph("g")
		in := sfaas.Source[number](g, "in")
		merged := sfaas.Apply(in.With(edge), to("merge", hub)).With(edge).Cut("merged")
		sfaas.Apply(sfaas.Apply(merged, to("forward", end)).With(edge).Cut("forwarded"), last)
		app := build(t, g)
		e := &shutFor{part: "last", shut: true}
		a := start(t, app, sfaas.WithNode(1), sfaas.WithEngine(e), sfaas.WithCommitRetry(time.Millisecond))
		b := start(t, app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1))
		if err := sfaas.Link(a, b); err != nil {
			t.Fatal(err)
		}
		push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), 7, 1) // the newest slot that last has seen is 7; its commit takes a while
		seen.await(t, 1)
		moved := make(chan error, 1)
		go func() { _, err := moveOf(context.Background(), a, b, last, end); moved <- err }()
		pause()
		push(t, in, a, sfaas.NewKey(sfaas.KindCell, 2), 10, 2)
		pause()
		push(t, in, a, sfaas.NewKey(sfaas.KindCell, 3), 5, 3) // another key, an earlier slot, sent later by the same producer
		pause()
		e.open()
		if err := <-moved; err != nil {
			t.Fatal(err)
		}
		drain(t, a)
		seen.want(t, guarantee, "[1 2 3]", a, b)
	}
}

// TestMoveKeepsOrderOfLocalProducer moves a function back to where its producer
// runs: what the producer sends from then on does not overtake what waits for the
// way round. It is D1b, after apache/pulsar#5218 (a message behind a later one of
// its producer is taken for a repeat).
func TestMoveKeepsOrderOfLocalProducer(t *testing.T) {
	for _, guarantee := range []sfaas.Guarantee{sfaas.AtMostOnce, sfaas.ExactlyOnce} {
		edge := sfaas.EdgeConfig{Guarantee: guarantee}
		key, other := sfaas.NewKey(sfaas.KindCell, 1), sfaas.NewKey(sfaas.KindCell, 2)
		for other.KeyGroup() == key.KeyGroup() {
			other = sfaas.NewKey(sfaas.KindCell, 3)
		}
		hold := map[sfaas.Key]chan struct{}{key: make(chan struct{}), other: make(chan struct{})}
		busy, entered := blocker("busy", hold)
		p := sfaas.Define("p", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
		var seen arrivals
		k := seen.count("k")
		g := sfaas.NewGraph("g")
		in, work := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "work")
		sfaas.Apply(sfaas.Apply(in.With(edge), p).With(edge), k)
		sfaas.Apply(work, busy)
		app := build(t, g)
		e := &shutFor{part: "p"}
		a := start(t, app, sfaas.WithNode(1), sfaas.WithBlockLimit(time.Minute))
		b := start(t, app, sfaas.WithNode(2), sfaas.WithBlockLimit(time.Minute), sfaas.WithDefaultOwner(1),
			sfaas.WithEngine(e), sfaas.WithCommitRetry(time.Millisecond))
		if err := sfaas.Link(a, b); err != nil {
			t.Fatal(err)
		}
		mustMove(t, a, b, k, key)
		mustMove(t, a, b, busy, other)
		e.close()
		push(t, in, a, key, 1, 1) // p and k at b: the commit of p takes a while
		pause()
		moved := make(chan error, 1)
		go func() { _, err := moveOf(context.Background(), b, a, k, key); moved <- err }()
		pause()
		e.open()                      // b hands k over,
		push(t, work, b, other, 2, 0) // and is busy from then on
		<-entered
		pause()
		push(t, in, a, key, 2, 2) // p and k at a
		pause()
		push(t, work, a, key, 2, 0) // a is busy too
		<-entered
		push(t, in, a, key, 3, 3)
		close(hold[other])
		pause()
		close(hold[key])
		if err := <-moved; err != nil {
			t.Fatal(err)
		}
		drain(t, a)
		seen.want(t, guarantee, "[1 2 3]", a, b)
	}
}

// TestMoveBetweenThree moves a function a→b→c→a while a's message to the first
// target is still on its way: what is pushed at a from then on does not overtake
// it. It is D2, after charmplusplus/charm#3997 and #3259 (chains of stale
// locations after several migrations).
func TestMoveBetweenThree(t *testing.T) {
	for _, guarantee := range []sfaas.Guarantee{sfaas.AtMostOnce, sfaas.ExactlyOnce} {
		key := sfaas.NewKey(sfaas.KindCell, 1)
		hold := map[sfaas.Key]chan struct{}{key: make(chan struct{})}
		busy, entered := blocker("busy", hold)
		var seen arrivals
		f := seen.count("f")
		g := sfaas.NewGraph("g")
		in, work := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "work")
		sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: guarantee}), f)
		sfaas.Apply(work, busy)
		app := build(t, g)
		a, b := pair(t, app, sfaas.WithBlockLimit(time.Minute))
		c := start(t, app, sfaas.WithNode(3), sfaas.WithDefaultOwner(1))
		for _, r := range []*sfaas.Runtime{a, b} {
			if err := sfaas.Link(r, c); err != nil {
				t.Fatal(err)
			}
		}
		push(t, in, a, key, 1, 1)
		drain(t, a)
		mustMove(t, a, b, busy, key)
		mustMove(t, a, b, f, key)
		mustMove(t, b, c, f, key)
		push(t, work, b, key, 2, 0) // b's only worker runs something for a while
		<-entered
		push(t, in, a, key, 2, 2) // to b, which forwards it when it can
		pause()
		mustMove(t, c, a, f, key)
		push(t, in, a, key, 3, 3)
		push(t, in, a, key, 4, 4)
		pause()
		close(hold[key])
		drain(t, a)
		seen.want(t, guarantee, "[1 2 3 4]", a, b, c)
	}
}
