// SPDX-License-Identifier: Apache-2.0

package neural_test

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/accel/acceltest"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/neural"
)

// scale returns a network that multiplies rows of two features by a factor.
func scale(tb testing.TB, factor float32) *accel.Model { return must(tb)(acceltest.Scale(factor, 2)) }

// wide returns a network of other ports.
func wide(tb testing.TB) *accel.Model { return must(tb)(acceltest.Scale(1, 3)) }

// must returns a model, or ends the test.
func must(tb testing.TB) func(*accel.Model, error) *accel.Model {
	return func(m *accel.Model, err error) *accel.Model {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return m
	}
}

// chain is a graph of one function with its weights as control.
type chain struct {
	app     *sfaas.App
	f       neural.Function
	in      sfaas.Input[neural.Batch]
	weights sfaas.Input[neural.Weights]
	out     sfaas.Output[neural.Batch]
}

func newChain(tb testing.TB) chain {
	tb.Helper()
	f, err := neural.Define("scale", neural.Config{Model: scale(tb, 2)})
	if err != nil {
		tb.Fatal(err)
	}
	g := sfaas.NewGraph("neural")
	in, weights := sfaas.Source[neural.Batch](g, "in"), sfaas.Source[neural.Weights](g, "weights")
	out := sfaas.Sink(sfaas.Apply(in, f.Fn), "out")
	sfaas.Control(weights, f.Weights)
	app, err := g.Build()
	if err != nil {
		tb.Fatal(err)
	}
	return chain{app, f, in, weights, out}
}

// factors runs a chain and collects the factor that each key and slot saw.
type factors struct {
	mu  sync.Mutex
	got map[sfaas.Key]map[sfaas.Slot]float32
}

func (c *chain) start(t *testing.T, opts ...sfaas.Option) (*sfaas.Runtime, *factors) {
	t.Helper()
	f := &factors{got: map[sfaas.Key]map[sfaas.Slot]float32{}}
	rt, err := sfaas.NewRuntime(c.app, append(opts, sfaas.WithWorkers(2), sfaas.WithMode(sfaas.Replay),
		sfaas.WithOutput(c.out, func(h sfaas.Header, b *neural.Batch) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.got[h.Key] == nil {
				f.got[h.Key] = map[sfaas.Slot]float32{}
			}
			f.got[h.Key][h.Slot] = b.X.Data()[0]
		}))...)
	if err != nil {
		t.Fatal(err)
	}
	return rt, f
}

func (c *chain) push(t *testing.T, rt *sfaas.Runtime, key sfaas.Key, slot sfaas.Slot) {
	t.Helper()
	if err := c.in.Push(rt, key, slot, func(b *neural.Batch) error {
		b.X.Resize(3, 2)
		for i := range b.X.Data() {
			b.X.Data()[i] = 1
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func (c *chain) send(t *testing.T, rt *sfaas.Runtime, key sfaas.Key, slot sfaas.Slot, model []byte) {
	t.Helper()
	if err := c.weights.Push(rt, key, slot, func(w *neural.Weights) error {
		w.Model.Resize(len(model))
		copy(w.Model.Data(), model)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestFunction gives one key new weights, then bad ones, and carries the state
// to another runtime.
func TestFunction(t *testing.T) {
	ctx, c := context.Background(), newChain(t)
	rt, f := c.start(t)
	one, two := sfaas.NewKey(sfaas.KindCell, 1), sfaas.NewKey(sfaas.KindCell, 2)
	c.send(t, rt, two, 3, scale(t, 7).Bytes())
	for slot := sfaas.Slot(1); slot <= 4; slot++ {
		c.push(t, rt, one, slot)
		c.push(t, rt, two, slot)
	}
	if err := rt.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	c.send(t, rt, two, 5, []byte("no model"))
	c.send(t, rt, two, 5, wide(t).Bytes())
	c.push(t, rt, two, 5)
	if err := rt.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	want := map[sfaas.Key]map[sfaas.Slot]float32{one: {1: 2, 2: 2, 3: 2, 4: 2}, two: {1: 2, 2: 2, 3: 7, 4: 7, 5: 7}}
	if d := cmp.Diff(want, f.got, cmp.Comparer(func(a, b sfaas.Key) bool { return a == b })); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if got := c.app.Stateful(); len(got) != 1 || got[0] != "scale" {
		t.Errorf("stateful functions: %v", got)
	}
}

// TestWeightsMove moves a key with weights of its own to another runtime, which
// opens its session there.
func TestWeightsMove(t *testing.T) {
	ctx, c := context.Background(), newChain(t)
	from, before := c.start(t, sfaas.WithNode(1))
	defer from.Close()
	to, after := c.start(t, sfaas.WithNode(2), sfaas.WithDefaultOwner(1))
	defer to.Close()
	if err := sfaas.Link(from, to); err != nil {
		t.Fatal(err)
	}
	key := sfaas.NewKey(sfaas.KindCell, 2)
	c.send(t, from, key, 1, scale(t, 7).Bytes())
	c.push(t, from, key, 1)
	if err := from.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	u, err := from.App().Unit(c.f.Fn.Name(), key)
	if err != nil {
		t.Fatal(err)
	}
	report, err := from.MoveUnit(ctx, u, to.Node(), sfaas.MoveConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Instances == 0 {
		t.Error("no instance moved, want that with the weights")
	}
	c.push(t, from, key, 2)
	if err := errors.Join(from.Drain(ctx), to.Drain(ctx)); err != nil {
		t.Fatal(err)
	}
	all := map[sfaas.Slot]float32{}
	for _, f := range []*factors{before, after} {
		f.mu.Lock()
		maps.Copy(all, f.got[key])
		f.mu.Unlock()
	}
	if d := cmp.Diff(map[sfaas.Slot]float32{1: 7, 2: 7}, all); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestDefineRefuses(t *testing.T) {
	grid := must(t)(acceltest.DeepRx(1, 4, 12)) // not [batch, feature]
	var sig *accel.SignatureError
	if _, err := neural.Define("grid", neural.Config{Model: grid}); !errors.As(err, &sig) {
		t.Errorf("got %v, want a *SignatureError", err)
	}
}

// TestOtherWidth sends one cell a message of another width, in the memory of
// another cell's message of the right width: it is a fault, and its sink gets
// nothing that was computed for the other cell.
func TestOtherWidth(t *testing.T) {
	c := newChain(t)
	var got []float32
	rt, err := sfaas.NewRuntime(c.app, sfaas.WithWorkers(1), sfaas.WithMode(sfaas.Replay),
		sfaas.WithOutput(c.out, func(h sfaas.Header, b *neural.Batch) { got = append(got, b.X.Data()...) }))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	push := func(key sfaas.Key, slot sfaas.Slot, width int, v float32) {
		if err := c.in.Push(rt, key, slot, func(b *neural.Batch) error {
			b.X.Resize(3, width)
			for i := range b.X.Data() {
				b.X.Data()[i] = v
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := rt.Drain(context.Background()); err != nil { // so that the message returns to the pool
			t.Fatal(err)
		}
	}
	for slot := sfaas.Slot(1); slot <= 8; slot += 2 {
		push(sfaas.NewKey(sfaas.KindCell, 1), slot, 2, 5)
		push(sfaas.NewKey(sfaas.KindCell, 2), slot+1, 1, 1)
	}
	for _, v := range got {
		if v != 10 {
			t.Fatalf("got %v, want the results of cell 1 only", got)
		}
	}
	if len(got) != 4*6 {
		t.Errorf("%d results, want those of 4 messages", len(got))
	}
}
