// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// trade is a kept unit for which something waits at every place: two functions that
// count, behind a join, with a delayed message, between sources of two runtimes. A
// number that reaches the end is in the total of its key.
type trade struct {
	t           testing.TB
	app         *sfaas.App
	left, right sfaas.Input[number]
	out         sfaas.Output[number]

	mu    sync.Mutex
	total map[sfaas.Key]uint64 // newest that has come out
}

func newTrade(t testing.TB) *trade {
	t.Helper()
	x := &trade{t: t, total: map[sfaas.Key]uint64{}}
	pairs := sfaas.NewValue[uint64]("pairs", sfaas.Replicated)
	sum := sfaas.NewMap[uint64, uint64]("sum", sfaas.Sealed)
	add := sfaas.Ref[number]("sum").With(exactly)
	pair := sfaas.Define("pair", func(c *sfaas.Ctx, out *number, in *sfaas.Pair[number, number]) error {
		a, b := in.A, in.B
		*pairs.Mut(c)++
		later, _ := add.After(c, c.Key(), 300*time.Microsecond)
		later.X = a.X + b.X
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{Window: 1 << 30}, pairs, add)
	last := sfaas.Define("sum", func(c *sfaas.Ctx, out, in *number) error {
		*sum.Mut(c, 1) += in.X
		n, _ := sum.Get(c, 1)
		out.X = n
		return nil
	}, sfaas.FunctionConfig{}, sum)
	g := sfaas.NewGraph("trade")
	x.left, x.right = sfaas.Source[number](g, "left"), sfaas.Source[number](g, "right")
	sfaas.Apply(sfaas.Join(x.left.With(exactly), x.right.With(exactly)), pair)
	x.out = sfaas.Sink(sfaas.Apply(sfaas.Source[number](g, "extra").With(exactly), last).With(exactly), "out")
	x.app = build(t, g)
	return x
}

// start starts a node over a disk.
func (x *trade) start(node sfaas.NodeID, e sfaas.Engine, opts ...sfaas.Option) *sfaas.Runtime {
	x.t.Helper()
	opts = append([]sfaas.Option{sfaas.WithEngine(e), sfaas.WithNode(node), sfaas.WithDefaultOwner(1), sfaas.WithWorkers(int(node)),
		sfaas.WithSealer(sfaas.NewSealer([32]byte{7})), sfaas.WithOutput(x.out, func(h sfaas.Header, n *number) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.total[h.Key] = max(x.total[h.Key], n.X)
		})}, opts...)
	rt := start(x.t, x.app, opts...)
	if err := rt.Recover(context.Background()); err != nil {
		x.t.Fatal(err)
	}
	return rt
}

func (x *trade) of(key sfaas.Key) uint64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.total[key]
}

func link(t testing.TB, rts ...*sfaas.Runtime) {
	t.Helper()
	if err := sfaas.Link(rts...); err != nil {
		t.Fatal(err)
	}
}

const tradeKeys = 5

// unit is the one of a function under a key.
func unitOf(part string, key sfaas.Key) sfaas.Unit { return sfaas.Unit{Part: part, Root: key} }

