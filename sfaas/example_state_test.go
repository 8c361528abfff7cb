// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// A table by name: keys and values may hold strings and slices, up to a size that the cell
// states.
func ExampleMap() {
	type reading struct {
		Name string
		X    uint16
	}
	history := sfaas.NewMap[string, []uint16]("history", sfaas.Replicated, sfaas.MaxBytes(64))
	keep := sfaas.Define("keep", func(c *sfaas.Ctx, _ *sfaas.None, in *reading) error {
		h := history.Mut(c, in.Name)
		*h = append(*h, in.X)
		fmt.Println("at", c.Slot())
		for name, values := range history.All(c) {
			fmt.Println("  ", name, *values)
		}
		return nil
	}, sfaas.FunctionConfig{}, history)

	g := sfaas.NewGraph("example")
	in := sfaas.Source[reading](g, "in")
	sfaas.Apply(in, keep)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := sim.New(app, sim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer world.Close()
	for i, r := range []reading{{"noise", 3}, {"power", 7}, {"noise", 4}} {
		_ = in.PushValue(world.Node(0), sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), &r)
	}
	world.Run()
	// Output:
	// at 0
	//    noise [3]
	// at 1
	//    noise [3]
	//    power [7]
	// at 2
	//    noise [3 4]
	//    power [7]
}

// Content expires some time after its last change.
func ExampleTTL() {
	type ping struct{}
	seen := sfaas.NewValue[int]("seen", sfaas.Volatile, sfaas.TTL(time.Second))
	count := sfaas.Define("count", func(c *sfaas.Ctx, _ *sfaas.None, _ *ping) error {
		n := seen.Mut(c)
		*n++
		fmt.Println("ping", *n, "at", time.Duration(c.Now()).Round(100*time.Millisecond))
		return nil
	}, sfaas.FunctionConfig{}, seen)

	g := sfaas.NewGraph("example")
	in := sfaas.Source[ping](g, "in")
	sfaas.Apply(in, count)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := sim.New(app, sim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer world.Close()
	for i, pause := range []time.Duration{0, 700 * time.Millisecond, 1200 * time.Millisecond} {
		world.RunFor(pause)
		_ = in.PushValue(world.Node(0), sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), &ping{})
	}
	world.Run()
	// Output:
	// ping 1 at 0s
	// ping 2 at 700ms
	// ping 1 at 1.9s
}

// A newer version of a function reads what an older one has kept.
func ExampleVersion() {
	type sample struct{ X uint32 }
	type wide struct{ Sum, Count uint64 } // before version 1 the cell was a uint32

	run := func(f sfaas.Fn[sample, sfaas.None], from []byte, x uint32) []byte {
		g := sfaas.NewGraph("example")
		in := sfaas.Source[sample](g, "in")
		sfaas.Apply(in, f)
		app, err := g.Build()
		if err != nil {
			panic(err)
		}
		world, err := sim.New(app, sim.Config{})
		if err != nil {
			panic(err)
		}
		defer world.Close()
		if from != nil {
			if err := world.Crash(from); err != nil { // everything is gone, and the snapshot restored
				panic(err)
			}
		}
		_ = in.PushValue(world.Node(0), sfaas.NewKey(sfaas.KindCell, 1), 0, &sample{X: x})
		world.Run()
		snap, err := world.Snapshot()
		if err != nil {
			panic(err)
		}
		return snap
	}

	old := sfaas.NewValue[uint32]("total", sfaas.Replicated)
	snapshot := run(sfaas.Define("sum", func(c *sfaas.Ctx, _ *sfaas.None, in *sample) error {
		*old.Mut(c) += in.X
		return nil
	}, sfaas.FunctionConfig{}, old), nil, 40)

	total := sfaas.NewValue[wide]("total", sfaas.Replicated, sfaas.Version(1, func(b []byte, from int) ([]byte, error) {
		sum, err := sfaas.Decode[uint32](b)
		if err != nil {
			return nil, err
		}
		return sfaas.Encode(&wide{Sum: uint64(sum), Count: 1})
	}))
	run(sfaas.Define("sum", func(c *sfaas.Ctx, _ *sfaas.None, in *sample) error {
		t := total.Mut(c)
		t.Sum += uint64(in.X)
		t.Count++
		fmt.Println("sum", t.Sum, "of", t.Count)
		return nil
	}, sfaas.FunctionConfig{}, total), snapshot, 2)
	// Output: sum 42 of 2
}

