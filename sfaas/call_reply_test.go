// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// payload is a message of any size.
type payload struct{ B []byte }

// TestAnsweredCallLeavesNoTimer makes calls with a timeout of an hour that are
// answered at once: nothing of them stays. It is D25, after
// akkadotnet/akka.net#2147 (ask keeps its timeout, and what it holds).
func TestAnsweredCallLeavesNoTimer(t *testing.T) {
	var answered atomic.Uint64
	echo := sfaas.CallRef[number, number]("echo")
	e := sfaas.Define("echo", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
		m, _ := echo.Call(c, c.Key(), time.Hour)
		*m = *in
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, echo.OnReply(func(*sfaas.Ctx, sfaas.Reply[number]) error { answered.Add(1); return nil }))
	g := sfaas.NewGraph("g")
	in, unused := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "unused")
	sfaas.Apply(in, f)
	sfaas.Apply(unused, e)
	rt := start(t, build(t, g))
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	drain(t, rt)
	before := int64(heap())
	const calls = 100000
	for i := range calls {
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), 1)
	}
	drain(t, rt)
	if grown := (int64(heap()) - before) / calls; grown > 20 {
		t.Errorf("each of %d answered calls leaves %d bytes for an hour", answered.Load(), grown)
	}
}

// TestCallIsBounded calls a function with more than WithMaxMessage allows: the
// call is refused as a push is. It is D31, after actor-ts#794 (a ceiling that one
// way in does not keep).
func TestCallIsBounded(t *testing.T) {
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out *number, in *payload) error { out.X = uint64(len(in.B)); return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[payload](g, "in")
	sfaas.Apply(in, f)
	rt := start(t, build(t, g), sfaas.WithMaxMessage(1000))
	var size *sfaas.SizeError
	if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), 1, &payload{make([]byte, 2000)}); !errors.As(err, &size) {
		t.Fatalf("push: got %v, want a SizeError", err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	var out number
	err := sfaas.CallRef[payload, number]("f").Invoke(ctx, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, &out, func(p *payload) error { p.B = make([]byte, 2000); return nil })
	if !errors.As(err, &size) {
		t.Errorf("call with 2000 bytes, limit 1000: got %v and %d, want a SizeError", err, out.X)
	}
}

// TestCallOfParallelFunction calls a parallel function: it answers the caller
// alone, with one worker as with two. It is D14, after dotnet/orleans#9367 (a
// stateless worker does not keep to what is said of calls).
func TestCallOfParallelFunction(t *testing.T) {
	for _, workers := range []int{1, 2} {
		var down atomic.Uint64
		f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error { out.X = in.X + 1; return nil }, sfaas.FunctionConfig{Parallel: true})
		g := sfaas.NewGraph("g")
		in := sfaas.Source[number](g, "in")
		sink := sfaas.Sink(sfaas.Apply(in, f), "out")
		rt := start(t, build(t, g), sfaas.WithWorkers(workers), sfaas.WithOutput(sink, func(sfaas.Header, *number) { down.Add(1) }))
		ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
		var out number
		err := sfaas.CallRef[number, number]("f").Invoke(ctx, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, &out, func(n *number) error { n.X = 7; return nil })
		stop()
		rt.Close()
		if err != nil || out.X != 8 || down.Load() != 0 {
			t.Errorf("%d workers: %v, %v; %d messages went to the sink", workers, out, err, down.Load())
		}
	}
}

// TestParallelSendsKeepOrder lets a parallel function send by reference: what one
// key sends arrives in the order of its inputs. It is D14, after
// ray-project/ray#23406 (the order of concurrent tasks).
func TestParallelSendsKeepOrder(t *testing.T) {
	to := sfaas.Ref[number]("to")
	var mu sync.Mutex
	var got []uint64
	end := sfaas.Define("to", func(_ *sfaas.Ctx, _, in *number) error {
		mu.Lock()
		got = append(got, in.X)
		mu.Unlock()
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{})
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
		if in.X%2 == 0 { // every second one takes longer
			time.Sleep(200 * time.Microsecond)
		}
		*to.Send(c, c.Key()) = *in
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{Parallel: true}, to)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	sfaas.Apply(sfaas.Source[number](g, "unused"), end)
	rt := start(t, build(t, g), sfaas.WithWorkers(2))
	for i := range uint64(100) {
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), i)
	}
	drain(t, rt)
	mu.Lock()
	defer mu.Unlock()
	for i, x := range got {
		if x != uint64(i) {
			t.Fatalf("%d came as number %d: %v", x, i, got)
		}
	}
	if len(got) != 100 {
		t.Errorf("%d of 100 came", len(got))
	}
}

// TestParallelDelays lets a parallel function delay messages on several workers
// at once. Only the race detector sees that one counter is theirs together. It is
// D14, after dapr/dapr#10179 (a race on the counter of timers).
func TestParallelDelays(t *testing.T) {
	later := sfaas.Ref[number]("later")
	var fired atomic.Uint64
	l := sfaas.Define("later", func(*sfaas.Ctx, *number, *number) error { fired.Add(1); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error {
		later.After(c, c.Key(), time.Millisecond)
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{Parallel: true}, later)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	sfaas.Apply(sfaas.Source[number](g, "unused"), l)
	rt := start(t, build(t, g), sfaas.WithWorkers(3))
	for i := range uint64(2000) {
		push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), i)
	}
	drain(t, rt)
	for range 100 {
		if fired.Load() == 2000 {
			return
		}
		pause()
		drain(t, rt)
	}
	t.Errorf("%d of 2000 delayed messages came", fired.Load())
}

// TestParallelDeadLetters lets a parallel function fail: what it could not process
// goes to the dead-letter edge and is counted, and a call gets its fault. It is the
// first fault of the structure's review and, as parallel-consumer#310 (no dead
// letters when parallel), a part of D14.
func TestParallelDeadLetters(t *testing.T) {
	for _, workers := range []int{1, 2} {
		t.Run(fmt.Sprintf("workers=%d", workers), func(t *testing.T) {
			bad := errors.New("bad")
			f := sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return bad }, sfaas.FunctionConfig{Parallel: true})
			var letters atomic.Uint64
			grave := sfaas.Define("grave", func(*sfaas.Ctx, *number, *number) error { letters.Add(1); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
			g := sfaas.NewGraph("g")
			in := sfaas.Source[number](g, "in")
			sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: sfaas.AtLeastOnce, Retries: -1}), f)
			sfaas.DeadLetter(in, f, grave)
			rt := start(t, build(t, g), sfaas.WithWorkers(workers))
			for i := range uint64(10) {
				push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), i)
			}
			drain(t, rt)
			if s := rt.Stats()[0]; letters.Load() != 10 || s.DeadLetters != 10 {
				t.Errorf("%d dead letters came, %d are counted, want 10", letters.Load(), s.DeadLetters)
			}
			ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer stop()
			var out number
			err := sfaas.CallRef[number, number]("f").Invoke(ctx, rt, sfaas.NewKey(sfaas.KindCell, 1), 11, &out, func(*number) error { return nil })
			if !errors.Is(err, bad) {
				t.Errorf("the call got %v, want its fault", err)
			}
		})
	}
}
