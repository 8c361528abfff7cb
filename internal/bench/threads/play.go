// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// kind is where the worker runs, and the slot clock.
type kind struct {
	name    string
	threads *sfaas.Threads // nil: a goroutine
	clock   *sfaas.Threads // of the slot clock, nil: as it is
}

func kindsOf() []kind {
	last := []int{runtime.NumCPU() - 1}
	fifo := &sfaas.Threads{CPUs: last, Policy: sfaas.SchedFIFO, Priority: 50}
	return []kind{
		{name: "goroutine"},
		{name: "locked", threads: &sfaas.Threads{}},
		{name: "bound", threads: &sfaas.Threads{CPUs: last}},
		{name: "fifo", threads: fifo},
		{name: "fifo, clock too", threads: fifo, clock: &sfaas.Threads{CPUs: last, Policy: sfaas.SchedFIFO, Priority: 51}},
	}
}

// result is what became of the slots of one run.
type result struct {
	late float64   // share
	took []float64 // µs from the start of a slot to its result, of those that had one
}

type sample struct{ X uint64 }

// play lets one runtime keep as many slots as the configuration says.
func play(c config, k kind) (result, error) {
	g := sfaas.NewGraph("threads")
	in := sfaas.Source[sample](g, "in")
	steps := calibrate(c.work)
	work := sfaas.Define("work", func(_ *sfaas.Ctx, out, in *sample) error {
		out.X = compute(in.X, steps)
		return nil
	}, sfaas.FunctionConfig{})
	done := sfaas.Sink(sfaas.Apply(in, work), "done")
	app, err := g.Build()
	if err != nil {
		return result{}, err
	}
	line := sfaas.NewTimeline(c.period)
	var mu sync.Mutex
	var r result
	onTime := 0
	opts := []sfaas.Option{
		sfaas.WithWorkers(1), sfaas.WithMode(sfaas.RealTime), sfaas.WithTimeline(line), sfaas.WithBudget(c.budget),
		sfaas.WithLogger(slog.New(slog.DiscardHandler)),
		sfaas.WithOutput(done, func(h sfaas.Header, _ *sample) {
			now := sfaas.Now()
			mu.Lock()
			defer mu.Unlock()
			r.took = append(r.took, float64(now.Sub(line.Start(h.Slot)).Nanoseconds())/1e3)
			if now <= h.Due {
				onTime++
			}
		}),
	}
	if k.threads != nil {
		opts = append(opts, sfaas.WithThreads(*k.threads))
	}
	rt, err := sfaas.NewRuntime(app, opts...)
	if err != nil {
		return result{}, err
	}
	defer rt.Close()
	if err := keep(c, k, line, func(n sfaas.Slot) { _ = in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), n, &sample{uint64(n)}) }); err != nil {
		return result{}, err
	}
	time.Sleep(20 * time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	r.late = 1 - float64(onTime)/float64(c.slots)
	return r, nil
}

// keep pushes each slot at its start, on a thread that is as the kind says.
func keep(c config, k kind, line *sfaas.Timeline, push func(sfaas.Slot)) error {
	end := errors.New("all slots are over")
	run := func() error {
		line.Set(0, sfaas.Now().Add(5*time.Millisecond))
		return sfaas.SlotClock{Timeline: line}.Run(context.Background(), func(n sfaas.Slot, _ time.Duration) error {
			if int(n) >= c.slots {
				return end
			}
			push(n)
			return nil
		})
	}
	var err error
	if k.clock != nil {
		err = sfaas.OnThread(*k.clock, run)
	} else {
		err = run()
	}
	if errors.Is(err, end) {
		return nil
	}
	return err
}

// compute does as many steps of work as it is told.
func compute(x uint64, steps int) uint64 {
	for range steps {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

// calibrate returns how many steps take d on a processor that has nothing else to do:
// the most that were ever done in that time.
func calibrate(d time.Duration) int {
	const steps = 20_000
	best := time.Hour
	for range 50 {
		at := time.Now()
		hole = compute(hole, steps)
		best = min(best, time.Since(at))
	}
	return int(float64(steps) * float64(d) / float64(best))
}

// hole keeps the compiler from leaving the calibration out.
var hole uint64
