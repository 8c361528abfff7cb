// SPDX-License-Identifier: Apache-2.0

//go:build linux

package isolate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
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

// neighbours are what runs beside the slots, three for each processor.
var neighbours = []struct {
	name  string
	entry string
	args  []string
}{
	{"spinning", "spin", []string{"1"}},
	{"allocating", "churn", []string{"100"}}, // of 256 MiB
	{"streaming", "stream", []string{"1"}},
}

// protection is one way to run both: what the slots run on, and what the neighbours have.
type protection struct {
	name    string
	threads bool // worker and clock on real-time threads
	idle    bool // neighbours are best effort, with a limit of memory
}

// TestNeighbours compares slots beside neighbours with slots alone, in turns, unprotected
// and protected. The long version plays 60 s of each, and wants a machine that has nothing
// else to do:
//
//	NEURORAN_LONG=1 go test -run TestNeighbours -v -timeout 30m .
//
// Unprotected, neighbours must do harm there, or it shows nothing. The short version asks
// for protection alone, and again where whatever else runs was in the way.
func TestNeighbours(t *testing.T) {
	lacks(t, resource.RealTime, resource.IdleClass)
	long := os.Getenv("NEURORAN_LONG") != ""
	for _, n := range neighbours {
		t.Run(n.name, func(t *testing.T) {
			if long {
				bare := inTurns(t, protection{name: "unprotected"}, n.entry, n.args, 12, 5000)
				held := inTurns(t, protection{"protected", true, true}, n.entry, n.args, 12, 5000)
				if bare.beside < 5*bare.alone || held.beside > held.alone+0.02 {
					t.Errorf("unprotected %v, protected %v: want five times as many, and two points more at most", bare, held)
				}
				return
			}
			var bare, held shares
			for range 5 {
				held = inTurns(t, protection{"protected", true, true}, n.entry, n.args, 1, 300)
				if held.beside <= held.alone+0.02 {
					return
				}
			}
			bare = inTurns(t, protection{name: "unprotected"}, n.entry, n.args, 1, 300)
			if held.beside > bare.beside/2 {
				t.Fatalf("unprotected %v, protected %v: nothing was protected", bare, held)
			}
			t.Skipf("the machine is too busy to tell: unprotected %v, protected %v", bare, held)
		})
	}
}

// shares are the shares of late slots.
type shares struct{ alone, beside float64 }

func (s shares) String() string {
	return fmt.Sprintf("%.2f %% alone and %.2f %% beside", 100*s.alone, 100*s.beside)
}

// inTurns plays slots alone and beside neighbours, by turns.
func inTurns(t *testing.T, p protection, entry string, args []string, turns, slots int) shares {
	t.Helper()
	var s shares
	for range turns {
		s.alone += late(t, p, slots) / float64(turns)
		var boxes []*isolate.Sandbox
		for range 3 * runtime.NumCPU() {
			c := isolate.Config{Entry: entry, Args: args, Idle: p.idle}
			if p.idle {
				c.Lease = lease(resource.Need{Memory: 256 << 20})
			}
			boxes = append(boxes, start(t, c))
		}
		time.Sleep(50 * time.Millisecond) // they begin
		s.beside += late(t, p, slots) / float64(turns)
		var all sync.WaitGroup
		for _, box := range boxes {
			all.Go(func() { box.Close() })
		}
		all.Wait()
		for _, box := range boxes {
			if u, err := box.Usage(); err != nil || p.idle && u.MemoryPeak > 256<<20*105/100 {
				t.Errorf("a neighbour had %d bytes (%v)", u.MemoryPeak, err)
			}
		}
	}
	t.Logf("%s: %v", p.name, s)
	return s
}

// late plays slots and returns which share of them was not done in time.
func late(t *testing.T, p protection, slots int) float64 {
	t.Helper()
	g := sfaas.NewGraph("slots")
	in := sfaas.Source[number](g, "in")
	buffer, steps := make([]uint64, 32<<10), 0 // 256 KiB, as a slot's grid is
	work := sfaas.Define("work", func(_ *sfaas.Ctx, out, in *number) error {
		out.X = compute(buffer, in.X, steps)
		return nil
	}, sfaas.FunctionConfig{})
	steps = calibrate(buffer)
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

// calibrate returns how many steps take slotWork where nobody disturbs.
func calibrate(buffer []uint64) int {
	const steps = 20_000
	best := time.Hour
	for range 50 {
		at := time.Now()
		compute(buffer, 1, steps)
		best = min(best, time.Since(at))
	}
	return int(float64(steps) * float64(slotWork) / float64(best))
}

// lacks skips a test that needs what the host lacks.
func lacks(t *testing.T, means ...resource.Capability) {
	t.Helper()
	v := resource.Discover(launcher)
	for _, c := range means {
		if !v.Can(c) {
			t.Skipf("the host lacks %s: %v", c, v.Lacks)
		}
	}
}
