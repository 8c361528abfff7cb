// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

type number struct{ X uint64 }

// chain returns a graph of n stages; the first cells of them count in a cell.
func chain(tb testing.TB, n, cells int) (*sfaas.App, sfaas.Input[number], sfaas.Output[number]) {
	tb.Helper()
	g := sfaas.NewGraph("chain")
	in := sfaas.Source[number](g, "in")
	e := in.With(sfaas.EdgeConfig{})
	for i := range n {
		name := fmt.Sprintf("stage%d", i)
		if i < cells {
			cell := sfaas.NewValue[uint64]("count", sfaas.Volatile)
			e = sfaas.Apply(e, sfaas.Define(name, func(c *sfaas.Ctx, out, in *number) error {
				x, _ := cell.Get(c)
				cell.Set(c, x+1)
				out.X = in.X + x
				return nil
			}, sfaas.FunctionConfig{}, cell))
			continue
		}
		e = sfaas.Apply(e, sfaas.Define(name, func(_ *sfaas.Ctx, out, in *number) error {
			out.X = in.X + 1
			return nil
		}, sfaas.FunctionConfig{}))
	}
	out := sfaas.Sink(e, "out")
	app, err := g.Build()
	if err != nil {
		tb.Fatal(err)
	}
	return app, in, out
}

// pushAll pushes b.N messages and waits for them.
func pushAll(b *testing.B, app *sfaas.App, in sfaas.Input[number]) {
	rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1))
	if err != nil {
		b.Fatal(err)
	}
	defer rt.Close()
	key := sfaas.NewKey(sfaas.KindCell, 1)
	fill := func(n *number) error { n.X = 1; return nil }
	b.ReportAllocs()
	n := sfaas.Slot(0)
	start := cpuTime()
	defer func() { b.ReportMetric(float64(cpuTime()-start)/float64(b.N), "cpu-ns/op") }()
	for b.Loop() {
		n++
		for in.Push(rt, key, n, fill) != nil {
			if err := rt.Drain(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := rt.Drain(context.Background()); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkChain(b *testing.B) {
	for _, n := range []int{1, 5, 25} {
		b.Run(fmt.Sprintf("stages=%d", n), func(b *testing.B) {
			app, in, _ := chain(b, n, min(3, n))
			pushAll(b, app, in)
		})
	}
}

// BenchmarkHop measures one typed hop: a message goes through 64 stages
// without cells; clock, recover, metering and statistics of each included.
func BenchmarkHop(b *testing.B) {
	const stages = 64
	app, in, _ := chain(b, stages, 0)
	pushAll(b, app, in)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/stages, "ns/hop")
}
