// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/peer"
)

// TestRelay lets numbers go through two runtimes, calls one from the other, and moves
// units back and forth meanwhile.
func TestRelay(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	a, b := x.start(t, 1), x.start(t, 2, sfaas.WithWorkers(2))
	na, nb := newNode(t, a, peer.Config{}), newNode(t, b, peer.Config{})
	connect(t, na, nb)
	const keys, each = 10, 200
	var want uint64
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for i := range uint64(each) {
		for k := range uint64(keys) {
			push(t, x.in, []*sfaas.Runtime{a, b}[k%2], sfaas.NewKey(sfaas.KindCell, k), sfaas.Slot(i), k+1)
			want += k + 1
		}
		if i%10 == 0 {
			u := sfaas.Unit{Part: []string{"pass", "count"}[i/10%2], Root: sfaas.NewKey(sfaas.KindCell, i/20%keys)}
			r, err := a.Route(u)
			if err != nil {
				t.Fatal(err)
			}
			from, to := a, b
			if r.Owner == 2 {
				from, to = b, a
			}
			if _, err := from.MoveUnit(ctx, u, to.Node(), sfaas.MoveConfig{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "all sums", func() bool { return x.total() == want })
	for k := range uint64(keys) {
		var got number
		err := x.ask.Invoke(ctx, a, sfaas.NewKey(sfaas.KindCell, k), 0, &got, func(n *number) error { n.X = 0; return nil })
		if err != nil || got.X != each*(k+1) {
			t.Errorf("%v: %v, %v; want %d", sfaas.NewKey(sfaas.KindCell, k), got, err, each*(k+1))
		}
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// TestUndial ends diallers: one that is connected, whose connection stays, and is not made again
// when it is lost, as that of another one is, and one whom nobody answers.
func TestUndial(t *testing.T) {
	leavesNothing(t)
	x := newRelay(t)
	ups := make(chan sfaas.NodeID, 8)
	a := newNode(t, x.start(t, 1), peer.Config{Backoff: time.Millisecond, OnEvent: func(e peer.Event) {
		if e.Kind == peer.Up {
			ups <- e.Node
		}
	}})
	b, c := newNode(t, x.start(t, 2), peer.Config{}), newNode(t, x.start(t, 3), peer.Config{})
	address := connect(t, b, a)
	connect(t, c, a)
	a.Undial("unix", address+"x") // nobody has dialled that
	a.Undial("unix", address)
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	if err := a.Ping(ctx, 2); err != nil {
		t.Errorf("the connection has ended: %v", err)
	}
	a.Forget(2, 0)
	a.Forget(3, 0)
	for _, want := range []sfaas.NodeID{2, 3, 3} {
		select {
		case got := <-ups:
			if got != want {
				t.Errorf("connected with node %d, want %d", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("not connected with node %d", want)
		}
	}
	if a.Connected(2) {
		t.Error("connected once more")
	}

	waits := make(chan error)
	go func() {
		_, err := a.Dial(ctx, "unix", address+"x")
		waits <- err
	}()
	for done := false; !done; { // it may not have begun yet
		a.Undial("unix", address+"x")
		select {
		case err := <-waits:
			if done = true; err == nil || ctx.Err() != nil {
				t.Errorf("where nobody answers: %v", err)
			}
		case <-time.After(time.Millisecond):
		}
	}
}
