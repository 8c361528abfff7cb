// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// keysPerCell is how many users have a cell in common: a unit.
const keysPerCell = 1000

// users is a program with one counter for each user.
type users struct {
	app *sfaas.App
	in  sfaas.Input[number]
}

func newUsers(tb testing.TB) users {
	tb.Helper()
	cell := sfaas.NewValue[uint64]("count", sfaas.Replicated)
	f := sfaas.Define("count", func(c *sfaas.Ctx, _, in *number) error {
		*cell.Mut(c) += in.X
		return sfaas.ErrNoOutput
	}, sfaas.FunctionConfig{}, cell)
	g := sfaas.NewGraph("users")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in, f)
	return users{build(tb, g), in}
}

// fill lets n users of cells of a thousand each count once.
func (u users) fill(tb testing.TB, rt *sfaas.Runtime, n int) {
	tb.Helper()
	for i := range n {
		x := number{1}
		for u.in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, uint64(i/keysPerCell)).Child(sfaas.KindUE, uint64(i%keysPerCell)), 1, &x) != nil {
			runtime.Gosched()
		}
	}
	drain(tb, rt)
}

// BenchmarkKeyMemory reports the bytes that one key with one cell takes.
func BenchmarkKeyMemory(b *testing.B) {
	u := newUsers(b)
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			for b.Loop() {
				rt := start(b, u.app, sfaas.WithIdleKeys(time.Hour))
				before := heap()
				u.fill(b, rt, n)
				b.ReportMetric((float64(heap())-float64(before))/float64(n), "B/key")
				rt.Close()
			}
		})
	}
}

// storage takes a second for what is written.
type storage struct{ at time.Time }

func (w *storage) Write(b []byte) (int, error) {
	if w.at.IsZero() {
		w.at = time.Now()
		time.Sleep(time.Second)
	}
	return len(b), nil
}

// BenchmarkSnapshotWait reports for how long a source is refused while a snapshot
// of many keys goes to a writer that takes a second.
func BenchmarkSnapshotWait(b *testing.B) {
	u := newUsers(b)
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			rt := start(b, u.app, sfaas.WithIdleKeys(time.Hour))
			defer rt.Close()
			u.fill(b, rt, n)
			worst := time.Duration(0)
			begin := cpuTime()
			for b.Loop() {
				var stop atomic.Bool
				longest := make(chan time.Duration)
				go func() { longest <- u.longestRefusal(rt, &stop) }()
				if err := rt.Snapshot(context.Background(), &storage{}); err != nil {
					b.Fatal(err)
				}
				stop.Store(true)
				worst = max(worst, <-longest)
			}
			b.ReportMetric(float64(worst.Microseconds())/1e3, "wait-ms")
			b.ReportMetric(float64(cpuTime()-begin)/1e6/float64(b.N), "cpu-ms/op")
		})
	}
}

// longestRefusal pushes until stop and returns the longest time between two
// messages that were taken.
func (u users) longestRefusal(rt *sfaas.Runtime, stop *atomic.Bool) (longest time.Duration) {
	x := number{1}
	last := time.Now()
	for !stop.Load() {
		if u.in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 0).Child(sfaas.KindUE, 0), 1, &x) == nil {
			now := time.Now()
			longest, last = max(longest, now.Sub(last)), now
		}
		time.Sleep(50 * time.Microsecond)
	}
	return longest
}

// BenchmarkMovePause moves one unit of one user between two runtimes while the
// node has many other keys, and reports the median of the pauses.
func BenchmarkMovePause(b *testing.B) {
	u := newUsers(b)
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			from, to := pair(b, u.app, sfaas.WithIdleKeys(time.Hour))
			defer from.Close()
			defer to.Close()
			u.fill(b, from, n)
			unit := sfaas.Unit{Part: "count", Root: sfaas.NewKey(sfaas.KindCell, 1<<20)}
			x := number{1}
			if err := u.in.PushValue(from, unit.Root.Child(sfaas.KindUE, 1), 1, &x); err != nil {
				b.Fatal(err)
			}
			drain(b, from)
			var pauses []time.Duration
			a, z := from, to
			for b.Loop() {
				r, err := a.MoveUnit(context.Background(), unit, z.Node(), sfaas.MoveConfig{})
				if err != nil {
					b.Fatal(err)
				}
				pauses = append(pauses, r.Pause)
				a, z = z, a
			}
			slices.Sort(pauses)
			b.ReportMetric(float64(pauses[len(pauses)/2].Nanoseconds())/1e3, "p50-µs")
			b.ReportMetric(float64(pauses[len(pauses)*99/100].Nanoseconds())/1e3, "p99-µs")
		})
	}
}

// BenchmarkFlood pushes a backlog through five stages, exactly once, and reports
// the processor time for each message: it does not depend on the backlog.
func BenchmarkFlood(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("backlog=%d", n), func(b *testing.B) {
			g := sfaas.NewGraph("flood")
			in := sfaas.Source[number](g, "in")
			e := in.With(exactly)
			for i := range 5 {
				count := sfaas.NewValue[uint64]("count", sfaas.Replicated)
				e = sfaas.Apply(e, sfaas.Define(fmt.Sprintf("stage%d", i), func(c *sfaas.Ctx, out, in *number) error {
					*count.Mut(c)++
					out.X = in.X
					return nil
				}, sfaas.FunctionConfig{}, count)).With(exactly)
			}
			out := sfaas.Sink(e, "out")
			var seen uint64
			rt := start(b, build(b, g), sfaas.WithSourceLimit(2*n), sfaas.WithOutput(out, func(sfaas.Header, *number) { seen++ }))
			defer rt.Close()
			b.ReportAllocs()
			total, slot := 0, sfaas.Slot(0)
			begin := cpuTime()
			for b.Loop() {
				for range n {
					slot++
					x := number{uint64(slot)}
					for in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), slot, &x) != nil {
						runtime.Gosched()
					}
				}
				drain(b, rt)
				total += n
			}
			if seen != uint64(total) {
				b.Fatalf("%d of %d messages came", seen, total)
			}
			b.ReportMetric(float64(cpuTime()-begin)/float64(total), "cpu-ns/message")
		})
	}
}

// BenchmarkRestore restores a snapshot of many keys.
func BenchmarkRestore(b *testing.B) {
	u := newUsers(b)
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			rt := start(b, u.app, sfaas.WithIdleKeys(time.Hour))
			u.fill(b, rt, n)
			var snap bytes.Buffer
			if err := rt.Snapshot(context.Background(), &snap); err != nil {
				b.Fatal(err)
			}
			rt.Close()
			begin, open := cpuTime(), time.Duration(0)
			for b.Loop() {
				x := start(b, u.app, sfaas.WithIdleKeys(time.Hour))
				at := time.Now()
				if err := x.Restore(context.Background(), bytes.NewReader(snap.Bytes())); err != nil {
					b.Fatal(err)
				}
				open += time.Since(at)
				x.Close()
			}
			b.SetBytes(int64(snap.Len()))
			b.ReportMetric(open.Seconds()*1e3/float64(b.N), "ms/op")
			b.ReportMetric(float64(cpuTime()-begin)/1e6/float64(b.N), "cpu-ms/op")
		})
	}
}
