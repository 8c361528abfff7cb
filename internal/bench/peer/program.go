// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
	"github.com/neuroran/neuroran/tensor"
)

// block is what a hop carries, small what comes back.
type (
	block struct{ Data tensor.Tensor[int8] }
	small struct{ N uint64 }
)

// program has a function at node 2 that takes blocks and answers, and one that is
// called; the answers come to node 1.
type program struct {
	app  *sfaas.App
	in   sfaas.Input[block]
	out  sfaas.Output[small]
	echo sfaas.Callee[small, small]
	back chan struct{}
	slot sfaas.Slot
}

func newProgram() *program {
	p := &program{back: make(chan struct{}, 1)}
	exactly := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
	take := sfaas.Define("take", func(_ *sfaas.Ctx, out *small, in *block) error {
		out.N = uint64(in.Data.Len())
		return nil
	}, sfaas.FunctionConfig{})
	home := sfaas.Define("home", func(_ *sfaas.Ctx, out, in *small) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	echo := sfaas.Define("echo", func(_ *sfaas.Ctx, out, in *small) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("bench")
	p.in = sfaas.Source[block](g, "in")
	p.out = sfaas.Sink(sfaas.Apply(sfaas.Apply(p.in.With(exactly), take).With(exactly).Cut("back"), home), "out")
	g.Add(echo)
	p.echo = sfaas.CallRef[small, small]("echo")
	app, err := g.Build()
	if err != nil {
		panic(err) // the graph is the program's own
	}
	p.app = app
	return p
}

func (p *program) start(node sfaas.NodeID) (*sfaas.Runtime, error) {
	return sfaas.NewRuntime(p.app, sfaas.WithNode(node), sfaas.WithWorkers(1), sfaas.WithMode(sfaas.Replay),
		sfaas.WithDefaultOwner(2), sfaas.WithDefaultOwner(1, "home"),
		sfaas.WithOutput(p.out, func(sfaas.Header, *small) { p.back <- struct{}{} }))
}

// hop pushes a block and waits for what comes back.
func (p *program) hop(rt *sfaas.Runtime, size int) error {
	p.slot++
	err := p.in.Push(rt, sfaas.NewKey(sfaas.KindCell, 1), p.slot, func(b *block) error {
		b.Data.Resize(size)
		return nil
	})
	if err != nil {
		return err
	}
	<-p.back
	return nil
}

func (p *program) invoke(rt *sfaas.Runtime) error {
	var out small
	return p.echo.Invoke(context.Background(), rt, sfaas.NewKey(sfaas.KindCell, 1), 0, &out, func(x *small) error { x.N = 1; return nil })
}

// serve is the second process: a runtime and a bare socket, and CPU time when asked.
func serve(role string) error {
	way, dir, _ := strings.Cut(role, " ")
	rt, err := newProgram().start(2)
	if err != nil {
		return err
	}
	node, err := peer.New(rt, config(way, dir, 2))
	if err != nil {
		return err
	}
	address := "127.0.0.1:0"
	if network(way) == "unix" {
		address = filepath.Join(dir, "peer")
	}
	at, err := node.Listen(network(way), address)
	if err != nil {
		return err
	}
	bare, err := serveBare(way, dir)
	if err != nil {
		return err
	}
	fmt.Println(at)
	fmt.Println(bare)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(used())
	}
	return nil
}
