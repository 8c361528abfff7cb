// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestSecondAnswer answers one offer twice: the second answer commits nothing
// else, however late it is and whichever batch is offered by then. A batch that has
// no answer is not offered again, one that is refused is. It is D3, after
// nats-io/nats-server#6937 (an acknowledgement of the first delivery is taken for a
// later one).
func TestSecondAnswer(t *testing.T) {
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error { *n.Mut(c) += in.X; out.X = in.X; return nil }, sfaas.FunctionConfig{}, n)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sink := sfaas.Sink(sfaas.Apply(in.With(exactly), f).With(exactly), "out")
	var seen atomic.Uint64
	e := &heldEngine{}
	rt := start(t, build(t, g), sfaas.WithEngine(e), sfaas.WithCommitRetry(time.Millisecond),
		sfaas.WithOutput(sink, func(_ sfaas.Header, x *number) { seen.Store(x.X) }))
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	first := e.next(t)
	for range 10 { // many times the retry
		pause()
	}
	if offers := e.offers(first.of); len(offers) != 1 {
		t.Fatalf("a record without an answer was offered %d times", len(offers))
	}
	first.done(sfaas.ErrRefused)
	e.wait(t, 2) // refused: it is offered again
	offers := e.offers(first.of)
	if len(offers) != 2 {
		t.Fatalf("a refused record was offered %d times, want 2", len(offers))
	}
	first.done(nil) // late: that offer has been answered
	pause()
	e.mu.Lock()
	if n := len(e.got); n != 2 {
		t.Errorf("%d offers: a second answer to the first one was taken for one to the second", n)
	}
	e.mu.Unlock()
	offers[1].done(nil)
	ofSink := e.next(t, first.of)
	first.done(nil) // while the record of the sink waits for its own
	offers[1].done(sfaas.ErrStaleEpoch)
	pause()
	ofSink.done(nil)
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 2, 2)
	second := e.next(t, first.of, ofSink.of)
	first.done(nil)
	ofSink.done(nil)
	pause()
	if seen.Load() != 1 {
		t.Errorf("output %d has left, record %v is not committed: a second answer to another one was taken for it", seen.Load(), second.of)
	}
	second.done(nil)
	last := e.next(t, first.of, ofSink.of, second.of)
	last.done(nil)
	drain(t, rt)
	if seen.Load() != 2 {
		t.Errorf("output 2 has not left after its commit")
	}
}

// TestReplyWaitsForTheCommit calls a function whose change is not committed yet:
// the reply, which acknowledges it, is not there. It is D4, after
// yugabyte/yugabyte-db#32875 and tikv/tikv#994 (an answer before it is durable).
func TestReplyWaitsForTheCommit(t *testing.T) {
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error { *n.Mut(c) += in.X; out.X = *n.Mut(c); return nil }, sfaas.FunctionConfig{}, n)
	g := sfaas.NewGraph("g")
	sfaas.Apply(sfaas.Source[number](g, "in"), f)
	e := &heldEngine{}
	rt := start(t, build(t, g), sfaas.WithEngine(e), sfaas.WithCommitRetry(time.Millisecond))
	replied := make(chan error, 1)
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	go func() {
		var out number
		replied <- sfaas.CallRef[number, number]("f").Invoke(ctx, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, &out, func(x *number) error { x.X = 7; return nil })
	}()
	b := e.next(t)
	pause()
	select {
	case err := <-replied:
		t.Errorf("the reply came (%v) before the commit of what it acknowledges", err)
		return
	default:
	}
	b.done(nil)
	if err := <-replied; err != nil {
		t.Error(err)
	}
}

