// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// Run runs all cells side by side, each in virtual time or by the clock. It returns the
// first error.
func (s Scenario) Run(ctx context.Context) ([]Result, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	w := &world{scenario: &s}
	err := w.open()
	results := make([]Result, len(w.loops))
	if err == nil {
		err = w.run(ctx, results)
	}
	return results, errors.Join(err, w.close())
}

// world is a scenario at work.
type world struct {
	scenario *Scenario
	timeline *sfaas.Timeline // nil in virtual time
	station  *Station        // nil with the abstract air: it has the receivers and schedulers of all cells
	loops    []*Loop
	traces   []*Trace
}

// open makes everything.
func (w *world) open() error {
	s := w.scenario
	cfg, err := s.Config(0)
	if err != nil {
		return err
	}
	if s.RealTime {
		w.timeline = sfaas.NewTimeline(cfg.MAC.Carrier.Numerology().SlotDuration())
	}
	if s.Air != "abstract" {
		air := AirConfig{Carrier: cfg.MAC.Carrier, NumRx: 2, Receiver: s.Receiver, Samples: s.Samples, Scheduler: cfg.MAC}
		if s.Air == "recorded" {
			air.Timeline, air.FeedbackByHost = w.timeline, true
		}
		if s.FIFO {
			threads := workerThreads()
			air.Workers, air.Options = len(threads.CPUs), []sfaas.Option{sfaas.WithThreads(threads)}
		}
		if w.station, err = OpenStation(air); err != nil {
			return err
		}
	}
	for i := range s.Cells {
		if cfg, err = s.Config(i); err != nil {
			return err
		}
		switch s.Air {
		case "waveform":
			cfg.NewAir, cfg.NewMaker = w.station.NewAir, w.station.NewMaker
		case "recorded":
			cfg.NewAir, cfg.NewMaker = w.station.NewRecorded, w.station.NewMaker
		}
		l, err := New(cfg)
		if err != nil {
			return err
		}
		w.loops, w.traces = append(w.loops, l), append(w.traces, NewTrace(l))
	}
	return nil
}

// workerThreads are the threads of a receiver that runs before all others: every processor
// but the first one, which is for the slot clock and the rest of the program.
func workerThreads() sfaas.Threads {
	t := sfaas.Threads{Policy: sfaas.SchedFIFO, Priority: 50, Fallback: true}
	for i := 1; i < max(runtime.NumCPU(), 2); i++ {
		t.CPUs = append(t.CPUs, i%runtime.NumCPU())
	}
	return t
}

// clockThread is the thread of a slot clock beside them.
func clockThread() sfaas.Threads {
	return sfaas.Threads{CPUs: []int{0}, Policy: sfaas.SchedFIFO, Priority: 60, Fallback: true}
}

// close closes everything.
func (w *world) close() error {
	var errs []error
	for _, l := range w.loops {
		errs = append(errs, l.Close())
	}
	if w.station != nil {
		errs = append(errs, w.station.Close())
	}
	return errors.Join(errs...)
}

// run runs all cells and reports.
func (w *world) run(ctx context.Context, results []Result) error {
	if w.timeline != nil {
		if err := w.warm(ctx); err != nil {
			return err
		}
	}
	errs := make([]error, len(w.loops))
	var wg sync.WaitGroup
	for i, l := range w.loops {
		wg.Go(func() {
			switch {
			case w.timeline == nil:
				errs[i] = l.atOnce(ctx, w.scenario.Slots)
			case w.scenario.FIFO:
				errs[i] = sfaas.OnThread(clockThread(), func() error { return l.byTimeline(ctx, w.timeline, w.scenario.Slots) })
			default:
				errs[i] = l.byTimeline(ctx, w.timeline, w.scenario.Slots)
			}
		})
	}
	wg.Wait()
	for i, l := range w.loops {
		w.traces[i].asks.Wait()
		results[i] = Result{Cell: i + 1, Trace: w.traces[i]}
		results[i].UEs, results[i].Summary = l.Report()
		if w.timeline != nil {
			results[i].Times = l.times(w.station, len(w.loops))
		}
		if x, ok := l.air.(*recorded); ok {
			results[i].Decoded = x.decoded()
		}
	}
	return errors.Join(errs...)
}

// warmSlots is how many slots are run in virtual time before the clock starts, so that what is
// made on first use is there; they are counted in everything but in times.
const warmSlots = 200

// warm runs the first slots, and starts the clock.
func (w *world) warm(ctx context.Context) error {
	first := min(warmSlots, w.scenario.Slots/2)
	for _, l := range w.loops {
		if err := l.atOnce(ctx, first); err != nil {
			return err
		}
		l.pace()
		l.stats.init(0)
		l.stats.late = 0
	}
	if w.station != nil {
		w.station.rx.Runtime().ResetStats()
	}
	w.timeline.Set(sfaas.Slot(first), sfaas.Now().Add(10*time.Millisecond))
	return nil
}

// atOnce runs to a slot, one after the other.
func (l *Loop) atOnce(ctx context.Context, end int) error {
	for l.slot < nr.Slot(end) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.Run(1); err != nil {
			return err
		}
	}
	return nil
}

// errOver ends the slot clock.
var errOver = errors.New("gnb: all slots have been")

// byTimeline runs to a slot, each one when the timeline says so. A slot is late whose work,
// here or at the receiver, ends after the next one has begun.
func (l *Loop) byTimeline(ctx context.Context, timeline *sfaas.Timeline, end int) error {
	err := sfaas.SlotClock{Timeline: timeline}.Run(ctx, func(n sfaas.Slot, late time.Duration) error {
		l.stats.waking.add(late)
		for l.slot <= nr.Slot(n) {
			if l.slot >= nr.Slot(end) {
				return errOver
			}
			slot := l.slot
			if err := l.Run(1); err != nil {
				return err
			}
			if sfaas.Now() > timeline.Start(sfaas.Slot(slot+1)) {
				l.stats.isLate(slot)
			}
		}
		return nil
	})
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}
