// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// A cell is switched off: its lease is free, and what is pushed for it is refused.
func ExampleUnit_Release() {
	g := sfaas.NewGraph("cells")
	in := sfaas.Source[uint64](g, "in")
	sfaas.Apply(in, sfaas.Define("serve", func(*sfaas.Ctx, *sfaas.None, *uint64) error { return nil }, sfaas.FunctionConfig{}))
	app, err := g.Build()
	check(err)
	ctx := context.Background()
	node, err := placement.Join(ctx, placement.Config{Listen: "127.0.0.1:0", Token: []byte("secret"), Node: 1, Resources: resource.Discover()})
	check(err)
	defer node.Leave(ctx)
	dep, err := node.Deploy(app, placement.Spec{Unit: sfaas.KindCell})
	check(err)
	cell := dep.Unit(sfaas.NewKey(sfaas.KindCell, 7))
	check(cell.Ensure(ctx))
	check(in.PushValue(cell, cell.Key(), 1, &one))
	fmt.Println("leases in service:", len(node.Report().Leases))
	check(cell.Release(ctx))
	var moved *sfaas.MovedError
	err = in.PushValue(cell, cell.Key(), 2, &one)
	fmt.Println("leases out of service:", len(node.Report().Leases), "refused:", errors.As(err, &moved))
	// Output:
	// leases in service: 1
	// leases out of service: 0 refused: true
}
