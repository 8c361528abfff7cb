// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// kilobyte is the content of one HARQ process: 1 KB, with the number that it took last.
type kilobyte struct {
	Count uint64
	Rest  [127]uint64
}

// megabyte is 1 MB in one cell.
type megabyte struct {
	Count uint64
	Rest  [131071]uint64
}

// cellApp builds a function that counts in a Kept cell of some size, and emits nothing
// but what is wrong.
func cellApp[S any](t testing.TB, count func(*S) *uint64) (*sfaas.App, sfaas.Input[number], sfaas.Output[number]) {
	t.Helper()
	state := sfaas.NewValue[S]("state", sfaas.Volatile)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		n := count(state.Mut(c))
		*n++
		if out.X = in.X; *n != in.X {
			out.X = 0
		}
		return nil
	}, sfaas.FunctionConfig{}, state)
	g := sfaas.NewGraph("cell")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in.With(exactly), f).With(exactly), "out")
	return build(t, g), in, out
}

// processes returns the keys of the HARQ processes of a cell.
func processes(ues, each uint64) (keys []sfaas.Key) {
	for u := range ues {
		for p := range each {
			keys = append(keys, sfaas.NewKey(sfaas.KindCell, 1).Child(sfaas.KindUE, u).Child(sfaas.KindProcess, p))
		}
	}
	return keys
}

// moveCell moves the unit of a cell to and fro while messages come for its keys, and
// returns the pauses, sorted. Each key's count is exact, and all instances move at once.
func moveCell(t testing.TB, app *sfaas.App, in sfaas.Input[number], out sfaas.Output[number], keys []sfaas.Key, moves int) []time.Duration {
	t.Helper()
	var came, wrong atomic.Uint64
	a, b := pair(t, app, sfaas.WithWorkers(2), sfaas.WithOutput(out, func(_ sfaas.Header, x *number) {
		if came.Add(1); x.X == 0 {
			wrong.Add(1)
		}
	}))
	sent := make([]uint64, len(keys))
	send := func(i int) {
		sent[i]++
		push(t, in, a, keys[i], sfaas.Slot(sent[i]), sent[i])
	}
	for i := range keys {
		send(i)
	}
	drain(t, a)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				send(i % len(keys))
				if i%10 == 9 {
					time.Sleep(time.Millisecond) // 10 000 per second
				}
			}
		}
	}()
	var pauses []time.Duration
	from, to := a, b
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for range moves {
		r, err := from.MoveUnit(ctx, sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, 1)}, to.Node(), sfaas.MoveConfig{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Instances < len(keys) {
			t.Fatalf("%d of %d instances have moved", r.Instances, len(keys))
		}
		pauses = append(pauses, r.Pause)
		from, to = to, from
	}
	close(stop)
	<-stopped
	drain(t, a)
	total := uint64(0)
	for _, n := range sent {
		total += n
	}
	if came.Load() != total || wrong.Load() > 0 {
		t.Errorf("%d of %d messages came out, %d wrong", came.Load(), total, wrong.Load())
	}
	slices.Sort(pauses)
	return pauses
}

// TestMoveOfCell moves a cell of 64 UEs with 16 HARQ processes of 1 KB as one unit, and
// one of a single instance of 1 MB, under load: 50 times, or 1 000 times with
// NEURORAN_LONG.
func TestMoveOfCell(t *testing.T) {
	moves := 50
	if os.Getenv("NEURORAN_LONG") != "" {
		moves = 1000
	}
	report := func(what string, pauses []time.Duration) {
		t.Logf("%s moves=%d pause_p50=%v pause_p99=%v pause_max=%v", what, moves, pauses[moves/2], pauses[moves*99/100], pauses[moves-1])
	}
	app, in, out := cellApp(t, func(s *kilobyte) *uint64 { return &s.Count })
	report("ues=64 processes=16 bytes=1MB", moveCell(t, app, in, out, processes(64, 16), moves))
	app, in, out = cellApp(t, func(s *megabyte) *uint64 { return &s.Count })
	report("instances=1 bytes=1MB", moveCell(t, app, in, out, []sfaas.Key{sfaas.NewKey(sfaas.KindCell, 1)}, moves))
}

// BenchmarkMove measures for how long a cell stands still while it moves under load.
func BenchmarkMove(b *testing.B) {
	for _, ues := range []uint64{1, 64} {
		b.Run(fmt.Sprintf("ues=%d/processes=16", ues), func(b *testing.B) {
			b.ReportAllocs()
			app, in, out := cellApp(b, func(s *kilobyte) *uint64 { return &s.Count })
			keys := processes(ues, 16)
			pauses := moveCell(b, app, in, out, keys, max(b.N, 100))
			n := len(pauses)
			b.ReportMetric(float64(pauses[n/2].Nanoseconds()), "ns_p50")
			b.ReportMetric(float64(pauses[n*99/100].Nanoseconds()), "ns_p99")
		})
	}
}
