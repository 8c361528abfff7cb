// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"context"
	"fmt"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Two nodes, here in one process, run a counter. When the node that owns it leaves, it goes
// on at the other one, with what it has counted.
func Example() {
	app, in, out := counter()
	counts := make(chan string)
	ctx := context.Background()
	var nodes []*placement.Node
	var units []*placement.Unit
	var seeds []string
	for i := range 2 {
		node, err := placement.Join(ctx, placement.Config{Listen: "127.0.0.1:0", Seeds: seeds, Token: []byte("secret"), Node: sfaas.NodeID(i + 1), Resources: resource.Discover()})
		check(err)
		defer node.Leave(ctx)
		dep, err := node.Deploy(app, placement.Spec{Unit: sfaas.KindCell, Needs: resource.Need{Memory: 1 << 20}},
			placement.WithOutput(out, func(h sfaas.Header, n *uint64) { counts <- fmt.Sprintf("slot %d: %d", h.Slot, *n) }))
		check(err)
		nodes, seeds, units = append(nodes, node), append(seeds, node.Address()), append(units, dep.Unit(sfaas.NewKey(sfaas.KindCell, 7)))
	}
	check(units[0].Ensure(ctx))
	check(in.PushValue(units[0], units[0].Key(), 1, &one))
	fmt.Println(<-counts)
	owner := units[0].Routes()[0].Owner
	check(nodes[owner-1].Leave(ctx))
	stays := units[2-owner]
	check(in.PushValue(stays, stays.Key(), 2, &one))
	fmt.Println(<-counts, "with the node that stays as its owner:", stays.Routes()[0].Owner == 3-owner)
	// Output:
	// slot 1: 1
	// slot 2: 2 with the node that stays as its owner: true
}

var one = uint64(1)

// counter is an app that counts what is pushed.
func counter() (*sfaas.App, sfaas.Input[uint64], sfaas.Output[uint64]) {
	count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	add := sfaas.Define("add", func(c *sfaas.Ctx, out, in *uint64) error {
		*count.Mut(c) += *in
		*out, _ = count.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, count)
	g := sfaas.NewGraph("counting")
	in := sfaas.Source[uint64](g, "in")
	out := sfaas.Sink(sfaas.Apply(in, add), "counts")
	app, err := g.Build()
	check(err)
	return app, in, out
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
