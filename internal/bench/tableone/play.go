// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// run is what came of some slots.
type run struct {
	slots, sent, passed int
	cpu, busy           time.Duration // of all processes that receive
	radio, wall         time.Duration // of the radio, and of the clock
	pss                 int64
	remote              uint64        // payload bytes that came from other processes
	p50, p99            time.Duration // from samples to the first block of a slot
	gap                 time.Duration // longest time without a block whose CRC is right
}

// lost returns how many transmissions had no block with a right CRC.
func (r *run) lost() int { return r.sent - r.passed }

// perSlot returns the processor time of one slot of one cell.
func (r *run) perSlot(cells int) time.Duration { return r.cpu / time.Duration(r.slots*cells) }

// play sends so many slots at a pace, and waits for what comes of them.
func (s *system) play(slots int, pace time.Duration) (run, error) {
	return s.measure(func(r *run) error { return s.push(r, slots, pace) })
}

// rest lets nothing come for a while.
func (s *system) rest(d time.Duration) (run, error) {
	return s.measure(func(*run) error { time.Sleep(d); return nil })
}

// amid plays slots with a change in their midst, and as many again as come before it once
// it is made. It returns how long the change took.
func (s *system) amid(slots int, pace time.Duration, change func() error) (r run, took time.Duration, err error) {
	r, err = s.measure(func(r *run) error {
		if err := s.push(r, slots/2, pace); err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() {
			begin := time.Now()
			err := change()
			took = time.Since(begin)
			done <- err
		}()
		for {
			if err := s.push(r, 1, pace); err != nil {
				return errors.Join(err, <-done)
			}
			select {
			case err := <-done:
				return errors.Join(err, s.push(r, slots/2, pace))
			default:
			}
		}
	})
	return r, took, err
}

// push sends so many slots at a pace. What is refused, since too much waits, is lost, and
// shows as that.
func (s *system) push(r *run, slots int, pace time.Duration) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for range slots {
		<-tick.C
		n, err := s.send()
		if err != nil && !errors.Is(err, sfaas.ErrBusy) {
			return err
		}
		r.sent, r.slots = r.sent+n, r.slots+1
	}
	return nil
}

// measure tells what everybody has used while something was done, and until all has come.
func (s *system) measure(do func(*run) error) (r run, err error) {
	for _, p := range s.procs {
		if p.base, err = p.usage("usage"); err != nil {
			return r, err
		}
	}
	s.mu.Lock()
	s.took, s.passed, s.last, s.gap = nil, 0, time.Time{}, 0
	clear(s.sent)
	s.mu.Unlock()
	begin, used := time.Now(), processorTime()
	if err = do(&r); err != nil {
		return r, err
	}
	s.settle(r.sent)
	r.wall, r.radio = time.Since(begin), processorTime()-used
	for _, p := range s.procs {
		u, err := p.usage("usage")
		if err != nil {
			return r, err
		}
		r.cpu, r.busy, r.pss = r.cpu+u.CPU-p.base.CPU, r.busy+u.Busy-p.base.Busy, r.pss+u.PSS
		r.remote += u.Remote - p.base.Remote
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.passed, r.gap = s.passed, s.gap
	if n := len(s.took); n > 0 {
		by := slices.SortedFunc(slices.Values(s.took), func(a, b flight) int { return cmp.Compare(a.took, b.took) })
		r.p50, r.p99 = by[n/2].took, by[n*99/100].took
	}
	return r, nil
}

// settle waits until all has come, or nothing has come for half a second.
func (s *system) settle(want int) {
	const look, silence = 10 * time.Millisecond, 500 * time.Millisecond
	before, since := -1, time.Now()
	for time.Since(since) < silence {
		s.mu.Lock()
		now := s.passed
		s.mu.Unlock()
		if now >= want {
			return
		}
		if now != before {
			before, since = now, time.Now()
		}
		time.Sleep(look)
	}
}

// warm plays slots until blocks come, and the tables of all processes are made: more and more
// slowly, where the machine has other things to do.
func (s *system) warm() error {
	for try := range 5 {
		r, err := s.play(2*len(s.air.slots), s.slow()<<try)
		if err != nil {
			return err
		}
		if r.passed > 0 && r.passed == r.sent {
			return nil
		}
	}
	return fmt.Errorf("%s: blocks do not come out", s.kind)
}

// slow is a pace that every system can keep.
func (s *system) slow() time.Duration { return 4 * time.Millisecond * time.Duration(max(1, s.cells)) }

// alone lets one process play slots to itself: the same functions, and no message from or
// to another process.
func (s *system) alone(slots int, pace time.Duration) (time.Duration, error) {
	p, err := s.start(role{Cells: s.all(), Parts: s.chain.parts, Alone: true})
	if err != nil {
		return 0, err
	}
	defer func() { s.kill(p) }()
	var u use
	for _, n := range []int{2 * len(s.air.slots), slots} { // once for the tables
		if u, err = p.usage("play " + strconv.Itoa(n) + " " + pace.String()); err != nil {
			return 0, err
		}
	}
	return u.CPU / time.Duration(slots*s.cells), nil
}
