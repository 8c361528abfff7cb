// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// TestMoveJoin moves a function of two joined inputs, one of which is spread,
// while whole pairs wait for their grants and halves for their partners: all
// of it goes along.
func TestMoveJoin(t *testing.T) {
	const slots, users = 60, 3
	for seed := range uint64(10) {
		got, want := map[string]uint64{}, map[string]uint64{}
		calls := sfaas.NewValue[uint64]("calls", sfaas.Replicated)
		meet := sfaas.Define("meet", func(c *sfaas.Ctx, _ *number, in *sfaas.Pair[number, number]) error {
			cell, ue := in.A, in.B
			*calls.Mut(c)++
			n, _ := calls.Get(c)
			got[fmt.Sprintf("%v/%d", c.Key(), n)] = cell.X*100 + ue.X
			return sfaas.ErrNoOutput
		}, sfaas.FunctionConfig{Window: 1 << 20, Cost: time.Microsecond}, calls)
		grant := sfaas.OnControl(meet, func(*sfaas.Ctx, *number) error { return nil })
		g := sfaas.NewGraph("meet")
		exact := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce}
		cells, ues, grants := sfaas.Source[number](g, "cells"), sfaas.Source[number](g, "ues"), sfaas.Source[number](g, "grants")
		sfaas.Apply(sfaas.Join(cells.With(exact).Spread(), ues.With(exact)), meet)
		sfaas.Control(grants.With(exact), grant)
		w := build(t, sim.Config{Seed: seed, Nodes: 2, Cores: 1 + int(seed%2)}, g)
		for i := range uint64(slots) {
			at := func(lag time.Duration, f func()) {
				w.At(sfaas.Time(0).Add(time.Duration(i)*100*time.Microsecond+lag), f)
			}
			at(0, func() { push(t, cells, w, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(i), i) })
			for ue := range uint64(users) {
				key := sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, ue)
				at(250*time.Microsecond, func() { push(t, ues, w, key, sfaas.Slot(i), ue) })
				at(700*time.Microsecond, func() { push(t, grants, w, key, sfaas.Slot(i), 0) })
				want[fmt.Sprintf("%v/%d", key, i+1)] = i*100 + ue
			}
		}
		key := sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, seed%users)
		var move func(from, to int, left int)
		move = func(from, to, left int) {
			w.Move(w.Node(from), w.Node(to), meet, key, func(err error) {
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				if left > 0 {
					w.At(w.Now().Add(170*time.Microsecond), func() { move(to, from, left-1) })
				}
			})
		}
		move(0, 1, 30)
		w.Run()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("seed %d: -want +got\n%s", seed, d)
		}
		for i := range 2 {
			if s := w.Node(i).Stats()[0]; s.Dropped+s.Faults != 0 {
				t.Errorf("seed %d, node %d: dropped %d, faults %d", seed, i, s.Dropped, s.Faults)
			}
		}
	}
}
