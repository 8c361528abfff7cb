// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/isolate"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Slots of the runs: half a millisecond to be in time, of which work takes a third.
const (
	slotPeriod = time.Millisecond
	slotBudget = 500 * time.Microsecond
	slotWork   = 150 * time.Microsecond
)

// neighbour is what runs beside the slots, three for each processor.
type neighbour struct {
	name  string
	entry string
	args  []string
}

var (
	nobody     = neighbour{name: "nobody"}
	neighbours = []neighbour{
		{"spinning", "spin", []string{"1"}},
		{"allocating", "churn", []string{"132"}}, // of 160 MiB, of which the program itself takes some
		{"streaming", "stream", []string{"1"}},
	}
)

// neighbourMemory is the lease of a protected neighbour.
const neighbourMemory = 160 << 20

// protection is one way to run both: what the slots run on, and what the neighbours have.
type protection struct {
	name    string
	threads bool // worker and clock on real-time threads
	idle    bool // neighbours are best effort, with a limit of memory
}

var (
	bare = protection{name: "unprotected"}
	held = protection{"protected", true, true}
)

// TestNeighbours plays slots beside neighbours and alone, by turns, and asks for protection:
// it is tried again where whatever else runs was in the way.
func TestNeighbours(t *testing.T) {
	lacks(t, resource.RealTime, resource.IdleClass)
	steps := calibrate()
	for _, n := range neighbours {
		t.Run(n.name, func(t *testing.T) {
			const slots = 300
			var alone, beside float64
			for range 5 {
				alone, _ = play(t, held, nobody, steps, slots)
				if beside, _ = play(t, held, n, steps, slots); beside <= alone+0.02 {
					return
				}
			}
			unprotected, _ := play(t, bare, n, steps, slots)
			if beside > unprotected/2 {
				t.Fatalf("late: %.1f %% protected, %.1f %% alone, %.1f %% unprotected: nothing was protected", 100*beside, 100*alone, 100*unprotected)
			}
			t.Skipf("the machine is too busy to tell: late: %.1f %% protected, %.1f %% alone, %.1f %% unprotected", 100*beside, 100*alone, 100*unprotected)
		})
	}
}

// play plays slots beside a neighbour, and returns which share was late, and the most
// memory that one of the neighbours has had.
func play(t *testing.T, p protection, n neighbour, steps, slots int) (share float64, peak uint64) {
	t.Helper()
	if n.entry == "" {
		return late(t, p, steps, slots), 0
	}
	var boxes []*isolate.Sandbox
	for range 3 * runtime.NumCPU() {
		c := isolate.Config{Entry: n.entry, Args: n.args, Idle: p.idle}
		if p.idle {
			c.Lease = lease(resource.Need{Memory: neighbourMemory})
		}
		boxes = append(boxes, start(t, c))
	}
	time.Sleep(50 * time.Millisecond) // they begin
	share = late(t, p, steps, slots)
	var all sync.WaitGroup
	for _, box := range boxes {
		all.Go(func() { box.Close() })
	}
	all.Wait()
	for _, box := range boxes {
		u, err := box.Usage()
		if err != nil || p.idle && (u.MemoryPeak > neighbourMemory*105/100 || u.Killed > 0) {
			t.Errorf("a neighbour had %d bytes, and was killed %d times (%v)", u.MemoryPeak, u.Killed, err)
		}
		peak = max(peak, u.MemoryPeak)
	}
	return share, peak
}

// late plays slots of so many steps of work, and returns which share of them was not done
// in time.
func late(t *testing.T, p protection, steps, slots int) float64 {
	t.Helper()
	g := sfaas.NewGraph("slots")
	in := sfaas.Source[number](g, "in")
	buffer := make([]uint64, bufferWords)
	work := sfaas.Define("work", func(_ *sfaas.Ctx, out, in *number) error {
		out.X = compute(buffer, in.X, steps)
		return nil
	}, sfaas.FunctionConfig{})
	done := sfaas.Sink(sfaas.Apply(in, work), "done")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	line := sfaas.NewTimeline(slotPeriod)
	var onTime atomic.Int64
	opts := []sfaas.Option{
		sfaas.WithWorkers(1), sfaas.WithMode(sfaas.RealTime), sfaas.WithTimeline(line), sfaas.WithBudget(slotBudget),
		sfaas.WithLogger(slog.New(slog.DiscardHandler)),
		sfaas.WithOutput(done, func(h sfaas.Header, _ *number) {
			if sfaas.Now() <= h.Due {
				onTime.Add(1)
			}
		}),
	}
	last := []int{runtime.NumCPU() - 1}
	if p.threads {
		opts = append(opts, sfaas.WithThreads(sfaas.Threads{CPUs: last, Policy: sfaas.SchedFIFO, Priority: 50}))
	}
	rt, err := sfaas.NewRuntime(app, opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	over := errors.New("all slots are over")
	run := func() error {
		line.Set(0, sfaas.Now().Add(5*time.Millisecond))
		return sfaas.SlotClock{Timeline: line}.Run(context.Background(), func(n sfaas.Slot, _ time.Duration) error {
			if int(n) >= slots {
				return over
			}
			_ = in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), n, &number{uint64(n)}) // refused is late
			return nil
		})
	}
	if p.threads {
		err = sfaas.OnThread(sfaas.Threads{CPUs: last, Policy: sfaas.SchedFIFO, Priority: 51}, run)
	} else {
		err = run()
	}
	if !errors.Is(err, over) {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	return 1 - float64(onTime.Load())/float64(slots)
}

// compute goes over a buffer so many steps.
func compute(buffer []uint64, x uint64, steps int) uint64 {
	for i := range steps {
		b := &buffer[(i*8)%len(buffer)]
		x = x*6364136223846793005 + *b
		*b = x
	}
	return x
}

// bufferWords is how much memory a slot works on: 256 KiB, as a grid has.
const bufferWords = 32 << 10

// calibrate returns how many steps take slotWork. It is asked once, before there are
// neighbours: else they would make the work less.
func calibrate() int {
	const steps = 20_000
	buffer, best := make([]uint64, bufferWords), time.Hour
	for range 50 {
		at := time.Now()
		compute(buffer, 1, steps)
		best = min(best, time.Since(at))
	}
	return int(float64(steps) * float64(slotWork) / float64(best))
}