// TestHandOver moves kept units to and fro between two engines that keep records, while
// both nodes push. Nothing is lost or repeated, and nothing is when both start again.
func TestHandOver(t *testing.T) {
	x := newTrade(t)
	disks := []*sim.Disk{sim.NewDisk(0), sim.NewDisk(50)}
	a, b := x.start(1, disks[0]), x.start(2, disks[1])
	link(t, a, b)
	const slots = 200
	var pushers sync.WaitGroup
	for i, in := range []sfaas.Input[number]{x.left, x.right} {
		pushers.Go(func() {
			for slot := range sfaas.Slot(slots) {
				for k := range uint64(tradeKeys) {
					push(t, in, []*sfaas.Runtime{a, b}[i], sfaas.NewKey(sfaas.KindCell, k), slot+1, uint64(slot)+1)
				}
				time.Sleep(50 * time.Microsecond)
			}
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	moves := 0
	for range 6 {
		for _, way := range [][2]*sfaas.Runtime{{a, b}, {b, a}} {
			for k := range uint64(tradeKeys) {
				for _, part := range []string{"pair", "sum"} {
					if _, err := way[0].MoveUnit(ctx, unitOf(part, sfaas.NewKey(sfaas.KindCell, k)), way[1].Node(), sfaas.MoveConfig{}); err != nil {
						t.Fatal(err)
					}
					moves++
				}
			}
		}
	}
	pushers.Wait()
	const want = slots * (slots + 1)
	done := func() bool {
		for k := range uint64(tradeKeys) {
			if x.of(sfaas.NewKey(sfaas.KindCell, k)) < want {
				return false
			}
		}
		return true
	}
	within(t, 10*time.Second, "all sums", done)
	for range 3 { // and at the target of one more move each time
		for k := range uint64(tradeKeys) {
			_, err := a.MoveUnit(ctx, unitOf("sum", sfaas.NewKey(sfaas.KindCell, k)), 2, sfaas.MoveConfig{})
			var moved *sfaas.MovedError
			if err != nil && !errors.As(err, &moved) {
				t.Fatal(err)
			}
		}
		a.Close()
		b.Close()
		a, b = x.start(1, disks[0]), x.start(2, disks[1])
		link(t, a, b)
		for k := range uint64(tradeKeys) {
			push(t, x.left, a, sfaas.NewKey(sfaas.KindCell, k), slots+1, 0)
			push(t, x.right, b, sfaas.NewKey(sfaas.KindCell, k), slots+1, 0)
		}
		drain(t, a)
		drain(t, b)
	}
	time.Sleep(5 * time.Millisecond)
	for k := range uint64(tradeKeys) {
		if n := x.of(sfaas.NewKey(sfaas.KindCell, k)); n != want {
			t.Errorf("cell %d: %d, want %d", k, n, want)
		}
	}
	t.Logf("%d moves", moves)
}

// Cores that records of a hand-over are said to come from.
const (
	importCore = base.Groups + 1
	leaveCore  = base.Groups + 2
)

// gate is a disk that does not answer some records, nor keeps them, once it is shut, or
// refuses them.
type gate struct {
	*sim.Disk
	mu   sync.Mutex
	shut func(r *sfaas.Record) bool
	err  error // with which it refuses them; nil: it does not answer
	came chan sfaas.Record
}

func newGate() *gate { return &gate{Disk: sim.NewDisk(0), came: make(chan sfaas.Record, 1<<10)} }

// close lets the gate hold up, or refuse, the records for which f returns true.
func (g *gate) close(f func(r *sfaas.Record) bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.err = f, err
}

// Commit implements sfaas.Engine.
func (g *gate) Commit(r *sfaas.Record, done func(error)) {
	g.mu.Lock()
	shut, err := g.shut != nil && g.shut(r), g.err
	g.mu.Unlock()
	switch {
	case !shut:
		g.Disk.Commit(r, done)
		return
	case err != nil:
		done(err)
	}
	select {
	case g.came <- *r:
	default:
	}
}

func of(core int, seqs ...uint64) func(r *sfaas.Record) bool {
	return func(r *sfaas.Record) bool { return r.Core == core && (len(seqs) == 0 || slices.Contains(seqs, r.Seq)) }
}

// tally is a kept unit that counts, between two nodes with gates for disks.
type tally struct {
	t    *testing.T
	app  *sfaas.App
	in   sfaas.Input[number]
	out  sfaas.Output[number]
	unit sfaas.Unit
	gate [4]*gate // by node

	mu   sync.Mutex
	last uint64
	at   sfaas.NodeID // where it was counted
}

func newTally(t *testing.T) *tally {
	x := &tally{t: t, unit: unitOf("f", sfaas.NewKey(sfaas.KindCell, 1)), gate: [4]*gate{nil, newGate(), newGate(), newGate()}}
	g := sfaas.NewGraph("tally")
	x.in = sfaas.Source[number](g, "in")
	count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, _ *number) error {
		*count.Mut(c)++
		out.X, _ = count.Get(c)
		return nil
	}, sfaas.FunctionConfig{}, count)
	x.out = sfaas.Sink(sfaas.Apply(x.in.With(exactly), f), "out")
	x.app = build(t, g)
	return x
}

func (x *tally) start(node sfaas.NodeID) *sfaas.Runtime {
	x.t.Helper()
	rt := start(x.t, x.app, sfaas.WithEngine(x.gate[node]), sfaas.WithNode(node), sfaas.WithDefaultOwner(1), sfaas.WithOutput(x.out, func(_ sfaas.Header, n *number) {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.last, x.at = n.X, node
	}))
	if err := rt.Recover(context.Background()); err != nil {
		x.t.Fatal(err)
	}
	return rt
}

// counted waits until the unit has counted so far at a node.
func (x *tally) counted(n uint64, at sfaas.NodeID) {
	x.t.Helper()
	var last uint64
	var node sfaas.NodeID
	for begin := time.Now(); time.Since(begin) < 5*time.Second; time.Sleep(100 * time.Microsecond) {
		x.mu.Lock()
		last, node = x.last, x.at
		x.mu.Unlock()
		if last == n && node == at {
			return
		}
	}
	x.t.Fatalf("%d at node %d, want %d at node %d", last, node, n, at)
}

func (x *tally) push(rt *sfaas.Runtime, n int) {
	x.t.Helper()
	push(x.t, x.in, rt, x.unit.Root, sfaas.Slot(n), 0)
}

// move begins a move that ends some time.
func (x *tally) move(from *sfaas.Runtime, to sfaas.NodeID) chan error {
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := from.MoveUnit(ctx, x.unit, to, sfaas.MoveConfig{})
		done <- err
	}()
	return done
}

