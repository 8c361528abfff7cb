// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// restored starts a runtime from a snapshot.
func restored(t testing.TB, app *sfaas.App, data []byte, opts ...sfaas.Option) *sfaas.Runtime {
	t.Helper()
	rt := start(t, app, opts...)
	if err := rt.Restore(context.Background(), bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	return rt
}

// TestSnapshotOfLoops snapshots instances that send to themselves without an end,
// on one worker and over several: no moment is idle, and the snapshot ends all the
// same. What is on its way is in it: each loop goes on after a restore, once.
func TestSnapshotOfLoops(t *testing.T) {
	for _, workers := range []int{1, 3} {
		t.Run(fmt.Sprintf("workers=%d", workers), func(t *testing.T) {
			var wrong, turns atomic.Uint64
			next := sfaas.Ref[number]("loop").With(exactly)
			count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
			loop := sfaas.Define("loop", func(c *sfaas.Ctx, _, in *number) error {
				n := count.Mut(c)
				if in.X != *n {
					wrong.Add(1)
				}
				*n++
				turns.Add(1)
				next.Send(c, c.Key()).X = *n
				return sfaas.ErrNoOutput
			}, sfaas.FunctionConfig{}, next, count)
			g := sfaas.NewGraph("g")
			in := sfaas.Source[number](g, "in")
			sfaas.Apply(in.With(exactly), loop)
			app := build(t, g)
			rt := start(t, app, sfaas.WithWorkers(workers))
			const keys = 100
			for k := range uint64(keys) {
				push(t, in, rt, sfaas.NewKey(sfaas.KindCell, k), 1, 0)
			}
			for range 5 {
				time.Sleep(5 * time.Millisecond)
				data := snapshotOf(t, rt)
				if err := rt.Close(); err != nil {
					t.Fatal(err)
				}
				rt = restored(t, app, data, sfaas.WithWorkers(workers))
			}
			began := turns.Load()
			within(t, 10*time.Second, "loops go on after the last restore", func() bool { return turns.Load() >= began+keys })
			if wrong.Load() > 0 {
				t.Errorf("%d messages were lost or repeated", wrong.Load())
			}
		})
	}
}

// TestSnapshotOfWaitingLines takes snapshots while pushes wait in lines in front of
// stages that emit under other keys, join, spread and fail, on several workers, and
// restores each into other numbers of workers. The sources go on behind the cut, as
// their positions tell: every number is counted once, in order.
func TestSnapshotOfWaitingLines(t *testing.T) {
	const users, total = 40, 300
	var disorder atomic.Uint64
	sum := sfaas.NewValue[[2]uint64]("sum", sfaas.Replicated)
	split := sfaas.DefineEach("split", func(c *sfaas.Ctx, out sfaas.Emitter[number], in *number) error {
		*out.Add(c.Key().Child(sfaas.KindProcess, in.X%3)) = *in
		return nil
	}, sfaas.FunctionConfig{})
	both := sfaas.Define("both", func(_ *sfaas.Ctx, out *number, in *sfaas.Pair[number, number]) error {
		a, b := in.A, in.B
		if a.X%7 == 0 && rand.IntN(4) == 0 {
			return fmt.Errorf("tried again")
		}
		out.X = a.X
		if b.X != a.X {
			disorder.Add(1)
		}
		return nil
	}, sfaas.FunctionConfig{Window: 2 * total})
	add := sfaas.Define("add", func(c *sfaas.Ctx, out, in *number) error {
		s := sum.Mut(c)
		if in.X <= s[1] {
			disorder.Add(1)
		}
		s[0], s[1] = s[0]+in.X, in.X
		out.X = s[0]
		return nil
	}, sfaas.FunctionConfig{}, sum)
	g := sfaas.NewGraph("g")
	in, whole := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "whole")
	promised := sfaas.EdgeConfig{Guarantee: sfaas.ExactlyOnce, Retries: 50}
	parts := sfaas.Apply(in.With(promised), split).With(promised)
	sink := sfaas.Sink(sfaas.Apply(sfaas.Apply(sfaas.Join(parts, whole.Spread()), both).With(exactly), add).With(exactly), "sums")
	app := build(t, g)

	var got totals
	opts := []sfaas.Option{sfaas.WithSourceLimit(1 << 16), got.of(sink)}
	rt := start(t, app, append(opts, sfaas.WithWorkers(2))...)
	key := func(u uint64) sfaas.Key { return sfaas.NewKey(sfaas.KindCell, u%2).Child(sfaas.KindUE, u) }
	pos := func(s sfaas.Input[number], k sfaas.Key) uint64 {
		p, _ := s.Position(rt, k)
		return uint64(p.Slot)
	}
	for round := range 6 {
		upTo := uint64(total / 6 * (round + 1))
		for c := range uint64(2) {
			for x := pos(whole, sfaas.NewKey(sfaas.KindCell, c)) + 1; x <= upTo; x++ {
				push(t, whole, rt, sfaas.NewKey(sfaas.KindCell, c), sfaas.Slot(x), x)
			}
		}
		for u := range uint64(users) {
			for x := pos(in, key(u)) + 1; x <= upTo; x++ {
				push(t, in, rt, key(u), sfaas.Slot(x), x)
			}
		}
		time.Sleep(time.Duration(round) * time.Millisecond)
		data := snapshotOf(t, rt)
		if err := rt.Close(); err != nil {
			t.Fatal(err)
		}
		rt = restored(t, app, data, append(opts, sfaas.WithWorkers(1+round%3))...)
	}
	drain(t, rt)
	if sum, want := got.sum(), uint64(users*total*(total+1)/2); sum != want || disorder.Load() > 0 {
		t.Errorf("sum %d, want %d; %d out of order; %+v", sum, want, disorder.Load(), rt.Stats()[1].Counts)
	}
}