// TestManyCommitsOutstanding answers 2 000 and 16 000 outstanding commits: one
// costs the same. It is D5, after rabbitmq/rabbitmq-server#1511 (acknowledging with
// many outstanding is quadratic).
func TestManyCommitsOutstanding(t *testing.T) {
	cost := func(count int) time.Duration {
		n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
		f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error { *n.Mut(c)++; return sfaas.ErrNoOutput }, sfaas.FunctionConfig{}, n)
		g := sfaas.NewGraph("g")
		in := sfaas.Source[number](g, "in")
		sfaas.Apply(in.With(exactly), f)
		e := &heldEngine{}
		rt := start(t, build(t, g), sfaas.WithEngine(e), sfaas.WithCommitRetry(time.Second), sfaas.WithSourceLimit(1<<20))
		for k := range uint64(count) {
			push(t, in, rt, sfaas.NewKey(sfaas.KindCell, k%1000), sfaas.Slot(k), 1)
		}
		e.wait(t, count)
		begin := cpuTime()
		for _, x := range e.got {
			x.done(nil)
		}
		drain(t, rt)
		took := time.Duration(cpuTime()-begin) / time.Duration(count)
		rt.Close()
		return took
	}
	few, many := cheapest(func() time.Duration { return cost(2000) }), cheapest(func() time.Duration { return cost(16000) })
	if many > 4*few+time.Microsecond {
		t.Errorf("a commit costs %v with 2000 outstanding and %v with 16000", few, many)
	}
}

// silentEngine takes batches and never answers.
type silentEngine struct {
	keepsNothing
	offers atomic.Uint64
}

// Commit implements sfaas.Engine.
func (s *silentEngine) Commit(*sfaas.Record, func(error)) { s.offers.Add(1) }

// TestEngineThatStalls pushes into a graph whose engine does not answer: what
// waits for a commit counts against the capacity of its edge. It is D11, after
// nats-io/nats-server#3517 (a slow disk, nothing pushes back, out of memory).
func TestEngineThatStalls(t *testing.T) {
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error { *n.Mut(c)++; return sfaas.ErrNoOutput }, sfaas.FunctionConfig{}, n)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce, Messages: 64}), f)
	e := &silentEngine{}
	rt := start(t, build(t, g), sfaas.WithEngine(e))
	taken := 0
	for begin := time.Now(); time.Since(begin) < time.Second && taken < 100000; {
		if in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, uint64(taken%1000)), sfaas.Slot(taken), &number{1}) == nil {
			taken++
		} else {
			time.Sleep(10 * time.Microsecond)
		}
	}
	if taken > 5000 {
		t.Errorf("%d messages were taken with nothing committed, on an edge of capacity 64 and a source limit of 1024; %d offers", taken, e.offers.Load())
	}
}

// readingEngine hands records to a goroutine that reads them.
type readingEngine struct {
	keepsNothing
	records chan readRecord
}

type readRecord struct {
	r    *sfaas.Record
	done func(error)
}

// Keeps implements sfaas.Engine.
func (readingEngine) Keeps() bool { return true }

// Commit implements sfaas.Engine.
func (e readingEngine) Commit(r *sfaas.Record, done func(error)) { e.records <- readRecord{r, done} }

// TestEngineReadsOutboxDuringCancel cancels delayed messages while an engine reads
// the record that holds them: nobody writes there. Only the race detector sees it.
// It is D15, after asynkron/protoactor-go#1202 (a data race when timers are
// cancelled).
func TestEngineReadsOutboxDuringCancel(t *testing.T) {
	later := sfaas.Ref[number]("later")
	tok := sfaas.NewValue[uint64]("token", sfaas.Replicated)
	l := sfaas.Define("later", func(*sfaas.Ctx, *number, *number) error { return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error {
		if x, ok := tok.Get(c); ok {
			c.Cancel(sfaas.Token(x))
		}
		_, x := later.After(c, c.Key(), time.Hour)
		tok.Set(c, uint64(x))
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, later, tok)
	g := sfaas.NewGraph("g")
	in, unused := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "unused")
	sfaas.Apply(in.With(exactly), f)
	sfaas.Apply(unused, l)
	r := readingEngine{records: make(chan readRecord, 1<<16)}
	done := make(chan uint64)
	go func() {
		sum := uint64(0)
		for x := range r.records {
			for _, w := range x.r.Writes {
				for _, b := range slices.Concat(w.Key, w.Value) {
					sum += uint64(b)
				}
			}
			x.done(nil)
		}
		done <- sum
	}()
	rt := start(t, build(t, g), sfaas.WithEngine(r), sfaas.WithCommitRetry(time.Second))
	for i := range 3000 {
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), 1)
	}
	drain(t, rt)
	rt.Close()
	close(r.records)
	<-done
}
