// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"sync"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestKeptOnce ensures kept units at all nodes at once: each has one owner, for the first time
// and for good, and what was pushed after Ensure has returned is there.
func TestKeptOnce(t *testing.T) {
	total := sfaas.NewValue[uint64]("total", sfaas.Replicated)
	add := sfaas.Define("add", func(c *sfaas.Ctx, _ *sfaas.None, in *number) error {
		*total.Mut(c) += in.X
		return nil
	}, sfaas.FunctionConfig{}, total)
	g := sfaas.NewGraph("totals")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}), add)
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	z := newZone(t, 3)
	deps, ctx := z.deploy(app, Spec{Unit: sfaas.KindCell}), z.context()
	const units = 4
	var wg sync.WaitGroup
	for i := range units {
		key := sfaas.NewKey(sfaas.KindCell, uint64(i))
		for _, d := range deps {
			wg.Go(func() {
				u := d.Unit(key)
				if err := u.Ensure(ctx); err != nil {
					t.Errorf("unit %d, node %d: %v", i, d.ctl.ID(), err)
					return
				}
				if err := in.PushValue(u, key, sfaas.Slot(1), &number{1}); err != nil {
					t.Errorf("unit %d, node %d: %v", i, d.ctl.ID(), err)
				}
			})
		}
	}
	wg.Wait()
	for i := range units {
		u := sfaas.Unit{Part: "add", Root: sfaas.NewKey(sfaas.KindCell, uint64(i))}
		var owner *Deployment
		z.eventually(func() string {
			owner = nil
			for _, d := range deps {
				switch r, err := d.rt.Route(u); {
				case err != nil || r.Epoch != 1:
					return fmt.Sprintf("unit %d: node %d has the route %+v, %v; want epoch 1", i, d.ctl.ID(), r, err)
				case r.Owner == d.ctl.ID() && owner != nil:
					return fmt.Sprintf("unit %d is owned twice", i)
				case r.Owner == d.ctl.ID():
					owner = d
				}
			}
			if owner == nil {
				return fmt.Sprintf("unit %d is owned nowhere", i)
			}
			sum := uint64(0)
			err := owner.rt.Read(ctx, add, u.Root, func(c *sfaas.Ctx) error { sum, _ = total.Get(c); return nil }, total)
			if err != nil || sum != uint64(len(deps)) {
				return fmt.Sprintf("unit %d has counted %d, %v; want %d", i, sum, err, len(deps))
			}
			return ""
		})
	}
}
