// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

type number struct{ X uint64 }

// counters returns a graph of two counting stages whose edges carry the given
// guarantee, and the last stage.
func counters(t testing.TB, g sfaas.Guarantee) (*sfaas.App, sfaas.Input[number], sfaas.Output[number], sfaas.Fn[number, number]) {
	t.Helper()
	stage := func(name string) sfaas.Fn[number, number] {
		sum := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
		return sfaas.Define(name, func(c *sfaas.Ctx, out, in *number) error {
			s, _ := sum.Get(c)
			sum.Set(c, s+1)
			if s+1 != in.X { // every number once and in order
				return fmt.Errorf("got %d after %d", in.X, s)
			}
			out.X = in.X
			return nil
		}, sfaas.FunctionConfig{Cost: 5 * time.Microsecond}, sum)
	}
	a, b := stage("a"), stage("b")
	graph := sfaas.NewGraph("counters")
	in := sfaas.Source[number](graph, "in")
	cfg := sfaas.EdgeConfig{Guarantee: g, Retries: -1}
	out := sfaas.Sink(sfaas.Apply(sfaas.Apply(in.With(cfg), a).With(cfg).Cut("ab"), b), "out")
	app, err := graph.Build()
	if err != nil {
		t.Fatal(err)
	}
	return app, in, out, b
}

// run pushes n numbers per key through a world and returns how many came out.
func run(t testing.TB, cfg sim.Config, g sfaas.Guarantee, n int, moves bool, opts ...sfaas.Option) (w *sim.World, arrived int) {
	t.Helper()
	app, in, out, b := counters(t, g)
	w, err := sim.New(app, cfg, append(opts, sfaas.WithLogger(slog.New(slog.DiscardHandler)),
		sfaas.WithCommitRetry(50*time.Microsecond),
		sfaas.WithOutput(out, func(sfaas.Header, *number) { arrived++ }))...)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		at := sfaas.Time(i) * sfaas.Time(100*time.Microsecond)
		w.At(at, func() {
			for k := range uint64(3) {
				if err := in.PushValue(w.Node(0), sfaas.NewKey(sfaas.KindCell, k), sfaas.Slot(i), &number{uint64(i + 1)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if moves {
		from, to := w.Node(0), w.Node(1)
		var again func(error)
		left := 20
		again = func(err error) {
			if err != nil {
				t.Errorf("seed %d: move: %v", cfg.Seed, err)
			}
			if left--; left > 0 {
				from, to = to, from
				w.At(w.Now().Add(300*time.Microsecond), func() { w.Move(from, to, b, sfaas.NewKey(sfaas.KindCell, 1), again) })
			}
		}
		w.Move(from, to, b, sfaas.NewKey(sfaas.KindCell, 1), again)
	}
	w.Run()
	for i := range cfg.Nodes {
		for _, s := range w.Node(i).Stats() {
			if g == sfaas.ExactlyOnce && s.Faults > 0 {
				t.Errorf("seed %d: node %d: %s: %d faults", cfg.Seed, i, s.Name, s.Faults)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	return w, arrived
}

var rough = []sim.Fault{{Jitter: 300 * time.Microsecond, Loss: 0.1, Double: 0.1, To: "b"}}

// TestOneSeedOneHistory runs one seed five times, and others once.
func TestOneSeedOneHistory(t *testing.T) {
	cfg := sim.Config{Seed: 7, Nodes: 2, Cores: 2, Faults: rough, Commit: sim.Commit{Jitter: 400 * time.Microsecond, Refuse: 0.1, Lose: 0.1}}
	var first string
	for i := range 5 {
		w, _ := run(t, cfg, sfaas.ExactlyOnce, 200, true)
		if first == "" {
			first = w.History()
			t.Logf("seed=%d events=%d history=%s lost=%d", cfg.Seed, w.Events(), first, w.Lost())
		}
		if w.History() != first {
			t.Errorf("run %d: history %s, want %s", i, w.History(), first)
		}
	}
	cfg.Seed = 8
	if w, _ := run(t, cfg, sfaas.ExactlyOnce, 200, true); w.History() == first {
		t.Error("two seeds gave one history")
	}
}

// TestExactlyOnce loses, doubles and reorders messages, refuses and loses
// commits, and moves a function all the while: every number arrives once and
// in order. 20 seeds, or 500 with NEURORAN_LONG set.
func TestExactlyOnce(t *testing.T) {
	seeds := uint64(20)
	if os.Getenv("NEURORAN_LONG") != "" {
		seeds = 500
	}
	for seed := range seeds {
		cfg := sim.Config{Seed: seed, Nodes: 2, Cores: 1 + int(seed%2), Faults: rough,
			Commit: sim.Commit{Delay: 50 * time.Microsecond, Jitter: 400 * time.Microsecond, Refuse: 0.1, Lose: 0.1}}
		w, arrived := run(t, cfg, sfaas.ExactlyOnce, 200, true)
		if arrived != 600 {
			t.Errorf("seed %d: %d arrived, want 600", seed, arrived)
		}
		if w.Breaks() == 0 {
			t.Errorf("seed %d: no connection broke", seed)
		}
	}
}

// TestAtMostOnce shows that the faults are real: without a promise, messages
// are missing.
func TestAtMostOnce(t *testing.T) {
	w, arrived := run(t, sim.Config{Seed: 1, Nodes: 2, Faults: rough}, sfaas.AtMostOnce, 200, false, sfaas.WithDefaultOwner(2, "b"))
	if w.Lost() == 0 || arrived >= 600 {
		t.Errorf("lost %d, %d arrived", w.Lost(), arrived)
	}
}

// TestGoexit checks that a handler that ends its goroutine faults alone.
func TestGoexit(t *testing.T) {
	f := sfaas.Define("f", func(_ *sfaas.Ctx, out, in *number) error {
		if in.X == 2 {
			runtime.Goexit()
		}
		*out = *in
		return nil
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in, f), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	var got []uint64
	w, err := sim.New(app, sim.Config{}, sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { got = append(got, x.X) }))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for x := range uint64(4) {
		if err := in.PushValue(w.Node(0), sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(x), &number{x}); err != nil {
			t.Fatal(err)
		}
	}
	w.Run()
	if fmt.Sprint(got) != "[0 1 3]" {
		t.Errorf("got %v, want [0 1 3]", got)
	}
	if n := w.Node(0).Notices(); len(n) != 1 || !errors.Is(n[0].Err, sfaas.ErrGoexit) {
		t.Errorf("notices %v", n)
	}
}
