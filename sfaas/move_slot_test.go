// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// slotMover returns two runtimes of a program that counts in a cell, the source and
// the unit of cell 1.
func slotMover(t *testing.T, opts ...sfaas.Option) (in sfaas.Input[number], u sfaas.Unit, a, b *sfaas.Runtime) {
	t.Helper()
	cell := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, _ *number) error { *cell.Mut(c)++; return sfaas.ErrNoOutput }, sfaas.FunctionConfig{}, cell)
	g := sfaas.NewGraph("g")
	in = sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(exactly), f)
	a, b = pair(t, build(t, g), opts...)
	return in, sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, 1)}, a, b
}

// TestMoveNotBefore moves a unit not before a slot: it stays until a message of
// that slot comes, which goes along.
func TestMoveNotBefore(t *testing.T) {
	for _, workers := range []int{1, 4} {
		in, u, a, b := slotMover(t, sfaas.WithWorkers(workers))
		key := sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, 3)
		push(t, in, a, key, 1, 1)
		drain(t, a)
		moved := make(chan error, 1)
		go func() {
			_, err := a.MoveUnit(context.Background(), u, b.Node(), sfaas.MoveConfig{Slot: 20})
			moved <- err
		}()
		for slot := sfaas.Slot(2); slot < 20; slot++ {
			push(t, in, a, key, slot, 1)
		}
		time.Sleep(20 * time.Millisecond)
		drain(t, a) // a move that waits for its slot is nothing under way
		select {
		case err := <-moved:
			t.Fatalf("%d workers: the unit moved before its slot: %v", workers, err)
		default:
		}
		push(t, in, a, key, 20, 1)
		select {
		case err := <-moved:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%d workers: the unit did not move at its slot", workers)
		}
		drain(t, a)
		drain(t, b)
		if r, _ := b.Route(u); r.Owner != b.Node() {
			t.Errorf("%d workers: owner %d, want %d", workers, r.Owner, b.Node())
		}
		if n := b.Stats()[0].Invocations + a.Stats()[0].Invocations; n != 20 {
			t.Errorf("%d workers: %d of 20 messages were counted", workers, n)
		}
	}
}

// TestMoveWhenDue moves a unit whose slot never comes: it moves when the slot is
// due.
func TestMoveWhenDue(t *testing.T) {
	const slot = 10 * time.Millisecond
	begin := sfaas.Now()
	timeline := sfaas.NewTimeline(slot)
	timeline.Set(0, begin)
	_, u, a, b := slotMover(t, sfaas.WithTimeline(timeline), sfaas.WithBudget(slot))
	if _, err := a.MoveUnit(context.Background(), u, b.Node(), sfaas.MoveConfig{Slot: 30}); err != nil {
		t.Fatal(err)
	}
	if got, want := sfaas.Now().Sub(begin), 31*slot; got < want {
		t.Errorf("moved after %v, want not before %v", got, want)
	}
}

// TestMoveSlotFed refuses a slot in mode Fed.
func TestMoveSlotFed(t *testing.T) {
	_, u, a, b := slotMover(t)
	_, err := a.MoveUnit(context.Background(), u, b.Node(), sfaas.MoveConfig{Mode: sfaas.Fed, Slot: 3})
	if e := (*sfaas.OptionError)(nil); !errors.As(err, &e) || e.Option != "MoveConfig.Slot" {
		t.Errorf("got %v, want an *OptionError of MoveConfig.Slot", err)
	}
}