// TestHandOverToTheDead lets a target crash before it has committed the import, and then
// the old owner. That waits until the target lives again, hears no, and goes on.
func TestHandOverToTheDead(t *testing.T) {
	x := newTally(t)
	a, b := x.start(1), x.start(2)
	link(t, a, b)
	x.push(a, 1)
	x.counted(1, 1)
	x.gate[2].close(of(importCore, 2), nil) // the record that would complete it
	done := x.move(a, 2)
	<-x.gate[2].came
	x.push(a, 2) // waits
	b.Close()
	pause()
	x.push(a, 3)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if err := a.Drain(ctx); err == nil {
		t.Error("a unit of which nobody knows who owns it is served")
	}
	a.Close()
	if err := <-done; !errors.Is(err, sfaas.ErrClosed) {
		t.Error(err)
	}
	x.gate[2].close(nil, nil)

	a = x.start(1) // in its next life: what was pushed and not committed is pushed again
	x.push(a, 2)
	if _, err := a.MoveUnit(context.Background(), x.unit, 2, sfaas.MoveConfig{}); !errors.Is(err, sfaas.ErrUnlinked) {
		t.Error(err)
	}
	if err := a.Claim(x.unit, 1); !errors.Is(err, sfaas.ErrStaleEpoch) {
		t.Error(err)
	}
	pause()
	x.counted(1, 1)
	b = x.start(2)
	link(t, a, b)
	x.counted(2, 1)
	x.push(b, 4)
	x.counted(3, 1)
	if err := <-x.move(a, 2); err != nil { // under a newer epoch it can go
		t.Fatal(err)
	}
	x.push(a, 5)
	x.counted(4, 2)
}

// TestHandOverOfTheDead lets the old owner crash before it has committed the tombstone,
// and the target move the unit on, and perhaps crash too. The old owner hears yes.
func TestHandOverOfTheDead(t *testing.T) {
	for _, crash := range []bool{false, true} {
		x := newTally(t)
		a, b, c := x.start(1), x.start(2), x.start(3)
		link(t, a, b, c)
		x.push(a, 1)
		x.push(a, 2)
		x.counted(2, 1)
		x.gate[1].close(of(leaveCore, 2), nil)
		if err := <-x.move(a, 2); err != nil {
			t.Fatal(err)
		}
		<-x.gate[1].came
		a.Close()
		x.gate[1].close(nil, nil)
		if err := <-x.move(b, 3); err != nil {
			t.Fatal(err)
		}
		if crash {
			b.Close()
			b = x.start(2)
		}
		a = x.start(1)
		link(t, a, b)
		within(t, 5*time.Second, "the route", func() bool { r, _ := a.Route(x.unit); return r.Owner == 3 })
		link(t, a, b, c)
		x.push(a, 3)
		x.counted(3, 3)
		a.Close() // and now it knows by itself
		a = x.start(1)
		if r, err := a.Route(x.unit); err != nil || r.Owner != 3 {
			t.Errorf("route %v, %v", r, err)
		}
	}
}

