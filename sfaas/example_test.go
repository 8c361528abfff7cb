// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/neuroran/neuroran/sfaas"
)

// A graph of two functions: the first one scales under the grant of the slot,
// the second one keeps a running sum per user.
func Example() {
	type sample struct{ X int32 }
	type grant struct{ Gain int32 }

	gain := sfaas.NewValue[int32]("gain", sfaas.Volatile)
	scale := sfaas.Define("scale", func(c *sfaas.Ctx, out, in *sample) error {
		g, _ := gain.Get(c)
		out.X = in.X * g
		return nil
	}, sfaas.FunctionConfig{}, gain)
	scaleGrant := sfaas.OnControl(scale, func(c *sfaas.Ctx, g *grant) error {
		gain.Set(c, g.Gain)
		return nil
	})
	total := sfaas.NewValue[int32]("total", sfaas.Replicated)
	sum := sfaas.Define("sum", func(c *sfaas.Ctx, out, in *sample) error {
		t := total.Mut(c)
		*t += in.X
		out.X = *t
		return nil
	}, sfaas.FunctionConfig{}, total)

	g := sfaas.NewGraph("example")
	samples := sfaas.Source[sample](g, "samples")
	grants := sfaas.Source[grant](g, "grants")
	out := sfaas.Sink(sfaas.Apply(sfaas.Apply(samples, scale), sum), "out")
	sfaas.Control(grants, scaleGrant)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}

	rt, err := sfaas.NewRuntime(app, sfaas.WithMode(sfaas.Replay),
		sfaas.WithOutput(out, func(h sfaas.Header, s *sample) { fmt.Println(h.Key, "slot", h.Slot, "sum", s.X) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	ue := sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 17)
	for n := range sfaas.Slot(3) {
		_ = grants.PushValue(rt, ue, n, &grant{Gain: 10})
		_ = samples.PushValue(rt, ue, n, &sample{X: int32(n) + 1})
	}
	if err := rt.Drain(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// cell1/ue17 slot 0 sum 10
	// cell1/ue17 slot 1 sum 30
	// cell1/ue17 slot 2 sum 60
}

// A function joins two streams and emits one message per user.
func ExampleJoin() {
	type block struct{ Users [2]int32 }
	type gain struct{ X int32 }
	type symbol struct{ X int32 }

	equalize := sfaas.DefineEach("equalize", func(c *sfaas.Ctx, out sfaas.Emitter[symbol], in *sfaas.Pair[block, gain]) error {
		for ue, x := range in.A.Users {
			out.Add(c.Key().Child(sfaas.KindUE, uint64(ue))).X = x * in.B.X
		}
		return nil
	}, sfaas.FunctionConfig{})

	g := sfaas.NewGraph("example")
	blocks := sfaas.Source[block](g, "blocks")
	gains := sfaas.Source[gain](g, "gains")
	out := sfaas.Sink(sfaas.Apply(sfaas.Join(blocks, gains), equalize), "out")
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1),
		sfaas.WithOutput(out, func(h sfaas.Header, s *symbol) { fmt.Println(h.Key, s.X) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	_ = blocks.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), 0, &block{Users: [2]int32{1, 2}})
	_ = gains.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), 0, &gain{X: 10})
	if err := rt.Drain(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// cell1/ue0 10
	// cell1/ue1 20
}

// State is cut, and continues in another runtime, where the source learns from
// which slot on it has to push again.
func ExampleRuntime_Snapshot() {
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
	out := sfaas.Sink(sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}), sum), "out")
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	last := int32(0)
	start := func() *sfaas.Runtime {
		rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1), sfaas.WithOutput(out, func(_ sfaas.Header, s *sample) { last = s.X }))
		if err != nil {
			panic(err)
		}
		return rt
	}
	ctx, ue := context.Background(), sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 17)

	first := start()
	for n := range sfaas.Slot(3) {
		_ = in.PushValue(first, ue, n, &sample{X: 10})
	}
	var file bytes.Buffer
	if err := first.Snapshot(ctx, &file); err != nil {
		fmt.Println(err)
	}
	_ = first.Close()

	second := start()
	defer second.Close()
	if err := second.Restore(ctx, &file); err != nil {
		fmt.Println(err)
	}
	at, _ := in.Position(second, ue)
	for n := at.Slot + 1; n < 5; n++ {
		_ = in.PushValue(second, ue, n, &sample{X: 10})
	}
	if err := second.Drain(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println("cut after slot", at.Slot, "total", last)
	// Output: cut after slot 2 total 50
}

// What each cell has used is told by unit, with how it stands. A slot that is behind
// counts with the work that it took.
func ExampleRuntime_Units() {
	type sample struct{ X int32 }
	last := sfaas.NewValue[int32]("last", sfaas.Volatile)
	keep := sfaas.Define("keep", func(c *sfaas.Ctx, _ *sfaas.None, in *sample) error {
		last.Set(c, in.X)
		return nil
	}, sfaas.FunctionConfig{}, last)
	g := sfaas.NewGraph("example")
	in := sfaas.Source[sample](g, "in")
	sfaas.Apply(in, keep)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(2))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	for n := range sfaas.Slot(100) {
		for cell := range uint64(3) {
			_ = in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, cell).Child(sfaas.KindUE, 1), n, &sample{X: 1})
		}
	}
	_ = rt.Drain(context.Background())
	rt.Stats() // publishes what has not been published yet

	var total []sfaas.UnitStats // read now and then, it adds up over moves
	total = sfaas.MergeUnits(total, rt.Units(nil))
	for _, u := range total {
		fmt.Println(u.Unit, "invocations", u.Invocations, "written", u.StateWritten, "holds", u.Resident)
	}
	// Output:
	// keep/cell0 invocations 100 written 400 holds 4
	// keep/cell1 invocations 100 written 400 holds 4
	// keep/cell2 invocations 100 written 400 holds 4
}
