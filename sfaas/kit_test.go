// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"iter"
	"slices"
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

// keepsNothing is what engines of tests have in common that only answer.
type keepsNothing struct{}

// Keeps implements sfaas.Engine.
func (keepsNothing) Keeps() bool { return false }

// Load implements sfaas.Engine.
func (keepsNothing) Load(func(sfaas.Unit, uint32, iter.Seq2[[]byte, []byte]) error) error { return nil }

// heldEngine keeps what it is offered until the test answers.
type heldEngine struct {
	keepsNothing
	mu  sync.Mutex
	got []offer
}

// offer is one call of Commit.
type offer struct {
	of   recordID
	done func(error)
}

// recordID is what tells records apart.
type recordID struct {
	unit  sfaas.Unit
	epoch uint32
	core  int
	seq   uint64
}

func idOf(r *sfaas.Record) recordID { return recordID{r.Unit, r.Epoch, r.Core, r.Seq} }

// Commit implements sfaas.Engine.
func (e *heldEngine) Commit(r *sfaas.Record, done func(error)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got = append(e.got, offer{idOf(r), done})
}

// offers returns the offers of a record.
func (e *heldEngine) offers(id recordID) (all []offer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, x := range e.got {
		if x.of == id {
			all = append(all, x)
		}
	}
	return all
}

// next waits for an offer of a record that is not in old.
func (e *heldEngine) next(t testing.TB, old ...recordID) offer {
	t.Helper()
	for range 5000 {
		e.mu.Lock()
		for _, x := range e.got {
			if !slices.Contains(old, x.of) {
				e.mu.Unlock()
				return x
			}
		}
		e.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	t.Fatal("no further record")
	return offer{}
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

// shutFor is an engine that commits at once, except for one part while it is
// shut.
type shutFor struct {
	keepsNothing
	mu   sync.Mutex
	part string
	shut bool
	held []func(error)
}

// Commit implements sfaas.Engine.
func (e *shutFor) Commit(r *sfaas.Record, done func(error)) {
	e.mu.Lock()
	held := e.shut && r.Unit.Part == e.part
	if held {
		e.held = append(e.held, done)
	}
	e.mu.Unlock()
	if !held {
		done(nil)
	}
}

// close lets the engine keep what comes of its part.
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
	for _, done := range held {
		done(nil)
	}
}

// cheapest is the least of three costs: the collector and other programs add to some.
func cheapest(cost func() time.Duration) time.Duration { return min(cost(), cost(), cost()) }
