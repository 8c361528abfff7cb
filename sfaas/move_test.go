// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

type bigState struct {
	Count uint64
	Table [8191]uint64
}

// TestLiveMove moves a key with 64 KB of state between two runtimes under
// 10 000 messages per second: 100 times, or 1 000 times with NEURORAN_LONG set.
func TestLiveMove(t *testing.T) {
	moves := 100
	if os.Getenv("NEURORAN_LONG") != "" {
		moves = 1000
	}
	state := sfaas.NewValue[bigState]("state", sfaas.Volatile)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		s := state.Mut(c)
		s.Count++
		s.Table[s.Count%uint64(len(s.Table))] = in.X
		out.X = in.X
		if s.Count != in.X || s.Table[(s.Count-1)%uint64(len(s.Table))] != in.X-1 {
			out.X = 0 // lost, repeated or out of order, or the state is not intact
		}
		return nil
	}, sfaas.FunctionConfig{}, state)
	g := sfaas.NewGraph("move")
	in := sfaas.Source[number](g, "in")
	out := sfaas.Sink(sfaas.Apply(in.With(exactly), f).With(exactly), "out") // AtMostOnce may lose on the way to another runtime
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	var seen, wrong atomic.Uint64
	sink := sfaas.WithOutput(out, func(_ sfaas.Header, x *number) {
		if x.X != seen.Add(1) {
			wrong.Add(1)
		}
	})
	a, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1), sfaas.WithMode(sfaas.Replay), sink)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := sfaas.NewRuntime(app, sfaas.WithWorkers(1), sfaas.WithMode(sfaas.Replay), sfaas.WithDefaultOwner(a.Node()), sink)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := sfaas.Link(a, b); err != nil {
		t.Fatal(err)
	}
	key := sfaas.NewKey(sfaas.KindCell, 1)
	stop := make(chan struct{})
	sent := make(chan uint64)
	go func() {
		n := uint64(0)
		start := time.Now()
		for {
			select {
			case <-stop:
				sent <- n
				return
			default:
			}
			for n < uint64(time.Since(start)/(100*time.Microsecond)) {
				x := number{n + 1}
				if in.PushValue(a, key, sfaas.Slot(n/5), &x) != nil {
					break
				}
				n++
			}
			time.Sleep(50 * time.Microsecond)
		}
	}()
	from, to := a, b
	pauses := make([]time.Duration, 0, moves)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for range moves {
		r, err := from.MoveUnit(ctx, sfaas.Unit{Part: "f", Root: key}, to.Node(), sfaas.MoveConfig{})
		if err != nil {
			t.Fatal(err)
		}
		pauses = append(pauses, r.Pause)
		from, to = to, from
		time.Sleep(time.Millisecond)
	}
	close(stop)
	n := <-sent
	drain(t, a)
	if seen.Load() != n || wrong.Load() != 0 {
		t.Errorf("sent %d, received %d, wrong %d; %+v", n, seen.Load(), wrong.Load(), counted(a, b))
	}
	slices.Sort(pauses)
	t.Logf("moves=%d messages=%d lost=%d wrong=%d pause p50=%v p99=%v max=%v", moves, n, n-seen.Load(), wrong.Load(),
		pauses[moves/2], pauses[moves*99/100], pauses[moves-1])
}
