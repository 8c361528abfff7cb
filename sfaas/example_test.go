// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
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
	}, sfaas.Config{}, gain)
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
	}, sfaas.Config{}, total)

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
	ue := sfaas.Cell(1).UE(17)
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
