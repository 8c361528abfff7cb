// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// Two runtimes, of two processes elsewhere, are connected over a Unix socket: node 2
// owns the counters, and node 1 pushes. Then a counter moves.
func Example() {
	sum := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	counter := sfaas.Define("counter", func(c *sfaas.Ctx, out, in *uint64) error {
		*sum.Mut(c) += *in
		*out, _ = sum.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, sum)
	exactly := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
	g := sfaas.NewGraph("counting")
	in := sfaas.Source[uint64](g, "in")
	out := sfaas.Sink(sfaas.Apply(in.With(exactly), counter).With(exactly), "sums")
	app, err := g.Build()
	if err != nil {
		fmt.Println(err)
		return
	}

	sums := make(chan string)
	start := func(id sfaas.NodeID) (*sfaas.Runtime, *peer.Node) {
		rt, err := sfaas.NewRuntime(app, sfaas.WithNode(id), sfaas.WithDefaultOwner(2), sfaas.WithMode(sfaas.Replay),
			sfaas.WithOutput(out, func(_ sfaas.Header, n *uint64) { sums <- fmt.Sprintf("node %d: %d", id, *n) }))
		if err != nil {
			panic(err)
		}
		n, err := peer.New(rt, peer.Config{})
		if err != nil {
			panic(err)
		}
		return rt, n
	}
	rt1, node1 := start(1)
	rt2, node2 := start(2)
	defer node1.Close()
	defer node2.Close()
	defer rt1.Close()
	defer rt2.Close()

	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	at, err := node2.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if _, err := node1.Dial(ctx, "unix", at.String()); err != nil {
		fmt.Println(err)
		return
	}

	key := sfaas.NewKey(sfaas.KindCell, 7)
	for slot, n := range []uint64{1, 2} {
		if err := in.PushValue(rt1, key, sfaas.Slot(slot), &n); err != nil {
			fmt.Println(err)
		}
		fmt.Println(<-sums)
	}
	if _, err := rt2.MoveUnit(ctx, sfaas.Unit{Part: "counter", Root: key}, 1, sfaas.MoveConfig{}); err != nil {
		fmt.Println(err)
	}
	three := uint64(3)
	if err := in.PushValue(rt1, key, 2, &three); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-sums)
	// Output:
	// node 2: 1
	// node 2: 3
	// node 1: 6
}
