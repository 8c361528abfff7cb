// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// totals keeps the last number that a sink heard under each key.
type totals struct {
	mu   sync.Mutex
	last map[sfaas.Key]uint64
}

// of returns the option that lets it hear a sink.
func (s *totals) of(o sfaas.Output[number]) sfaas.Option {
	s.last = map[sfaas.Key]uint64{}
	return sfaas.WithOutput(o, func(h sfaas.Header, x *number) {
		s.mu.Lock()
		s.last[h.Key] = x.X
		s.mu.Unlock()
	})
}

// sum adds up all keys.
func (s *totals) sum() (n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.last {
		n += x
	}
	return n
}

// counter adds up the numbers of a key and returns the sum.
func counter(name string) sfaas.Fn[number, number] {
	sum := sfaas.NewValue[uint64]("sum", sfaas.Replicated)
	return sfaas.Define(name, func(c *sfaas.Ctx, out, in *number) error {
		s := sum.Mut(c)
		*s += in.X
		out.X = *s
		return nil
	}, sfaas.FunctionConfig{}, sum)
}

// TestSnapshotOfLinkedUnderLoad snapshots two linked runtimes, with a cut between
// them, while pushes at both are under way: one is restored from it, and the
// sources go on behind the cut. Every number is counted once: also what one runtime
// still kept for the other, and what that had taken in and not run.
func TestSnapshotOfLinkedUnderLoad(t *testing.T) {
	const users, each = 30, 60
	pass := sfaas.Define("pass", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(sfaas.Apply(in.With(exactly), pass).With(exactly).Cut("line"), counter("count")).With(exactly), "sums")
	app := build(t, g)
	for trial := range 12 {
		var got totals
		opts := []sfaas.Option{got.of(out), sfaas.WithDefaultOwner(1, "pass"), sfaas.WithDefaultOwner(2, "count"), sfaas.WithSourceLimit(1 << 16)}
		with := func(more ...sfaas.Option) []sfaas.Option { return append(more, opts...) }
		a := start(t, app, with(sfaas.WithNode(1), sfaas.WithWorkers(2))...)
		b := start(t, app, with(sfaas.WithNode(2), sfaas.WithWorkers(1))...)
		if err := sfaas.Link(a, b); err != nil {
			t.Fatal(err)
		}
		var pushers sync.WaitGroup
		for i, rt := range []*sfaas.Runtime{a, b} {
			pushers.Go(func() {
				for x := range uint64(each / 2) {
					for u := uint64(i); u < users; u += 2 {
						push(t, in, rt, sfaas.NewKey(sfaas.KindCell, u), sfaas.Slot(x+1), x+1)
					}
				}
			})
		}
		time.Sleep(time.Duration(trial*100) * time.Microsecond)
		data := snapshotOf(t, a)
		pushers.Wait()
		a.Close()
		b.Close()
		rt := restored(t, app, data, got.of(out), sfaas.WithNode(3), sfaas.WithWorkers(1+trial%2), sfaas.WithSourceLimit(1<<16))
		for u := range uint64(users) {
			p, _ := in.Position(rt, sfaas.NewKey(sfaas.KindCell, u))
			for x := uint64(p.Slot) + 1; x <= each; x++ {
				push(t, in, rt, sfaas.NewKey(sfaas.KindCell, u), sfaas.Slot(x), x)
			}
		}
		drain(t, rt)
		if sum, want := got.sum(), uint64(users*each*(each+1)/2); sum != want {
			t.Errorf("trial %d: sum %d, want %d; %+v", trial, sum, want, counted(rt))
		}
		rt.Close()
	}
}

// box is a message that has no encoding.
type box struct{ P *uint64 }

// TestSnapshotRunsWhatHasNoEncoding snapshots a flood of messages with pointers, and
// of tasks of a parallel function: what cannot be written is run, the rest waits.
func TestSnapshotRunsWhatHasNoEncoding(t *testing.T) {
	const total = 400
	for name, parallel := range map[string]bool{"pointers": false, "parallel": true} {
		t.Run(name, func(t *testing.T) {
			open := sfaas.Define("open", func(_ *sfaas.Ctx, out *number, in *box) error { out.X = *in.P; return nil }, sfaas.FunctionConfig{})
			slow := sfaas.Define("slow", func(_ *sfaas.Ctx, out, in *number) error {
				time.Sleep(20 * time.Microsecond)
				*out = *in
				return nil
			}, sfaas.FunctionConfig{Parallel: parallel})
			g := sfaas.NewGraph("g")
			in := sfaas.Source[box](g, "in")
			numbers := sfaas.Apply(in, open).With(sfaas.EdgeConfig{Messages: 1 << 16})
			out := sfaas.Sink(sfaas.Apply(sfaas.Apply(numbers, slow), counter("count")), "sums")
			app := build(t, g)
			var got totals
			rt := start(t, app, got.of(out), sfaas.WithWorkers(2), sfaas.WithSourceLimit(1<<16))
			for round := range 4 {
				p, _ := in.Position(rt, sfaas.NewKey(sfaas.KindCell, 1))
				for x := uint64(p.Slot) + 1; x <= uint64(total/4*(round+1)); x++ {
					if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(x), &box{&x}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Millisecond)
				data := snapshotOf(t, rt)
				rt.Close()
				rt = restored(t, app, data, got.of(out), sfaas.WithWorkers(1+round%2), sfaas.WithSourceLimit(1<<16))
			}
			drain(t, rt)
			if want := uint64(total * (total + 1) / 2); got.sum() != want {
				t.Errorf("sum %d, want %d: %s", got.sum(), want, fmt.Sprint(rt.Stats()))
			}
		})
	}
}
