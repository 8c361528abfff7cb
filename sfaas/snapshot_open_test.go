// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestSnapshotWhilePeerCloses takes snapshots of a runtime while the one that it
// is linked with closes: they end, with or without an error. It is D6, after
// apache/seatunnel#11489 (a savepoint hangs for ever, the job stands still).
func TestSnapshotWhilePeerCloses(t *testing.T) {
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	app := build(t, g)
	for i := range 300 {
		a, b := pair(t, app, sfaas.WithWorkers(2))
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		result := make(chan error, 1)
		go func() { var w bytes.Buffer; result <- a.Snapshot(ctx, &w) }()
		time.Sleep(time.Duration(i%40) * time.Microsecond)
		b.Close()
		err := <-result
		cancel()
		a.Close()
		if errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("round %d: Snapshot hung until its context ended", i)
		}
	}
}

// slowWriter takes a while for every write.
type slowWriter time.Duration

// Write implements io.Writer.
func (s slowWriter) Write(p []byte) (int, error) { time.Sleep(time.Duration(s)); return len(p), nil }

// TestSourcesWhileSnapshotIsWritten pushes while the writer of a snapshot sleeps:
// sources wait for the copy of the state alone. It is D29, after etcd-io/etcd#3714
// (saving a snapshot must not block the loop).
func TestSourcesWhileSnapshotIsWritten(t *testing.T) {
	f := sfaas.Define("f", func(*sfaas.Ctx, *number, *number) error { return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	rt := start(t, build(t, g))
	done := make(chan error, 1)
	go func() { done <- rt.Snapshot(context.Background(), slowWriter(time.Second)) }()
	time.Sleep(100 * time.Millisecond)
	begin := time.Now()
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	if d := time.Since(begin); d > 300*time.Millisecond {
		t.Errorf("Push was refused for %v while the writer slept", d)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// news is what a topic carries.
type news struct{ Y uint64 }

// newsroom returns a graph with a topic, its subscriber and its publisher, and the
// sources that make one subscribe and the other publish. A grown one has a
// function before them.
func newsroom(t *testing.T, grown bool, heard *atomic.Uint64) (app *sfaas.App, join, tell sfaas.Input[number]) {
	topic := sfaas.NewTopic[news]("news")
	reader := sfaas.Define("reader", func(c *sfaas.Ctx, _, _ *number) error {
		topic.Subscribe(c, sfaas.NewKey(sfaas.KindCell, 9))
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, topic.On(func(*sfaas.Ctx, *news) error { heard.Add(1); return nil }))
	writer := sfaas.Define("writer", func(c *sfaas.Ctx, _, in *number) error {
		topic.Publish(c, sfaas.NewKey(sfaas.KindCell, 9)).Y = in.X
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, topic)
	g := sfaas.NewGraph("g")
	if grown {
		sfaas.Apply(sfaas.Source[number](g, "x"), sfaas.Define("extra", func(*sfaas.Ctx, *number, *number) error { return nil }, sfaas.FunctionConfig{}))
	}
	join, tell = sfaas.Source[number](g, "join"), sfaas.Source[number](g, "tell")
	sfaas.Apply(join, reader)
	sfaas.Apply(tell, writer)
	return build(t, g), join, tell
}

// TestSubscriptionSurvivesAnUpgrade restores a subscription into a graph with one
// more function: its subscriber goes on hearing. It is D9, after dotnet/orleans#2618
// (stored subscriptions name a grain by a number that a new version does not have).
func TestSubscriptionSurvivesAnUpgrade(t *testing.T) {
	var heard atomic.Uint64
	app, join, tell := newsroom(t, false, &heard)
	rt := start(t, app)
	push(t, join, rt, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	drain(t, rt)
	push(t, tell, rt, sfaas.NewKey(sfaas.KindCell, 2), 2, 1)
	drain(t, rt)
	if heard.Load() != 1 {
		t.Fatal("the subscription does not work at all")
	}
	data := snapshotOf(t, rt)
	rt.Close()
	app, _, tell = newsroom(t, true, &heard)
	rt = start(t, app)
	if err := rt.Restore(context.Background(), bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	push(t, tell, rt, sfaas.NewKey(sfaas.KindCell, 2), 3, 1)
	drain(t, rt)
	if heard.Load() != 2 {
		t.Errorf("the subscriber heard nothing after the restore; function extra: %+v", rt.Stats()[0].Counts)
	}
}

// oneCell starts a function that uses one cell, after a restore if there is data,
// and lets it run once.
func oneCell(t *testing.T, use func(c *sfaas.Ctx), d sfaas.Declared, data []byte) (rt *sfaas.Runtime, restored error) {
	t.Helper()
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error { use(c); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{}, d)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	rt = start(t, build(t, g))
	if data != nil {
		restored = rt.Restore(context.Background(), bytes.NewReader(data))
	}
	push(t, in, rt, sfaas.NewKey(sfaas.KindCell, 1), 9, 1)
	drain(t, rt)
	return rt, restored
}

// TestRenamedCellIsAnError restores a snapshot into a function whose cell has
// another name, or is gone: its state would be lost, which is an error. It is D23
// and B1, after apache/flink#23208 (the state of a dropped operator).
func TestRenamedCellIsAnError(t *testing.T) {
	total := sfaas.NewValue[int32]("total", sfaas.Replicated)
	rt, _ := oneCell(t, func(c *sfaas.Ctx) { *total.Mut(c)++ }, total, nil)
	data := snapshotOf(t, rt)
	rt.Close()
	sum := sfaas.NewValue[int32]("sum", sfaas.Replicated)
	if _, err := oneCell(t, func(c *sfaas.Ctx) { *sum.Mut(c)++ }, sum, data); err == nil {
		t.Error("renamed: restored without an error, the content of cell total is gone")
	}
	none := sfaas.NewScratch("none", func() (int, error) { return 0, nil }, nil)
	if _, err := oneCell(t, func(*sfaas.Ctx) {}, none, data); err == nil {
		t.Error("removed: restored without an error, the content of cell total is gone")
	}
}

// TestMapKeyOfAnotherForm restores a map whose keys have another form under a newer
// version: they are upgraded or refused, never misread. It is D24, after
// apache/flink#26364 (the schema of map keys has changed).
func TestMapKeyOfAnotherForm(t *testing.T) {
	type old struct{ A, B uint32 }
	type swapped struct{ B, A uint32 }
	before := sfaas.NewMap[old, uint64]("m", sfaas.Replicated)
	rt, _ := oneCell(t, func(c *sfaas.Ctx) { before.Set(c, old{A: 1, B: 2}, 3) }, before, nil)
	data := snapshotOf(t, rt)
	rt.Close()
	same := func(b []byte, _ int) ([]byte, error) { return b, nil }
	after := sfaas.NewMap[swapped, uint64]("m", sfaas.Replicated, sfaas.Version(1, same))
	var keys []swapped
	_, err := oneCell(t, func(c *sfaas.Ctx) {
		for k := range after.All(c) {
			keys = append(keys, k)
		}
	}, after, data)
	if err == nil && (len(keys) != 1 || keys[0] != swapped{A: 1, B: 2}) {
		t.Errorf("restored without an error: the key {A:1 B:2} reads %+v", keys)
	}
}
