// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestMarksAreForgotten lets producers come and go, each with a few messages that
// promise, for one consumer that stays and for consumers that come and go too, at
// another runtime: memory follows those that are in use, and everything is counted
// once. 40 000 producers, or a million with NEURORAN_LONG.
func TestMarksAreForgotten(t *testing.T) {
	producers := uint64(40_000)
	if os.Getenv("NEURORAN_LONG") != "" {
		producers = 1_000_000
	}
	var total, each atomic.Uint64
	hub := sfaas.Ref[number]("hub").With(exactly)
	count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	h := sfaas.Define("hub", func(c *sfaas.Ctx, _, in *number) error {
		*count.Mut(c) += in.X
		total.Store(*count.Mut(c))
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, count)
	p := sfaas.Define("producer", func(c *sfaas.Ctx, out, in *number) error {
		hub.Send(c, sfaas.NewKey(sfaas.KindCell, 0)).X = in.X
		*out = *in
		return nil
	}, sfaas.FunctionConfig{}, hub)
	single := sfaas.Define("single", func(_ *sfaas.Ctx, _, in *number) error { each.Add(in.X); return sfaas.ErrNoOutput }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(sfaas.Apply(in.With(exactly), p).With(exactly).Cut("line"), single)
	g.Add(h)
	app := build(t, g)
	opts := []sfaas.Option{sfaas.WithIdleKeys(20 * time.Millisecond), sfaas.WithDefaultOwner(1, "producer"), sfaas.WithDefaultOwner(2, "hub", "single")}
	a := start(t, app, append(opts, sfaas.WithNode(1))...)
	b := start(t, app, append(opts, sfaas.WithNode(2))...)
	if err := sfaas.Link(a, b); err != nil {
		t.Fatal(err)
	}
	wave := func(from, to uint64) {
		for k := from; k < to; k++ {
			push(t, in, a, sfaas.NewKey(sfaas.KindCell, k), 0, 1)
			push(t, in, a, sfaas.NewKey(sfaas.KindCell, k), 1, 1)
			if k%500 == 499 {
				drain(t, a)
				time.Sleep(5 * time.Millisecond)
			}
		}
		drain(t, a)
	}
	wave(0, producers/4)
	before := heap()
	wave(producers/4, producers)
	leaves := func() int64 { return (int64(heap()) - int64(before)) / int64(producers-producers/4) }
	per := leaves()
	for begin := time.Now(); per > 100 && time.Since(begin) < 20*time.Second; per = leaves() {
		wave(producers, producers+500) // others go meanwhile: on a busy machine that takes a while
		producers += 500
	}
	if total.Load() != 2*producers || each.Load() != 2*producers {
		t.Errorf("the hub counted %d, the others %d, of %d", total.Load(), each.Load(), 2*producers)
	}
	if per > 100 && os.Getenv("NEURORAN_LINK") == "" { // a mark alone takes more; pools of frames grow meanwhile
		t.Errorf("each of %d producers that have gone leaves %d bytes", producers, per)
	}
	t.Logf("producers=%d bytes_left_per_producer=%d", producers, per)
}