// TestHandOverToTheFull lets the disk of the target be full: the unit stays.
func TestHandOverToTheFull(t *testing.T) {
	x := newTally(t)
	a, b := x.start(1), x.start(2)
	link(t, a, b)
	x.push(a, 1)
	x.counted(1, 1)
	full := errors.New("full")
	x.gate[2].close(of(importCore), full)
	if err := <-x.move(a, 2); err == nil {
		t.Error("an engine that takes no rows has got a unit")
	}
	x.push(a, 2)
	x.counted(2, 1)
	x.gate[2].close(nil, nil)
	x.gate[1].close(of(leaveCore, 1), full) // that of the old owner: it waits for room
	done := x.move(a, 2)
	for range 3 {
		<-x.gate[1].came
	}
	x.gate[1].close(nil, nil)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	x.push(a, 3)
	x.counted(3, 2)
}

// TestHandOverToTheLost lets the disk of the target be lost while it has not answered: the
// old owner waits, until somebody claims the unit who knows that.
func TestHandOverToTheLost(t *testing.T) {
	x := newTally(t)
	a, b := x.start(1), x.start(2)
	link(t, a, b)
	x.push(a, 1)
	x.counted(1, 1)
	x.gate[2].close(of(importCore, 2), nil)
	done := x.move(a, 2)
	<-x.gate[2].came
	b.Close()
	pushed := 1
	for begin := time.Now(); ; { // what waits is bounded
		err := x.in.PushValue(a, x.unit.Root, sfaas.Slot(pushed+1), &number{})
		if errors.Is(err, sfaas.ErrBusy) && pushed > 1000 {
			break
		}
		if err == nil {
			pushed++
		} else if !errors.Is(err, sfaas.ErrBusy) || time.Since(begin) > 5*time.Second {
			t.Fatal(err)
		}
		if pushed > 10_000 {
			t.Fatal("pushes are taken without end")
		}
	}
	if err := a.Claim(x.unit, 5); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, sfaas.ErrUnlinked) {
		t.Error(err)
	}
	x.counted(uint64(pushed), 1)
	a.Close()
	a = x.start(1)
	if r, err := a.Route(x.unit); err != nil || r.Owner != 1 || r.Epoch < 5 {
		t.Errorf("route %v, %v", r, err)
	}
	x.push(a, pushed+1)
	x.counted(uint64(pushed)+1, 1)
}

// TestLostDisk gives a node an empty disk. What it owned is gone, and begins anew where it
// is the owner by default; what had been handed over goes on at its owner. A unit whose
// owner has lost it is served by nobody, rather than anew.
func TestLostDisk(t *testing.T) {
	x := newTally(t)
	a, b := x.start(1), x.start(2)
	link(t, a, b)
	x.push(a, 1)
	x.counted(1, 1)
	if err := <-x.move(a, 2); err != nil {
		t.Fatal(err)
	}
	stays := unitOf("f", sfaas.NewKey(sfaas.KindCell, 2))
	push(t, x.in, a, stays.Root, 1, 0)
	x.counted(1, 1)
	a.Close()
	x.gate[1] = newGate()
	a = x.start(1)
	link(t, a, b)
	x.push(a, 2)
	x.counted(2, 2)
	push(t, x.in, a, stays.Root, 2, 0)
	x.counted(1, 1)

	b.Close()
	x.gate[2] = newGate()
	b = x.start(2)
	link(t, a, b)
	x.push(a, 3)
	pause()
	x.counted(1, 1)
	var elsewhere *sfaas.KeptError
	if err := a.Claim(x.unit, 9); !errors.As(err, &elsewhere) || elsewhere.Owner != 2 {
		t.Errorf("a claim without records: %v", err)
	}
}
