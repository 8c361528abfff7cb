// SPDX-License-Identifier: Apache-2.0

// Command durable counts, and goes on exactly where it was after it has been killed.
//
//	go run ./examples/durable
//	go run ./examples/durable -dir state -for 10s
//
// It counts the slots of a source, one per millisecond, in a cell that survives: the
// runtime commits each step to a store in a folder, sfaas/store, before the count
// leaves. Stop it with Ctrl-C, kill it with kill -9, or pull the plug, and start it
// again: it says where it goes on, and no slot is lost or counted twice, which it checks
// with every count. It exits with 0 when it was stopped, and with 1 if a count was wrong
// or the store is damaged or full.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/store"
)

// tick is what the source says in every slot, count what is answered.
type (
	tick  struct{ N uint64 }
	count struct{ N uint64 }
)

// exactly is an edge whose messages have an effect once, also over a restart.
var exactly = sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce, Messages: 256}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir := flag.String("dir", "", "folder that keeps the count (default: in the user's cache)")
	limit := flag.Duration("for", 0, "how long to count (default: until it is stopped)")
	flag.Parse()
	if *limit > 0 {
		ctx, stop = context.WithTimeout(ctx, *limit)
		defer stop()
	}
	if err := run(ctx, *dir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "durable:", err)
		os.Exit(1)
	}
}

// graph declares one function with one cell, between a source and a sink.
func graph() (app *sfaas.App, in sfaas.Input[tick], out sfaas.Output[count], err error) {
	total := sfaas.NewValue[uint64]("total", sfaas.Replicated)
	counter := sfaas.Define("counter", func(c *sfaas.Ctx, out *count, _ *tick) error {
		n := total.Mut(c)
		*n++
		out.N = *n
		return nil
	}, sfaas.FunctionConfig{}, total)
	g := sfaas.NewGraph("durable")
	in = sfaas.Source[tick](g, "ticks")
	out = sfaas.Sink(sfaas.Apply(in.With(exactly), counter), "counts")
	app, err = g.Build()
	return app, in, out, err
}

// run counts until the context ends.
func run(ctx context.Context, dir string, stdout io.Writer) (err error) {
	if dir == "" {
		if dir, err = os.UserCacheDir(); err != nil {
			return err
		}
		dir = filepath.Join(dir, "neuroran", "durable")
	}
	app, in, out, err := graph()
	if err != nil {
		return err
	}
	s, err := store.Open(dir, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	// Slot n is the one with which the count becomes n+1.
	wrong := make(chan error, 1)
	rt, err := sfaas.NewRuntime(app, sfaas.WithEngine(s), sfaas.WithNode(1), sfaas.WithMode(sfaas.Replay),
		sfaas.WithOutput(out, func(h sfaas.Header, c *count) {
			if c.N != uint64(h.Slot)+1 {
				select {
				case wrong <- fmt.Errorf("slot %d was counted as %d", h.Slot, c.N):
				default:
				}
			}
			if c.N%500 == 0 {
				fmt.Fprintln(stdout, c.N)
			}
		}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	if err := rt.Recover(ctx); err != nil {
		return err
	}
	next := sfaas.Slot(0)
	if at, known := in.Position(rt, sfaas.NewKey(sfaas.KindCell, 1)); known {
		next = at.Slot + 1
	}
	fmt.Fprintf(stdout, "%s: goes on at %d\n", dir, next)
	return countOn(ctx, rt, in, next, wrong)
}

// countOn pushes one slot per millisecond; when the store falls behind, it waits.
func countOn(ctx context.Context, rt *sfaas.Runtime, in sfaas.Input[tick], next sfaas.Slot, wrong <-chan error) error {
	slots := time.NewTicker(time.Millisecond)
	defer slots.Stop()
	for {
		select {
		case <-ctx.Done():
			drain, stop := context.WithTimeout(context.Background(), 5*time.Second)
			defer stop()
			return rt.Drain(drain)
		case err := <-wrong:
			return err
		case <-slots.C:
		}
		switch err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), next, &tick{uint64(next)}); {
		case err == nil:
			next++
		case !errors.Is(err, sfaas.ErrBusy):
			return err
		}
	}
}
