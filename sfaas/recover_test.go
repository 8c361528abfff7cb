// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// recovered starts a runtime on a disk that has been used, and lets it go on from that.
func recovered(t testing.TB, app *sfaas.App, d *sim.Disk, opts ...sfaas.Option) *sfaas.Runtime {
	t.Helper()
	rt := start(t, app, append([]sfaas.Option{sfaas.WithEngine(d), sfaas.WithNode(1)}, opts...)...)
	if err := rt.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	return rt
}

// TestRecoverCounts lets a chain of two functions count, and go on after its process is
// gone: once more with other workers each time, and what was pushed and not committed
// is pushed again.
func TestRecoverCounts(t *testing.T) {
	total := map[sfaas.Key]uint64{}
	table := sfaas.NewMap[uint64, uint64]("table", sfaas.Replicated)
	list := sfaas.NewList[uint64]("list", sfaas.Replicated)
	sum := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	first := sfaas.Define("first", func(c *sfaas.Ctx, out, in *number) error {
		*table.Mut(c, in.X%3) += in.X
		list.Append(c, in.X)
		if list.Len(c) > 5 {
			list.Truncate(c, 2)
		}
		out.X = in.X
		return nil
	}, sfaas.Config{}, table, list)
	second := sfaas.Define("second", func(c *sfaas.Ctx, out, in *number) error {
		*sum.Mut(c) += in.X
		out.X, _ = sum.Get(c)
		return nil
	}, sfaas.Config{}, sum)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(sfaas.Apply(in.With(exactly), first).With(exactly).Cut("far"), second).With(exactly), "out")
	app := build(t, g)
	d := sim.NewDisk(0)
	want := map[sfaas.Key]uint64{}
	for life := range 5 {
		rt := recovered(t, app, d, sfaas.WithWorkers(1+life%3), sfaas.WithOutput(out, func(h sfaas.Header, x *number) { total[h.Key] = x.X }))
		for k := range uint64(10) {
			key := sfaas.Cell(k)
			p, known := in.Position(rt, key)
			if life > 0 && (!known || p.Slot != sfaas.Slot(10*life-1)) {
				t.Fatalf("life %d: %v has come to %+v %v, want slot %d", life, key, p, known, 10*life-1)
			}
			for i := range uint64(10) {
				slot := 10*uint64(life) + i
				push(t, in, rt, key, sfaas.Slot(slot), k+slot)
				want[key] += k + slot
			}
		}
		drain(t, rt)
		rt.Close()
		for key, n := range want {
			if total[key] != n {
				t.Fatalf("life %d: %v has %d, want %d", life, key, total[key], n)
			}
		}
	}
	units, rows := d.Units()
	t.Logf("%d units, %d rows", units, rows)
}
