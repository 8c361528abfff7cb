// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/sfaas"
)

// A unit that keeps state cannot be stood by for: the state would have to be there.
func ExampleSpec_Validate() {
	visits := sfaas.NewValue[uint64]("visits", sfaas.Replicated)
	count := sfaas.Define("count", func(c *sfaas.Ctx, out, in *uint64) error {
		*visits.Mut(c) += *in
		*out, _ = visits.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, visits)
	g := sfaas.NewGraph("visits")
	sfaas.Sink(sfaas.Apply(sfaas.Source[uint64](g, "in"), count), "totals")
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	spec := placement.Spec{Unit: sfaas.KindUser, SLA: placement.SLA{Deadline: 10 * time.Millisecond, Standbys: 1}}
	fmt.Println(spec.Validate(app))
	spec.SLA.Standbys = 0
	fmt.Println(spec.Validate(app))
	// Output:
	// sfaas: placement.Spec.SLA.Standbys: 1 for part count, which is kept, want 0: what a standby would need of a kept unit is not replicated; it can move, and not be claimed
	// <nil>
}
