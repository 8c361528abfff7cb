// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestMoveToItself moves a loaded function from a runtime to the same runtime:
// every message counts once. It is D17, after dotnet/orleans#10044 (an activation
// that is migrated to where it is stays between two states).
func TestMoveToItself(t *testing.T) {
	n := sfaas.NewValue[uint64]("n", sfaas.Replicated)
	var last atomic.Uint64
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error {
		p := n.Mut(c)
		*p++
		last.Store(*p)
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, n)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(exactly), f)
	rt := start(t, build(t, g))
	pushed := 0
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			pushed++
			push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(pushed), 1)
		}
	}()
	var first error
	for range 50 {
		time.Sleep(time.Millisecond)
		if _, err := moveOf(context.Background(), rt, rt, f, sfaas.NewKey(sfaas.KindCell, 1)); first == nil {
			first = err
		}
	}
	stop.Store(true)
	<-done
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(pushed+1), 1)
	drain(t, rt)
	if last.Load() != uint64(pushed+1) {
		t.Errorf("counter %d after %d messages and 50 moves to itself (%v)", last.Load(), pushed+1, first)
	}
}

// TestMoveOfOneSlotEnds moves a function to which messages of one slot keep
// coming, as those of any service without slots do. It is D16, after
// akkadotnet/akka.net#7500 (a hand-off never ends).
func TestMoveOfOneSlotEnds(t *testing.T) {
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error {
		for begin := time.Now(); time.Since(begin) < 20*time.Microsecond; {
		}
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	a, b := pair(t, build(t, g))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { // the line is never empty
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				if in.PushValue(a, sfaas.NewKey(sfaas.KindCell, 1), 0, &number{1}) != nil {
					time.Sleep(10 * time.Microsecond)
				}
			}
		}
	}()
	pause()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := moveOf(ctx, a, b, f, sfaas.NewKey(sfaas.KindCell, 1))
	close(stop)
	<-done
	if err != nil {
		t.Errorf("the move under load of one slot: %v", err)
	}
}

// TestMoveToClosing moves a function to a runtime that closes meanwhile: the move
// ends, if need be by a claim, and what is pushed afterwards runs, is refused, or is counted. It is D7,
// after akka/akka-core#29034 (a hand-off to a node that crashed).
func TestMoveToClosing(t *testing.T) {
	var ran atomic.Uint64
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { ran.Add(1); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(exactly), f)
	app := build(t, g)
	for round := range 200 {
		a, b := pair(t, app)
		moved := make(chan error, 1)
		go func() { _, err := moveOf(context.Background(), a, b, f, sfaas.NewKey(sfaas.KindCell, 1)); moved <- err }()
		time.Sleep(time.Duration(round%40) * time.Microsecond)
		b.Close()
		select {
		case err := <-moved:
			if err == nil { // b had it before it closed, see TestOwnerIsClosed
				a.Close()
				continue
			}
			var kept *sfaas.KeptError
			if errors.As(err, &kept) { // nobody can know whether b had it: it waits for a claim
				if err := a.Claim(kept.Unit, kept.Epoch+1); err != nil {
					t.Fatalf("round %d: a claim after %v: %v", round, kept, err)
				}
			}
		case <-time.After(2 * time.Second):
			t.Fatalf("round %d: the move never ends", round)
		}
		before, refused := ran.Load(), 0
		for i := range 10 {
			if in.PushValue(a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), &number{1}) != nil {
				refused++
			}
		}
		drain(t, a)
		if s := counted(a); ran.Load() == before && refused == 0 && s.Dropped+s.Stale+s.DeadLetters == 0 {
			t.Fatalf("round %d: ten pushes after the failed move vanished", round)
		}
		a.Close()
	}
}

// TestOwnerIsClosed pushes to a function whose owner has been closed: what cannot
// reach it is refused, or at least counted or noticed. It is D8, after
// akkadotnet/akka.net#8501 (messages are dropped silently during a hand-off).
func TestOwnerIsClosed(t *testing.T) {
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(exactly), f)
	var notices atomic.Uint64
	a, b := pair(t, build(t, g), sfaas.WithNotices(func(sfaas.Notice) { notices.Add(1) }))
	mustMove(t, a, b, f, sfaas.NewKey(sfaas.KindCell, 1))
	b.Close()
	refused := 0
	for i := range 100 {
		if in.PushValue(a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), &number{1}) != nil {
			refused++
		}
	}
	pause()
	if s := counted(a); refused == 0 && s.Dropped+s.Stale+s.DeadLetters == 0 && notices.Load() == 0 {
		t.Errorf("100 pushes vanished: no error, no notice, %+v", s)
	}
}

