// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// BenchmarkSnapshot cuts and restores users with a cell of 1 KB each.
func BenchmarkSnapshot(b *testing.B) {
	for _, users := range []int{100, 10_000} {
		cell := sfaas.NewValue[[128]uint64]("cell", sfaas.Replicated)
		f := sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
			cell.Mut(c)[in.X%128]++
			return nil
		}, sfaas.FunctionConfig{}, cell)
		g := sfaas.NewGraph("users")
		in := sfaas.Source[number](g, "in")
		sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}), f)
		app, err := g.Build()
		if err != nil {
			b.Fatal(err)
		}
		start := func() *sfaas.Runtime {
			rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1), sfaas.WithSourceLimit(users+1))
			if err != nil {
				b.Fatal(err)
			}
			return rt
		}
		rt := start()
		for u := range users {
			if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, uint64(u)), 1, &number{1}); err != nil {
				b.Fatal(err)
			}
		}
		drain(b, rt)
		var snap bytes.Buffer
		b.Run(fmt.Sprintf("op=cut/users=%d", users), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				snap.Reset()
				if err := rt.Snapshot(context.Background(), &snap); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(snap.Len()))
		})
		b.Run(fmt.Sprintf("op=restore/users=%d", users), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x := start()
				if err := x.Restore(context.Background(), bytes.NewReader(snap.Bytes())); err != nil {
					b.Fatal(err)
				}
				if err := x.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(snap.Len()))
		})
		if err := rt.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJoin joins two inputs of many users of which all first ones come
// before all second ones. An operation is one user.
func BenchmarkJoin(b *testing.B) {
	for _, users := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			f := sfaas.Define("f", func(_ *sfaas.Ctx, out *number, in *sfaas.Pair[number, number]) error {
				x, y := in.A, in.B
				out.X = x.X + y.X
				return nil
			}, sfaas.FunctionConfig{})
			g := sfaas.NewGraph("join")
			left, right := sfaas.Source[number](g, "left"), sfaas.Source[number](g, "right")
			sfaas.Apply(sfaas.Join(left, right), f)
			app, err := g.Build()
			if err != nil {
				b.Fatal(err)
			}
			cores, err := newCores(app, nil, sfaas.WithWorkers(1))
			if err != nil {
				b.Fatal(err)
			}
			defer cores.Close()
			host, k := &coreHost{cores: cores}, cores.List[0]
			var eff []core.Effect
			slot, x := sfaas.Slot(0), number{1}
			b.ReportAllocs()
			for b.Loop() {
				slot++
				for _, in := range []sfaas.Input[number]{left, right} {
					for u := range users {
						if err := in.PushValue(host, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, uint64(u)), slot, &x); err != nil {
							b.Fatal(err)
						}
						eff = k.Step(&host.event, eff[:0])
						for k.Ready() {
							eff = k.Run(sfaas.Time(slot), eff[:0])
						}
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*users), "ns/user")
		})
	}
}
