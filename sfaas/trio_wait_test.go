// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestUnequalDefaultOwners links runtimes that name different default owners, of all
// parts and of one: it is refused, and nothing is linked.
func TestUnequalDefaultOwners(t *testing.T) {
	app, in, _ := counting(t, sfaas.Replicated)
	a := start(t, app, sfaas.WithNode(1), sfaas.WithDefaultOwner(1))
	b := start(t, app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1))
	for _, own := range []sfaas.Option{sfaas.WithDefaultOwner(3), sfaas.WithDefaultOwner(2, "f")} {
		c := start(t, app, sfaas.WithNode(3), sfaas.WithDefaultOwner(1), own)
		if err := sfaas.Link(a, b, c); err == nil {
			t.Error("unequal default owners are linked")
		}
		var moved *sfaas.MovedError
		if err := tryPush(t, in, b, sfaas.NewKey(sfaas.KindCell, 1), 1, 1); !errors.As(err, &moved) {
			t.Errorf("a push at the one that is not linked: %v", err)
		}
	}
}

// TestRoutesAreOrdered watches the routes of three runtimes while a unit moves about:
// epochs rise at each, one call at a time, and all end at the same route.
func TestRoutesAreOrdered(t *testing.T) {
	app, in, _ := counting(t, sfaas.Replicated)
	all := trio(t, app)
	push(t, in, all[0], sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	drain(t, all[0])
	u := sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	var last [3]atomic.Uint32
	for i, rt := range all {
		inside := false
		stop := rt.WatchRoutes(func(r sfaas.Route) {
			if inside {
				t.Error("two calls at a time")
			}
			inside = true
			if old := last[i].Swap(r.Epoch); r.Epoch <= old {
				t.Errorf("node %d: epoch %d after %d", i+1, r.Epoch, old)
			}
			inside = false
		})
		defer stop()
	}
	at := 0
	random := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		to := (at + 1 + random.IntN(2)) % 3
		if err := all[to].Prepare(u); err != nil {
			t.Fatal(err)
		}
		if _, err := all[at].MoveUnit(context.Background(), u, all[to].Node(), sfaas.MoveConfig{}); err != nil {
			t.Fatal(err)
		}
		if err := all[to].Unprepare(u); err != nil {
			t.Fatal(err)
		}
		at = to
	}
	for i, rt := range all {
		within(t, 5*time.Second, "the last route is known", func() bool {
			r, err := rt.Route(u)
			return err == nil && r.Owner == all[at].Node() && last[i].Load() == r.Epoch
		})
	}
}

// TestDelayedMessageMoves moves the unit of an instance that has delayed messages, and
// that of their consumer, from runtime to runtime until they are due: each comes once,
// in order and not before its time.
func TestDelayedMessageMoves(t *testing.T) {
	const each, delay = 30, 60 * time.Millisecond
	var mu sync.Mutex
	var got []uint64
	due := map[uint64]sfaas.Time{}
	to := sfaas.Ref[number]("later").With(exactly)
	f := sfaas.Define("f", func(c *sfaas.Ctx, _, in *number) error {
		m, _ := to.After(c, sfaas.NewKey(sfaas.KindCell, 9), delay)
		*m = *in
		mu.Lock()
		due[in.X] = c.Now().Add(delay)
		mu.Unlock()
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, to)
	later := sfaas.Define("later", func(c *sfaas.Ctx, _, in *number) error {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, in.X)
		if early := due[in.X].Sub(c.Now()); early > 10*time.Microsecond { // clocks of workers differ by less
			t.Errorf("message %d comes %v early", in.X, early)
		}
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(exactly), f)
	g.Add(later)
	app := build(t, g)
	all := trio(t, app)
	stop, moved := make(chan struct{}), make(chan int)
	units := []sfaas.Unit{{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, 1)}, {Part: "later", Root: sfaas.NewKey(sfaas.KindCell, 9)}}
	go func() {
		moved <- shuffle(t, all, 5, func(r *rand.Rand) sfaas.Unit { return units[r.IntN(2)] }, stop)
	}()
	for n := range uint64(each) {
		push(t, in, all[1], sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(n), n+1)
		time.Sleep(time.Millisecond)
	}
	within(t, 20*time.Second, "all have come", func() bool { mu.Lock(); defer mu.Unlock(); return len(got) >= each })
	time.Sleep(10 * time.Millisecond)
	close(stop)
	moves := <-moved
	mu.Lock()
	defer mu.Unlock()
	for i, x := range got {
		if x != uint64(i+1) {
			t.Fatalf("came in the order %v", got)
		}
	}
	t.Logf("messages=%d moves=%d", len(got), moves)
}

