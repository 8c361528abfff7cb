// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestCapacityOfAnEdge fills an edge of 4 messages and 1 MiB while its handler
// runs: about as much is taken before sources are refused. It is D27, after
// nats-io/nats.net#508 and smallrye/smallrye-reactive-messaging#2573 (a bound that
// is looked at too late, and not in bytes).
func TestCapacityOfAnEdge(t *testing.T) {
	hold, entered := make(chan struct{}), make(chan struct{}, 1)
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *payload) error {
		select {
		case entered <- struct{}{}:
		default:
		}
		<-hold
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[payload](g, "in")
	sfaas.Apply(in.With(sfaas.EdgeConfig{Messages: 4, Bytes: 1 << 20}), f)
	rt := start(t, build(t, g), sfaas.WithBlockLimit(time.Hour))
	fill := func(b *payload) error { b.B = make([]byte, 1<<18); return nil }
	if err := in.Push(rt, sfaas.NewKey(sfaas.KindCell, 1), 0, fill); err != nil {
		t.Fatal(err)
	}
	<-entered
	taken := 0
	for taken < 5000 && in.Push(rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(taken+1), fill) == nil {
		taken++
	}
	close(hold)
	drain(t, rt)
	if taken > 8 {
		t.Errorf("%d messages of 256 KiB were taken, %d MiB", taken, taken/4)
	}
}

// TestPoolsLetGo lets a burst of 125 MiB through a graph: its memory does not stay
// in the pools. It is D28, after grpc/grpc-go#8500 and nsqio/nsq#996 (a pool that
// hoards).
func TestPoolsLetGo(t *testing.T) {
	hold, entered := make(chan struct{}), make(chan struct{}, 1)
	f := sfaas.Define("f", func(_ *sfaas.Ctx, _ *number, in *payload) error {
		if len(in.B) == 0 {
			entered <- struct{}{}
			<-hold
		}
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[payload](g, "in")
	sfaas.Apply(in, f)
	rt := start(t, build(t, g), sfaas.WithBlockLimit(time.Hour))
	before := int64(heap())
	if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), 0, &payload{}); err != nil {
		t.Fatal(err)
	}
	<-entered
	for i := range 1000 {
		err := in.Push(rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i+1), func(b *payload) error { b.B = make([]byte, 1<<17); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	close(hold)
	drain(t, rt)
	if grown := int64(heap()) - before; grown > 32<<20 {
		t.Errorf("%d MiB stay after a burst of 125 MiB", grown>>20)
	}
}

// TestJoinOfManyKeys brings one side of 5 000 keys before the other, on edges that
// promise: all join. It is D12, after apache/flink#18118 (a join drops what has no
// partner yet).
func TestJoinOfManyKeys(t *testing.T) {
	var joined atomic.Uint64
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *sfaas.Pair[number, number]) error { joined.Add(1); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	a, b := sfaas.Source[number](g, "a"), sfaas.Source[number](g, "b")
	sfaas.Apply(sfaas.Join(a.With(exactly), b.With(exactly)), f)
	rt := start(t, build(t, g))
	const keys = 5000
	for _, in := range []sfaas.Input[number]{a, b} {
		for k := range uint64(keys) {
			push(t, in, rt, sfaas.NewKey(sfaas.KindCell, k), 1, 1)
		}
	}
	drain(t, rt)
	if joined.Load() != keys {
		t.Errorf("%d of %d pairs joined, %d halves dropped", joined.Load(), keys, rt.Stats()[0].Dropped)
	}
}

// TestSelfSendLetsOthersRun lets one key send to itself without an end: another key
// of its worker gets its turn. It is D10, after akka/akka-core#17341 (actors that
// send to themselves starve the others of their dispatcher).
func TestSelfSendLetsOthersRun(t *testing.T) {
	var stop atomic.Bool
	var own, other atomic.Uint64
	self := sfaas.Ref[number]("loop")
	loop := sfaas.Define("loop", func(c *sfaas.Ctx, _, in *number) error {
		own.Add(1)
		if !stop.Load() {
			*self.Send(c, c.Key()) = *in
		}
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, self)
	f := sfaas.Define("other", func(*sfaas.Ctx, *number, *number) error { other.Add(1); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	a, b := sfaas.Source[number](g, "a"), sfaas.Source[number](g, "b")
	sfaas.Apply(a, loop)
	sfaas.Apply(b, f)
	rt := start(t, build(t, g))
	push(t, a, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	push(t, b, rt, sfaas.NewKey(sfaas.KindCell, 2), 1, 1)
	time.Sleep(time.Second)
	if other.Load() == 0 {
		t.Errorf("after %d messages of one key to itself, the message of another key waits still", own.Load())
	}
	closed := make(chan struct{})
	go func() { rt.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(2 * time.Second):
		t.Error("Close does not return while a key sends to itself")
	}
	stop.Store(true)
	<-closed
}
