// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestFaultOfAnotherProcess calls a function of another runtime that fails: what comes
// back is the fault, with the function, the key, the slot and the cause.
func TestFaultOfAnotherProcess(t *testing.T) {
	fails := sfaas.Define("fails", func(_ *sfaas.Ctx, _, in *number) error {
		if in.X == 1 {
			panic("no")
		}
		return errors.New("never")
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("faults")
	g.Add(fails)
	app, key := build(t, g), sfaas.NewKey(sfaas.KindCell, 9)
	a := start(t, app, sfaas.WithNode(1), sfaas.WithDefaultOwner(2))
	b := start(t, app, sfaas.WithNode(2), sfaas.WithDefaultOwner(2))
	wired(t, a, b)
	for x := range uint64(2) {
		var out number
		err := sfaas.CallRef[number, number]("fails").Invoke(context.Background(), a, key, sfaas.Slot(x), &out, func(n *number) error {
			n.X = x
			return nil
		})
		var f *sfaas.Fault
		if !errors.As(err, &f) || f.Function != "fails" || f.Key != key || f.Slot != sfaas.Slot(x) {
			t.Fatalf("%T %v", err, err)
		}
		if p := (*sfaas.PanicError)(nil); errors.As(err, &p) != (x == 1) {
			t.Errorf("%v: %T", err, f.Err)
		}
	}
}

// TestMoveWithoutTheEdge moves a unit that keeps a message for another one to a build that
// has no such edge: the error names it, and the unit stays where it is.
func TestMoveWithoutTheEdge(t *testing.T) {
	app := func(whole bool) (*sfaas.App, sfaas.Input[number]) {
		pass := func(name string) sfaas.Fn[number, number] {
			return sfaas.Define(name, func(_ *sfaas.Ctx, out, in *number) error {
				*out = *in
				return nil
			}, sfaas.FunctionConfig{})
		}
		g := sfaas.NewGraph("edges")
		in := sfaas.Source[number](g, "in")
		e := sfaas.Apply(in.With(exactly), pass("pass"))
		if whole {
			sfaas.Sink(sfaas.Apply(e.With(exactly).Cut("count"), pass("count")), "out")
		}
		return build(t, g), in
	}
	whole, in := app(true)
	part, _ := app(false)
	node := func(n sfaas.NodeID, app *sfaas.App) *sfaas.Runtime {
		return start(t, app, sfaas.WithNode(n), sfaas.WithDefaultOwner(1))
	}
	a, b, c := node(1, whole), node(2, part), node(3, whole)
	wired(t, a, b)
	wired(t, a, c)
	key := sfaas.NewKey(sfaas.KindCell, 1)
	if err := c.Own(sfaas.Unit{Part: "count", Root: key}); err != nil {
		t.Fatal(err)
	}
	a.Disconnect(3, c.Incarnation()) // pass keeps what comes for it
	push(t, in, a, key, 1, 5)
	for a.Stats()[0].Invocations == 0 {
		time.Sleep(time.Millisecond)
	}
	_, err := a.MoveUnit(context.Background(), sfaas.Unit{Part: "pass", Root: key}, 2, sfaas.MoveConfig{})
	var d *sfaas.DigestError
	if !errors.As(err, &d) || !strings.Contains(d.Of, "count") || errors.Is(err, sfaas.ErrFrame) {
		t.Errorf("got %v, want a DigestError that names the edge", err)
	}
	push(t, in, a, key, 2, 6)
}