// A unit goes to another runtime while messages flow.
func ExampleRuntime_MoveUnit() {
	type sample struct{ X int32 }
	total := sfaas.NewValue[int32]("total", sfaas.Replicated)
	sum := sfaas.Define("sum", func(c *sfaas.Ctx, out, in *sample) error {
		t := total.Mut(c)
		*t += in.X
		out.X = *t
		return nil
	}, sfaas.FunctionConfig{}, total)
	g := sfaas.NewGraph("example")
	in := sfaas.Source[sample](g, "in")
	out := sfaas.Sink(sfaas.Apply(in, sum), "out")
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	start := func(node sfaas.NodeID) *sfaas.Runtime {
		rt, err := sfaas.NewRuntime(app, sfaas.WithNode(node), sfaas.WithDefaultOwner(1),
			sfaas.WithOutput(out, func(h sfaas.Header, s *sample) { fmt.Println(h.Key, "on node", node, "has", s.X) }))
		if err != nil {
			panic(err)
		}
		return rt
	}
	one, two := start(1), start(2)
	defer one.Close()
	defer two.Close()
	if err := sfaas.Link(one, two); err != nil {
		fmt.Println(err)
		return
	}

	ctx, cell := context.Background(), sfaas.NewKey(sfaas.KindCell, 1)
	_ = in.PushValue(one, cell, 0, &sample{X: 40})
	_ = one.Drain(ctx)
	unit, _ := app.Unit("sum", cell)
	moved, err := one.MoveUnit(ctx, unit, 2, sfaas.MoveConfig{})
	fmt.Println(unit, "moves with", moved.Instances, "instances:", err)
	_ = in.PushValue(one, cell, 1, &sample{X: 2}) // node 1 sends it on
	_ = one.Drain(ctx)
	// Output:
	// cell1 on node 1 has 40
	// sum/cell1 moves with 1 instances: <nil>
	// cell1 on node 2 has 42
}

// Host code looks into cells while the runtime runs, and later into a snapshot.
func ExampleRuntime_Read() {
	type sample struct{ X int32 }
	total := sfaas.NewValue[int32]("total", sfaas.Replicated)
	sum := sfaas.Define("sum", func(c *sfaas.Ctx, _ *sfaas.None, in *sample) error {
		*total.Mut(c) += in.X
		return nil
	}, sfaas.FunctionConfig{}, total)
	g := sfaas.NewGraph("example")
	in := sfaas.Source[sample](g, "in")
	sfaas.Apply(in, sum)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := sfaas.NewRuntime(app)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	ctx := context.Background()
	for cell := range uint64(2) {
		_ = in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, cell), 0, &sample{X: int32(10 * cell)})
	}
	_ = rt.Drain(ctx)

	show := func(c *sfaas.Ctx) error {
		x, _ := total.Get(c)
		fmt.Println(c.Key(), "has", x)
		return nil
	}
	keys, err := rt.Keys(ctx, sum)
	for _, key := range keys {
		err = errors.Join(err, rt.Read(ctx, sum, key, show))
	}
	var file bytes.Buffer
	err = errors.Join(err, rt.Snapshot(ctx, &file))
	snap, openErr := sfaas.OpenSnapshot(&file, nil)
	if err = errors.Join(err, openErr); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("in the snapshot:", snap.Functions(), snap.Keys("sum"))
	if err := snap.Read(sum, keys[1], show); err != nil {
		fmt.Println(err)
	}
	// Output:
	// cell0 has 0
	// cell1 has 10
	// in the snapshot: [sum] [cell0 cell1]
	// cell1 has 10
}

// Slots are paced by a clock that follows a radio's. A slot that is missed is left out.
func ExampleSlotClock() {
	timeline := sfaas.NewTimeline(500 * time.Microsecond)
	timeline.Set(0, sfaas.Now().Add(time.Millisecond)) // when slot 0 is on the air
	done := errors.New("done")
	calls, last := 0, sfaas.Slot(0)
	err := sfaas.SlotClock{Timeline: timeline}.Run(context.Background(), func(n sfaas.Slot, late time.Duration) error {
		if n < last || late < 0 {
			return fmt.Errorf("slot %d, %v late, after slot %d", n, late, last)
		}
		last = n
		if calls++; calls == 5 {
			return done
		}
		return nil
	})
	fmt.Println(calls, "slots:", err)
	// Output: 5 slots: done
}