// TestSnapshotsOfThree takes snapshots of three linked runtimes at any moment, while
// units move, orders come and everything promises: each can be read back, and has the
// bytes of cells that grow.
func TestSnapshotsOfThree(t *testing.T) {
	x := newExchange(t, 9)
	all := trio(t, x.app, x.sink())
	x.listen(t, all[0])
	drain(t, all[0])
	stop, moved := make(chan struct{}), make(chan int)
	go func() { moved <- shuffle(t, all, 11, x.unit, stop) }()
	var pushers sync.WaitGroup
	const orders = 150
	for i, rt := range all {
		pushers.Go(func() {
			for n := range uint64(orders) {
				for k := uint64(i); k < x.desks; k += 3 {
					push(t, x.orders, rt, sfaas.NewKey(sfaas.KindCell, k), sfaas.Slot(n), n+1)
				}
				time.Sleep(50 * time.Microsecond)
			}
		})
	}
	ended := make(chan struct{})
	go func() { pushers.Wait(); close(ended) }()
	cuts := 0
	for end := false; !end; {
		var b bytes.Buffer
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		err := all[cuts%3].Snapshot(ctx, &b)
		cancel()
		if err != nil && !errors.Is(err, sfaas.ErrBusy) {
			t.Fatal(err)
		}
		if err == nil {
			cuts++
			if cuts%4 == 0 { // a program of its own, whose handlers tell no oracle
				y := newExchange(t, 9)
				rt := restored(t, y.app, b.Bytes(), sfaas.WithWorkers(1+cuts%3), sfaas.WithDefaultOwner(1), sfaas.WithNode(1))
				var given *sfaas.UnacknowledgedError // what it has not run
				if err := rt.Close(); err != nil && !errors.As(err, &given) {
					t.Error(err)
				}
			}
		}
		select {
		case <-ended:
			end = true
		default:
			time.Sleep(2 * time.Millisecond)
		}
	}
	close(stop)
	moves := <-moved
	x.want(t, orders*x.desks)
	t.Logf("cuts=%d moves=%d", cuts, moves)
}

// TestCloseWithPending closes a runtime that keeps messages for one that does not
// commit them: it says how many it gives up, in bounded time.
func TestCloseWithPending(t *testing.T) {
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Sink(sfaas.Apply(in.With(exactly), counter("f")), "out")
	app := build(t, g)
	e := &shutFor{part: "f", shut: true}
	limit := sfaas.WithBlockLimit(200 * time.Millisecond)
	a := start(t, app, sfaas.WithNode(1), sfaas.WithEngine(e), limit)
	b := start(t, app, sfaas.WithNode(2), sfaas.WithDefaultOwner(1), limit)
	c := start(t, app, sfaas.WithNode(3), sfaas.WithDefaultOwner(1), limit)
	if err := sfaas.Link(a, b, c); err != nil {
		t.Fatal(err)
	}
	for k := range uint64(5) {
		push(t, in, b, sfaas.NewKey(sfaas.KindCell, k), 1, 1)
	}
	begin := time.Now()
	var lost *sfaas.UnacknowledgedError
	if err := b.Close(); !errors.As(err, &lost) || lost.Messages != 5 || lost.Node != 2 {
		t.Errorf("close: %v, want 5 messages of node 2 that are not acknowledged", err)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("close took %v", d)
	}
	e.open()
}

// TestNoGoroutineOfThree checks that nothing of three linked runtimes is left when they
// have closed, with moves and pushes under way.
func TestNoGoroutineOfThree(t *testing.T) {
	before := runtime.NumGoroutine()
	for run := range uint64(3) {
		x := newExchange(t, 9)
		all := trio(t, x.app, sfaas.WithBlockLimit(100*time.Millisecond))
		stop, moved := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(moved)
			random := rand.New(rand.NewPCG(run, 1))
			for n := sfaas.Slot(0); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				_ = x.orders.PushValue(all[random.IntN(3)], sfaas.NewKey(sfaas.KindCell, random.Uint64N(9)), n, &number{1})
				ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
				_, _ = all[random.IntN(3)].MoveUnit(ctx, x.unit(random), sfaas.NodeID(1+random.IntN(3)), sfaas.MoveConfig{})
				cancel()
			}
		}()
		time.Sleep(20 * time.Millisecond)
		var closers sync.WaitGroup
		for _, rt := range all {
			closers.Go(func() { _ = rt.Close() })
		}
		closers.Wait()
		close(stop)
		<-moved
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 500 {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(10 * time.Millisecond)
	}
}
