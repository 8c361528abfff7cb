// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
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
	pair := sfaas.Define2("pair", func(c *sfaas.Ctx, out, a, b *number) error {
		*pairs.Mut(c)++
		later, _ := add.After(c, c.Key(), 300*time.Microsecond)
		later.X = a.X + b.X
		return sfaas.ErrNoOutput
	}, sfaas.Config{Window: 1 << 30}, pairs, add)
	last := sfaas.Define("sum", func(c *sfaas.Ctx, out, in *number) error {
		*sum.Mut(c, 1) += in.X
		n, _ := sum.Get(c, 1)
		out.X = n
		return nil
	}, sfaas.Config{}, sum)
	g := sfaas.NewGraph("trade")
	x.left, x.right = sfaas.Source[number](g, "left"), sfaas.Source[number](g, "right")
	sfaas.Apply2(x.left.With(exactly), x.right.With(exactly), pair)
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
					push(t, in, []*sfaas.Runtime{a, b}[i], sfaas.Cell(k), slot+1, uint64(slot)+1)
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
					if _, err := way[0].MoveUnit(ctx, unitOf(part, sfaas.Cell(k)), way[1].Node(), sfaas.MoveConfig{}); err != nil {
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
			if x.of(sfaas.Cell(k)) < want {
				return false
			}
		}
		return true
	}
	within(t, 10*time.Second, "all sums", done)
	for range 3 { // and at the target of one more move each time
		for k := range uint64(tradeKeys) {
			_, err := a.MoveUnit(ctx, unitOf("sum", sfaas.Cell(k)), 2, sfaas.MoveConfig{})
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
			push(t, x.left, a, sfaas.Cell(k), slots+1, 0)
			push(t, x.right, b, sfaas.Cell(k), slots+1, 0)
		}
		drain(t, a)
		drain(t, b)
	}
	time.Sleep(5 * time.Millisecond)
	for k := range uint64(tradeKeys) {
		if n := x.of(sfaas.Cell(k)); n != want {
			t.Errorf("cell %d: %d, want %d", k, n, want)
		}
	}
	t.Logf("%d moves", moves)
}
