// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// placing lets a control place units at a deployment of this process.
func placing(ctl *fakeControl, at func() *Deployment) {
	ctl.ensure_ = func(_ carrier, u sfaas.Unit) (uint32, error) {
		d := at()
		epoch := d.ctl.claimEpoch(0)
		return epoch, d.own(context.Background(), u, epoch)
	}
}

// TestUnit ensures a unit from another node than the one that gets it, pushes, and pushes
// for one that has no owner until it has one.
func TestUnit(t *testing.T) {
	leavesNothing(t)
	s := newSums(t)
	var got atomic.Uint64
	out := WithOutput(s.out, func(h sfaas.Header, _ *number) { got.Store(uint64(h.Slot)) })
	ctl := &fakeControl{id: 1}
	spec := Spec{Unit: sfaas.KindCell, Slot: time.Millisecond}
	spec.Slot = 0 // a push waits for a second then
	a, b := deployAt(t, ctl, s.app, spec, out), deploy(t, 2, s.app, spec)
	placing(ctl, func() *Deployment { return b })
	meet(t, a, b)
	ctx := context.Background()
	cell := a.Unit(cell1)
	if r := cell.Routes(); len(r) != 1 || r[0].Owner != 0 {
		t.Errorf("routes of a unit without an owner: %v", r)
	}
	if err := cell.Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.Receive(ctx, cell1); err != nil {
		t.Fatal(err)
	}
	if err := s.in.PushValue(cell, cell1, 7, &number{1}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the output", func() bool { return got.Load() == 7 })
	if r := cell.Routes(); len(r) != 1 || r[0].Owner != 2 {
		t.Errorf("routes: %v, want node 2", r)
	}
	if !a.drained() || b.drained() {
		t.Errorf("drained: %v %v, want node 2 to have it", a.drained(), b.drained())
	}

	cell2 := a.Unit(sfaas.NewKey(sfaas.KindCell, 2))
	time.AfterFunc(20*time.Millisecond, func() { _ = cell2.Ensure(ctx) })
	if err := s.in.PushValue(cell2, cell2.Key(), 1, &number{1}); err != nil {
		t.Errorf("pushed before it has an owner: %v", err)
	}
	if err := a.Unit(sfaas.NewKey(sfaas.KindUE, 2)).Ensure(ctx); !errors.As(err, new(*sfaas.OptionError)) {
		t.Errorf("a key of another kind: %v", err)
	}
}

// TestUnitGivesUp pushes for a unit that nobody comes to own, within a slot.
func TestUnitGivesUp(t *testing.T) {
	s := newSums(t)
	d := deploy(t, 1, s.app, Spec{Unit: sfaas.KindCell, Slot: time.Millisecond})
	var moved *sfaas.MovedError
	if err := s.in.PushValue(d.Unit(cell1), cell1, 1, &number{1}); !errors.As(err, &moved) || moved.Owner != nobody {
		t.Errorf("pushed where nobody owns: %v", err)
	}
}

// TestUnitAllocs pushes through a handle, at the owner and from another node.
func TestUnitAllocs(t *testing.T) {
	s := newSums(t)
	var got atomic.Uint64
	out := WithOutput(s.out, func(h sfaas.Header, _ *number) { got.Store(uint64(h.Slot)) })
	a := deploy(t, 1, s.app, standbySpec(), out)
	if err := a.own(context.Background(), sfaas.Unit{Part: "add", Root: cell1}, epochOf(1, 1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := a.Receive(context.Background(), cell1); err != nil {
		t.Fatal(err)
	}
	cell, x, slot := a.Unit(cell1), number{1}, sfaas.Slot(0)
	push := func() {
		slot++
		if err := s.in.PushValue(cell, cell1, slot, &x); err != nil {
			t.Error(err)
		}
		for got.Load() != uint64(slot) {
			time.Sleep(10 * time.Microsecond)
		}
	}
	for range 200 {
		push()
	}
	if n := testing.AllocsPerRun(500, push); n > 0 {
		t.Errorf("%v allocations a push", n)
	}
}

// TestMoves moves a unit to and fro between two other processes while slots come: each
// comes out once, with the sum that it has without moves.
func TestMoves(t *testing.T) {
	x := newTrio(t)
	n := x.play(0, x.has(tenure(epochOf(1, 2, 0))))
	const moves = 10
	done := make(chan string, 1)
	go func() {
		from, to := x.nodes[2], x.nodes[3]
		for range moves {
			if err := from.ask("move %d", to.id); err != "" {
				done <- err
				return
			}
			from, to = to, from
		}
		done <- ""
	}()
	n = x.play(n, func() bool { return len(done) > 0 })
	if err := <-done; err != "" {
		t.Fatal(err)
	}
	x.play(n, after(100*time.Millisecond))
	x.mu.Lock()
	defer x.mu.Unlock()
	seen := map[sfaas.Slot]bool{}
	for _, p := range x.out {
		want := uint64(0)
		for j := range min(window, uint64(p.slot)+1) {
			want += uint64(p.slot) - j
		}
		if seen[p.slot] || p.x != want {
			t.Errorf("slot %d: %d, want %d, once: seen before %v", p.slot, p.x, want, seen[p.slot])
		}
		seen[p.slot] = true
	}
	if len(seen) < int(n) {
		t.Errorf("%d of at least %d slots have come out", len(seen), n)
	}
	last := x.out[len(x.out)-1].epoch
	t.Logf("slots=%d epoch=%#x", len(seen), last)
	if last != epochOf(1, 2, moves) {
		t.Errorf("last epoch %#x, want %#x", last, epochOf(1, 2, moves))
	}
}