// TestOutputWithoutReceiver moves a function to a runtime where its sink has no
// receiver: its outputs reach the one that there is, or are counted. It is D18,
// after dotnet/orleans#9126 (output ends when it comes from the other silo).
func TestOutputWithoutReceiver(t *testing.T) {
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in, f), "out")
	app := build(t, g)
	var came atomic.Uint64
	a := start(t, app, sfaas.WithNode(1), sfaas.WithOutput(out, func(sfaas.Header, *number) { came.Add(1) }))
	b := start(t, app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1))
	if err := sfaas.Link(a, b); err != nil {
		t.Fatal(err)
	}
	if _, err := moveOf(context.Background(), a, b, f, sfaas.NewKey(sfaas.KindCell, 1)); err != nil {
		return // refused: nothing is lost
	}
	for i := range 10 {
		push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), 1)
	}
	drain(t, a)
	if s := counted(a, b); came.Load()+s.Dropped+s.Unheard != 10 {
		t.Errorf("%d of 10 outputs came, %d are counted as dropped, %d as unheard", came.Load(), s.Dropped, s.Unheard)
	}
}

// TestSinkFollowsItsFunction empties a runtime by moving its function, and closes
// it: the outputs go on at the other one. It is the second half of D18: a sink
// cannot be moved, so no node can ever be drained.
func TestSinkFollowsItsFunction(t *testing.T) {
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in, f), "out")
	var came atomic.Uint64
	a, b := pair(t, build(t, g), sfaas.WithOutput(out, func(sfaas.Header, *number) { came.Add(1) }))
	mustMove(t, a, b, f, sfaas.NewKey(sfaas.KindCell, 1))
	a.Close()
	for i := range 10 {
		push(t, in, b, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), 1)
	}
	drain(t, b)
	if came.Load() != 10 {
		t.Errorf("%d of 10 outputs came after the first runtime was closed", came.Load())
	}
}

// TestMoveFromClosed moves a function from a runtime that is closed: what the
// target opened for it is closed again when the move has failed. It is the third
// fault of the structure's review.
func TestMoveFromClosed(t *testing.T) {
	var session device
	shared := sfaas.NewShared("session", session.get, session.put)
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{}, shared)
	g := sfaas.NewGraph("g")
	sfaas.Apply(sfaas.Source[number](g, "in"), f)
	a, b := pair(t, build(t, g))
	a.Close()
	if _, err := moveOf(context.Background(), a, b, f, sfaas.NewKey(sfaas.KindCell, 1)); err == nil {
		t.Fatal("a closed runtime gave something away")
	}
	if n := session.open.Load(); n != 0 {
		t.Errorf("%d sessions are open after the move has failed, %d were opened", n, session.opened.Load())
	}
}

// TestClosedPeersAreLetGo links a runtime with others that are closed again: it
// does not keep them. It is D30, after akka/akka-core#20523 (what belongs to a
// remote system that has gone is never let go).
func TestClosedPeersAreLetGo(t *testing.T) {
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	sfaas.Apply(sfaas.Source[number](g, "in"), f)
	app := build(t, g)
	a := start(t, app, sfaas.WithNode(1))
	before := int64(heap())
	const peers = 200
	for i := range peers {
		b, err := sfaas.NewRuntime(app, sfaas.WithNode(sfaas.NodeID(i+2)), sfaas.WithDefaultOwner(1), sfaas.WithWorkers(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := sfaas.Link(a, b); err != nil {
			t.Fatal(err)
		}
		b.Close()
	}
	if grown := (int64(heap()) - before) / peers; grown > 4096 {
		t.Errorf("each closed peer keeps %d bytes", grown)
	}
}

// answersOnce is a transport on which only the first answer of host code arrives, as of an end
// that is too busy for more.
type answersOnce struct {
	wire
	answered *atomic.Bool
}

// Send implements sfaas.Transport.
func (w answersOnce) Send(to sfaas.NodeID, class sfaas.FrameClass, f *sfaas.Frame) error {
	if class == sfaas.HostFrames && w.answered.Swap(true) {
		f.Release()
		return nil
	}
	return w.wire.Send(to, class, f)
}

// TestMoveToBusy moves a unit to a runtime that says that it is prepared, takes the unit, and
// then is too busy to say that it needs nothing else: the move has been made.
func TestMoveToBusy(t *testing.T) {
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(exactly), f)
	app, key := build(t, g), sfaas.NewKey(sfaas.KindCell, 1)
	limit := sfaas.WithBlockLimit(20 * time.Millisecond)
	a := start(t, app, limit, sfaas.WithNode(1))
	b := start(t, app, limit, sfaas.WithNode(2), sfaas.WithDefaultOwner(1))
	ha, hb := a.Hello(), b.Hello()
	if _, _, err := a.Connect(wire{&wires{}, a, b}, hb); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Connect(answersOnce{wire{&wires{}, b, a}, new(atomic.Bool)}, ha); err != nil {
		t.Fatal(err)
	}
	push(t, in, a, key, 1, 1)
	drain(t, a)
	r, err := moveOf(t.Context(), a, b, f, key)
	if err != nil || r.Epoch == 0 {
		t.Errorf("the move has ended with %+v (%v)", r, err)
	}
	u, err := app.Unit("f", key)
	if err != nil {
		t.Fatal(err)
	}
	if route, err := b.Route(u); err != nil || route.Owner != 2 {
		t.Errorf("the unit is at node %d (%v)", route.Owner, err)
	}
}
