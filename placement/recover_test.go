// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// A kept unit whose node comes back with its records goes on with what it had: the deployment
// recovers before it meets anybody, and the agent gives the unit its lease again.
func TestKeptComesBack(t *testing.T) {
	total := sfaas.NewValue[uint64]("total", sfaas.Replicated)
	add := sfaas.Define("add", func(c *sfaas.Ctx, out, in *number) error {
		*total.Mut(c) += in.X
		out.X, _ = total.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, total)
	g := sfaas.NewGraph("kept")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in, add), "totals")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	disk := sim.NewDisk(0)
	for life := range uint64(3) {
		totals := make(chan uint64, 1)
		n := (&zone{t: t}).join(nil)
		d, err := n.Deploy(app, Spec{Unit: sfaas.KindCell}, WithRuntime(sfaas.WithEngine(disk), sfaas.WithWorkers(1)),
			WithOutput(out, func(_ sfaas.Header, x *number) { totals <- x.X }))
		if err != nil {
			t.Fatal(err)
		}
		cell := d.Unit(cell1)
		ctx := (&zone{t: t}).context()
		if err := cell.Ensure(ctx); err != nil {
			t.Fatalf("life %d: %v", life, err)
		}
		if err := in.PushValue(cell, cell1, sfaas.Slot(life), &number{1}); err != nil {
			t.Fatalf("life %d: %v", life, err)
		}
		select {
		case x := <-totals:
			if x != life+1 {
				t.Fatalf("life %d: the total is %d, want %d", life, x, life+1)
			}
		case <-ctx.Done():
			t.Fatalf("life %d: nothing comes out", life)
		}
		eventually(t, "the unit has its lease", func() bool { return len(n.Report().Leases) == 1 })
		if err := n.Leave(ctx); err != nil { // the last node of a zone takes its units with it
			t.Fatal(err)
		}
	}
}
