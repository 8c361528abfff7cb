// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// tryPush pushes a number at one of some runtimes, the next one when one has closed or
// is leaving, and again while it is refused.
func tryPush(t testing.TB, in sfaas.Input[number], h sfaas.Host, key sfaas.Key, slot sfaas.Slot, x uint64) error {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(20 * time.Microsecond) {
		err := in.PushValue(h, key, slot, &number{x})
		switch {
		case err == nil || !errors.Is(err, sfaas.ErrBusy):
			return err
		case time.Since(begin) > 20*time.Second:
			t.Fatal("the source is refused for ever")
		}
	}
}

// TestTwoOfThreeLeave lets two of three runtimes leave and close one after the other
// while orders come at the third: everything goes on there, exactly, and no push is
// refused for good.
func TestTwoOfThreeLeave(t *testing.T) {
	for run := range 4 {
		x := newExchange(t, 9)
		all := trio(t, x.app, x.sink())
		x.listen(t, all[0])
		drain(t, all[0])
		var orders atomic.Uint64
		stop := make(chan struct{})
		var pusher sync.WaitGroup
		pusher.Go(func() {
			for n := uint64(0); ; n++ {
				for k := range x.desks {
					if err := tryPush(t, x.orders, all[2], sfaas.NewKey(sfaas.KindCell, k), sfaas.Slot(n), n+1); err != nil {
						t.Errorf("order %d for desk %d: %v", n, k, err)
						return
					}
					orders.Add(1)
				}
				select {
				case <-stop:
					return
				default:
					time.Sleep(100 * time.Microsecond)
				}
			}
		})
		time.Sleep(5 * time.Millisecond)
		first, second := all[run%2], all[1-run%2]
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		for i, rt := range []*sfaas.Runtime{first, second} {
			to := func(u sfaas.Unit) sfaas.NodeID {
				if i == 0 && u.Root.Depth() > 0 {
					if id, _ := u.Root.ID(sfaas.KindCell); id%2 == 0 {
						return second.Node()
					}
				}
				return 3
			}
			if err := rt.Leave(ctx, to, sfaas.MoveConfig{}); err != nil {
				t.Fatal(err)
			}
			if err := rt.Close(); err != nil {
				t.Fatalf("close of node %d: %v", rt.Node(), err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		close(stop)
		pusher.Wait()
		x.want(t, orders.Load())
		drain(t, all[2])
		t.Logf("run=%d orders=%d", run, orders.Load())
		if t.Failed() {
			return
		}
	}
}

// TestUnusedUnitsPassOn lets the default owner leave and close before most units have
// been used: its successor owns them, whoever pushes.
func TestUnusedUnitsPassOn(t *testing.T) {
	app, in, out := counting(t, sfaas.Replicated)
	var mu sync.Mutex
	got := map[sfaas.Key]uint64{}
	all := trio(t, app, sfaas.WithOutput(out, func(h sfaas.Header, x *number) {
		mu.Lock()
		got[h.Key] = x.X
		mu.Unlock()
	}))
	push(t, in, all[1], sfaas.NewKey(sfaas.KindCell, 0), 0, 0)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	drain(t, all[0])
	if err := all[0].Leave(ctx, func(sfaas.Unit) sfaas.NodeID { return 2 }, sfaas.MoveConfig{}); err != nil {
		t.Fatal(err)
	}
	push(t, in, all[0], sfaas.NewKey(sfaas.KindCell, 1), 0, 0) // where it has left, and goes on to the successor
	drain(t, all[0])
	if err := all[0].Close(); err != nil {
		t.Fatal(err)
	}
	for i, rt := range all[1:] {
		for k := range uint64(20) {
			push(t, in, rt, sfaas.NewKey(sfaas.KindCell, k), sfaas.Slot(1+i), 0)
		}
	}
	for _, rt := range all[1:] {
		drain(t, rt)
	}
	mu.Lock()
	defer mu.Unlock()
	for k := range uint64(20) {
		want := uint64(2)
		if k < 2 {
			want = 3
		}
		if got[sfaas.NewKey(sfaas.KindCell, k)] != want {
			t.Errorf("%v has counted %d, want %d", sfaas.NewKey(sfaas.KindCell, k), got[sfaas.NewKey(sfaas.KindCell, k)], want)
		}
	}
}

// TestNewIncarnationLearnsRoutes starts the default owner anew after its units have
// moved away: as soon as it is linked, what is pushed there goes to their owners.
func TestNewIncarnationLearnsRoutes(t *testing.T) {
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in.With(exactly), counter("f")), "out")
	app := build(t, g)
	var mu sync.Mutex
	got := map[sfaas.Key]uint64{}
	sink := sfaas.WithOutput(out, func(h sfaas.Header, x *number) {
		mu.Lock()
		got[h.Key] = max(got[h.Key], x.X)
		mu.Unlock()
	})
	const keys = 200
	all := trio(t, app, sink)
	for k := range uint64(keys) {
		push(t, in, all[0], sfaas.NewKey(sfaas.KindCell, k), 0, 1)
	}
	drain(t, all[0])
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for life := range sfaas.Slot(3) {
		if err := all[0].Leave(ctx, func(sfaas.Unit) sfaas.NodeID { return 2 }, sfaas.MoveConfig{}); err != nil {
			t.Fatal(err)
		}
		if err := all[0].Close(); err != nil {
			t.Fatal(err)
		}
		all[0] = start(t, app, sfaas.WithNode(1), sfaas.WithWorkers(2), sink)
		if err := sfaas.Link(all...); err != nil {
			t.Fatal(err)
		}
		for k := range uint64(keys) {
			push(t, in, all[0], sfaas.NewKey(sfaas.KindCell, k), 1+life, 1)
		}
		for _, rt := range all {
			drain(t, rt)
		}
		for k := range uint64(keys) {
			if mu.Lock(); got[sfaas.NewKey(sfaas.KindCell, k)] != uint64(2+life) {
				t.Errorf("life %d: %v has counted %d, want %d", life, sfaas.NewKey(sfaas.KindCell, k), got[sfaas.NewKey(sfaas.KindCell, k)], 2+life)
			}
			mu.Unlock()
		}
		if t.Failed() {
			return
		}
		for _, r := range all[1].Routes() { // and back
			if r.Owner != all[1].Node() {
				continue
			}
			if _, err := all[1].MoveUnit(ctx, r.Unit, 1, sfaas.MoveConfig{}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestClaimOfThree claims a unit whose owner has closed, while the third runtime
// pushes: from the return of Claim on nobody is refused. The old owner comes back
// under a default of its own and an epoch that is older, and does not get the unit.
func TestClaimOfThree(t *testing.T) {
	app, in, out := counting(t, sfaas.Volatile)
	var at [4]atomic.Uint64
	node := func(n sfaas.NodeID) []sfaas.Option {
		return []sfaas.Option{sfaas.WithNode(n), sfaas.WithDefaultOwner(1), sfaas.WithWorkers(2), sfaas.WithOutput(out, func(sfaas.Header, *number) { at[n].Add(1) })}
	}
	a, b, c := start(t, app, node(1)...), start(t, app, node(2)...), start(t, app, node(3)...)
	if err := sfaas.Link(a, b, c); err != nil {
		t.Fatal(err)
	}
	const keys = 50
	for k := range uint64(keys) {
		push(t, in, c, sfaas.NewKey(sfaas.KindCell, k), 0, 0)
	}
	drain(t, c)
	if at[1].Load() != keys {
		t.Fatalf("node 1 has taken %d", at[1].Load())
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	var moved *sfaas.MovedError
	if err := tryPush(t, in, c, sfaas.NewKey(sfaas.KindCell, 0), 1, 0); !errors.As(err, &moved) {
		t.Errorf("a push for a unit whose owner has closed: %v, want MovedError", err)
	}
	for k := range uint64(keys) {
		u := sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, k)}
		r, err := b.Route(u)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Claim(u, r.Epoch+1); err != nil {
			t.Fatal(err)
		}
		if err := tryPush(t, in, c, u.Root, 1, 0); err != nil {
			t.Fatalf("a push at the third runtime after the claim of %v: %v", u, err)
		}
	}
	drain(t, c)
	if at[2].Load() != keys {
		t.Errorf("the claimant has taken %d of %d", at[2].Load(), keys)
	}
	a = start(t, app, node(1)...) // an old owner that knows no better
	for k := range uint64(keys) {
		push(t, in, a, sfaas.NewKey(sfaas.KindCell, k), 2, 0)
	}
	drain(t, a)
	before := at[1].Load()
	if err := sfaas.Link(a, b, c); err != nil {
		t.Fatal(err)
	}
	for k := range uint64(keys) {
		push(t, in, a, sfaas.NewKey(sfaas.KindCell, k), 3, 0)
	}
	drain(t, a)
	if at[1].Load() != before || at[2].Load() != 2*keys {
		t.Errorf("after its return the old owner took %d, the claimant %d more, of %d", at[1].Load()-before, at[2].Load()-keys, keys)
	}
	for k := range uint64(keys) {
		u := sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, k)}
		for _, rt := range []*sfaas.Runtime{a, b, c} {
			if r, err := rt.Route(u); err != nil || r.Owner != 2 {
				t.Errorf("node %d: route %v, %v", rt.Node(), r, err)
			}
		}
		if err := a.Claim(u, 1); err == nil {
			t.Errorf("%v: an epoch that has been is claimed again", u)
		}
	}
}

// TestLeaveWhileUnitsAreNew lets the default owner leave and close while every push is
// for a unit that has not been before: each is counted once, here or at its successor.
func TestLeaveWhileUnitsAreNew(t *testing.T) {
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	pass := sfaas.Define("pass", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	middle := sfaas.Apply(in.With(exactly), pass).With(exactly).Cut("line")
	out := sfaas.Sink(sfaas.Apply(middle, counter("f")).With(exactly), "out")
	app := build(t, g)
	for run := range 5 {
		var mu sync.Mutex
		got := map[sfaas.Key]int{}
		all := trio(t, app, sfaas.WithOutput(out, func(h sfaas.Header, x *number) {
			mu.Lock()
			got[h.Key]++
			if x.X != 1 {
				t.Errorf("%v has counted %d", h.Key, x.X)
			}
			mu.Unlock()
		}))
		var pushers sync.WaitGroup
		var keys atomic.Uint64
		stop := make(chan struct{})
		for _, rt := range all[1:] {
			pushers.Go(func() {
				for {
					if err := tryPush(t, in, rt, sfaas.NewKey(sfaas.KindCell, keys.Add(1)), 0, 1); err != nil {
						t.Errorf("node %d: %v", rt.Node(), err)
						return
					}
					select {
					case <-stop:
						return
					default:
						time.Sleep(20 * time.Microsecond)
					}
				}
			})
		}
		time.Sleep(time.Duration(run) * time.Millisecond)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		to := func(u sfaas.Unit) sfaas.NodeID { // the rest of a part goes to either
			if u.Part == "pass" {
				return 2
			}
			return 3
		}
		if err := all[0].Leave(ctx, to, sfaas.MoveConfig{}); err != nil {
			t.Fatal(err)
		}
		if err := all[0].Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
		close(stop)
		pushers.Wait()
		for _, rt := range all[1:] {
			drain(t, rt)
		}
		mu.Lock()
		for k := range keys.Load() {
			if got[sfaas.NewKey(sfaas.KindCell, k+1)] != 1 {
				t.Errorf("run %d: %v came out %d times", run, sfaas.NewKey(sfaas.KindCell, k+1), got[sfaas.NewKey(sfaas.KindCell, k+1)])
			}
		}
		mu.Unlock()
		t.Logf("run=%d units=%d", run, keys.Load())
		if t.Failed() {
			return
		}
	}
}
