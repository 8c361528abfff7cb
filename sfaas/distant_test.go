// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"testing"

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
