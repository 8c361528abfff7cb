// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// A function is tested in the simulator: grants arrive up to three slots late
// and out of order, and no sample is scaled by an older grant.
func Example() {
	type sample struct{ X int32 }
	type grant struct{ Gain int32 }

	gain := sfaas.NewValue[int32]("gain", sfaas.Volatile)
	scale := sfaas.Define("scale", func(c *sfaas.Ctx, out, in *sample) error {
		g, _ := gain.Get(c)
		out.X = in.X * g
		return nil
	}, sfaas.FunctionConfig{Cost: 20 * time.Microsecond}, gain)
	scaleGrant := sfaas.OnControl(scale, func(c *sfaas.Ctx, g *grant) error {
		gain.Set(c, g.Gain)
		return nil
	})

	g := sfaas.NewGraph("example")
	samples := sfaas.Source[sample](g, "samples")
	grants := sfaas.Source[grant](g, "grants")
	out := sfaas.Sink(sfaas.Apply(samples, scale), "out")
	sfaas.Control(grants, scaleGrant)
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}

	const slot = 500 * time.Microsecond
	wrong, decoded := 0, 0
	world, err := sim.New(app, sim.Config{Seed: 1, Nodes: 2, Faults: []sim.Fault{{From: "grants", Jitter: 3 * slot}}},
		sfaas.WithBudget(slot),
		sfaas.WithOutput(out, func(h sfaas.Header, s *sample) {
			decoded++
			if s.X != int32(h.Slot) {
				wrong++
			}
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer world.Close()
	ue := sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 17)
	for n := range sfaas.Slot(100) {
		world.At(sfaas.Time(0).Add(time.Duration(n)*slot), func() {
			_ = grants.PushValue(world.Node(1), ue, n, &grant{Gain: int32(n)})
			_ = samples.PushValue(world.Node(0), ue, n, &sample{X: 1})
		})
	}
	world.Run()
	dropped := world.Node(0).Stats()[0].Dropped
	fmt.Println("wrong:", wrong, "all accounted for:", decoded > 0 && uint64(decoded) < 100 && dropped > 0)
	// Output: wrong: 0 all accounted for: true
}
