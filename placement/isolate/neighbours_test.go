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
	"slices"
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

// TestNeighboursForMinutes plays a minute of slots alone, and one beside each neighbour,
// unprotected and protected, all by turns of five seconds, and prints a table. It takes
// nine minutes and wants a machine that has nothing else to do. What a sandbox may not do,
// how near to its lease it is ended, and what the host lacks is told by others:
//
//	NEURORAN_LONG=1 go test -run 'TestNeighboursForMinutes|TestMemory|TestAttempts|TestLacks' -v -timeout 15m .
//
// Unprotected, neighbours must make five times as many slots late, or it shows nothing;
// protected, two points more at most. A host on which a fifth of the unprotected slots are late
// without neighbours cannot show the first, and one whose processors others take neither.
func TestNeighboursForMinutes(t *testing.T) {
	if os.Getenv("NEURORAN_LONG") == "" {
		t.Skip("NEURORAN_LONG is not set")
	}
	lacks(t, resource.RealTime, resource.IdleClass)
	const turns, slots = 12, 5000
	x := minutes{all: append([]neighbour{nobody}, neighbours...)}
	x.late, x.peak = make([][2]float64, len(x.all)), make([]uint64, len(x.all))
	steps, taken := calibrate(), stolen(t)
	for turn := range turns {
		for i, n := range x.all {
			for k, p := range []protection{bare, held} {
				share, peak := play(t, p, n, steps, slots)
				x.late[i][k] += share
				if p.idle {
					x.peak[i] = max(x.peak[i], peak)
				}
			}
		}
		t.Logf("turn %d of %d: late so far, unprotected and protected, in %%: %.2f", turn+1, turns, x.percent(turn+1))
	}
	gone := taken()
	t.Logf("%d slots of %v each, in turns of %d; late in %%; %.2f %% of processor time was taken from the host", turns*slots, slotPeriod, slots, gone)
	t.Log("neighbour    unprotected  protected  memory, in % of the lease")
	late := x.percent(turns)
	for i, n := range x.all {
		t.Logf("%-12s %11.2f %10.2f %10.1f", n.name, late[i][0], late[i][1], 100*float64(x.peak[i])/neighbourMemory)
	}
	wrong, unshown := verdicts(x.all, late, 100.0/(turns*slots))
	say := t.Error
	if gone > 1 {
		say = func(what ...any) { t.Log("of a host whose processors others take: ", what) }
	}
	for _, x := range wrong {
		say(x)
	}
	for _, x := range unshown {
		t.Log("this host cannot show it: ", x)
	}
}

// minutes are what all turns show, by neighbour: the share of late slots, added up over turns,
// unprotected and protected, and the most memory that a protected neighbour has had.
type minutes struct {
	all  []neighbour
	late [][2]float64
	peak []uint64
}

// percent returns the shares over some turns.
func (x *minutes) percent(turns int) [][2]float64 {
	out := slices.Clone(x.late)
	for i := range out {
		for k := range out[i] {
			out[i][k] *= 100 / float64(turns)
		}
	}
	return out
}

// verdicts compares what is late beside each neighbour with what is late without, the first
// one, in per cent of which one slot is so much.
func verdicts(all []neighbour, late [][2]float64, one float64) (wrong, unshown []string) {
	alone := late[0]
	for i, n := range all[1:] {
		got := late[i+1]
		switch least := 5 * max(alone[0], one); {
		case least > 100:
			unshown = append(unshown, fmt.Sprintf("%s, unprotected: %.2f %% are late, and %.2f %% without", n.name, got[0], alone[0]))
		case got[0] < least:
			wrong = append(wrong, fmt.Sprintf("%s, unprotected: %.2f %% are late, want %.2f %% or it shows nothing", n.name, got[0], least))
		}
		if got[1] > alone[1]+2 {
			wrong = append(wrong, fmt.Sprintf("%s, protected: %.2f %% are late, want %.2f %% at most", n.name, got[1], alone[1]+2))
		}
	}
	return wrong, unshown
}

// TestVerdicts says no where neighbours show nothing, and where they are not held off.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		alone, beside  [2]float64
		wrong, unshown int
	}{
		{[2]float64{1, 0.1}, [2]float64{60, 1}, 0, 0}, {[2]float64{1, 0.1}, [2]float64{4, 1}, 1, 0},
		{[2]float64{1, 0.1}, [2]float64{60, 3}, 1, 0}, {[2]float64{0, 0}, [2]float64{0.001, 5}, 2, 0},
		{[2]float64{30, 0.1}, [2]float64{60, 1}, 0, 1}, {[2]float64{30, 0.1}, [2]float64{60, 3}, 1, 1},
	} {
		wrong, unshown := verdicts([]neighbour{nobody, neighbours[0]}, [][2]float64{c.alone, c.beside}, 0.001)
		if len(wrong) != c.wrong || len(unshown) != c.unshown {
			t.Errorf("%v beside %v: got %q and %q, want %d and %d of them", c.beside, c.alone, wrong, unshown, c.wrong, c.unshown)
		}
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
