// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// exactly is an edge that promises to deliver exactly once.
var exactly = sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}

// pause is long enough for what has been started to come to rest.
func pause() { time.Sleep(20 * time.Millisecond) }

// build builds a graph that has no mistakes.
func build(t testing.TB, g *sfaas.Graph) *sfaas.App {
	t.Helper()
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// start runs an app on one worker in replay, unless options say otherwise, until
// the end of the test.
func start(t testing.TB, app *sfaas.App, opts ...sfaas.Option) *sfaas.Runtime {
	t.Helper()
	opts = append([]sfaas.Option{sfaas.WithLogger(quietLog), sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(1)}, opts...)
	rt, err := sfaas.NewRuntime(app, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	return rt
}

// pair starts two linked runtimes, nodes 1 and 2, of which the first owns
// everything.
func pair(t testing.TB, app *sfaas.App, opts ...sfaas.Option) (a, b *sfaas.Runtime) {
	t.Helper()
	a = start(t, app, append([]sfaas.Option{sfaas.WithNode(1)}, opts...)...)
	b = start(t, app, append([]sfaas.Option{sfaas.WithNode(2), sfaas.WithDefaultOwner(1)}, opts...)...)
	if err := sfaas.Link(a, b); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// moveOf moves the unit of a function and key.
func moveOf(ctx context.Context, from, to *sfaas.Runtime, f sfaas.Function, key sfaas.Key) (sfaas.MoveReport, error) {
	u, err := from.App().Unit(f.Name(), key)
	if err != nil {
		return sfaas.MoveReport{}, err
	}
	return from.MoveUnit(ctx, u, to.Node(), sfaas.MoveConfig{})
}

// push pushes a number, again while the source is refused.
func push(t testing.TB, in sfaas.Input[number], h sfaas.Host, key sfaas.Key, slot sfaas.Slot, x uint64) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(20 * time.Microsecond) {
		switch err := in.PushValue(h, key, slot, &number{x}); {
		case err == nil:
			return
		case !errors.Is(err, sfaas.ErrBusy):
			t.Fatal(err)
		case time.Since(begin) > 20*time.Second:
			t.Fatal("the source is refused for ever")
		}
	}
}

// counted sums what happened to the messages of all functions of runtimes.
func counted(rts ...*sfaas.Runtime) (sum sfaas.Counts) {
	for _, r := range rts {
		for _, s := range r.Stats() {
			sum.Skipped += s.Skipped
			sum.Late += s.Late
			sum.Dropped += s.Dropped
			sum.Repeated += s.Repeated
			sum.Stale += s.Stale
			sum.Faults += s.Faults
			sum.DeadLetters += s.DeadLetters
			sum.Lost += s.Lost
			sum.Unheard += s.Unheard
			sum.Unasked += s.Unasked
		}
	}
	return sum
}

// heldEngine keeps the batches that it is offered until the test answers them.
type heldEngine struct {
	mu  sync.Mutex
	got []*sfaas.Batch
	ids []uint64
}

// Encodes implements sfaas.Engine.
func (e *heldEngine) Encodes() bool { return true }

// Commit implements sfaas.Engine.
func (e *heldEngine) Commit(b *sfaas.Batch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got, e.ids = append(e.got, b), append(e.ids, b.ID)
}

// offer returns offer i, from 0, and the number that its batch had.
func (e *heldEngine) offer(i int) (*sfaas.Batch, uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got[i], e.ids[i]
}

// offers returns how often the batch of a number has been offered.
func (e *heldEngine) offers(id uint64) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, x := range e.ids {
		if x == id {
			n++
		}
	}
	return n
}

// next waits for an offer of a batch whose number is not in old.
func (e *heldEngine) next(t testing.TB, old ...uint64) (*sfaas.Batch, uint64) {
	t.Helper()
	seen := map[uint64]bool{}
	for _, id := range old {
		seen[id] = true
	}
	for range 5000 {
		e.mu.Lock()
		for i, id := range e.ids {
			if !seen[id] {
				e.mu.Unlock()
				return e.offer(i)
			}
		}
		e.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	t.Fatal("no further batch")
	return nil, 0
}

// wait waits until there were n offers.
func (e *heldEngine) wait(t testing.TB, n int) {
	t.Helper()
	for range 5000 {
		e.mu.Lock()
		k := len(e.got)
		e.mu.Unlock()
		if k >= n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("fewer than %d offers", n)
}

// shutFor is an engine that commits at once, except for one function while it is
// shut.
type shutFor struct {
	mu   sync.Mutex
	fn   string
	shut bool
	held []*sfaas.Batch
}

// Encodes implements sfaas.Engine.
func (e *shutFor) Encodes() bool { return false }

// Commit implements sfaas.Engine.
func (e *shutFor) Commit(b *sfaas.Batch) {
	e.mu.Lock()
	held := e.shut && b.Function == e.fn
	if held {
		e.held = append(e.held, b)
	}
	e.mu.Unlock()
	if !held {
		b.Done(nil)
	}
}

// close lets the engine keep the batches of its function.
func (e *shutFor) close() {
	e.mu.Lock()
	e.shut = true
	e.mu.Unlock()
}

// open answers what has been kept.
func (e *shutFor) open() {
	e.mu.Lock()
	held := e.held
	e.held, e.shut = nil, false
	e.mu.Unlock()
	for _, b := range held {
		b.Done(nil)
	}
}

// cheapest is the least of three costs: the collector and other programs add to some.
func cheapest(cost func() time.Duration) time.Duration { return min(cost(), cost(), cost()) }
