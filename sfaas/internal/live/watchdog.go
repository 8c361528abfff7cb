// SPDX-License-Identifier: Apache-2.0

package live

import (
	"runtime"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// watch replaces the workers whose handlers do not return.
func (r *Runtime) watch() {
	defer r.wg.Done()
	const ticks = 4
	tick := time.NewTicker(max(r.set.BlockLimit/ticks, time.Millisecond))
	defer tick.Stop()
	type sight struct {
		lane  *core.Lane
		guard uint64
		times int
	}
	last := make([]sight, len(r.workers))
	for {
		select {
		case <-r.stop:
			r.abandon()
			return
		case <-tick.C:
		}
		for i, w := range r.workers {
			l := w.lane.Load()
			if l == nil {
				continue
			}
			guard, running := l.Running()
			s := sight{lane: l, guard: guard}
			if running && s.lane == last[i].lane && s.guard == last[i].guard {
				s.times = last[i].times + 1
			}
			if s.times >= ticks && l.Revoke(s.guard) {
				w.on.replace(w, base.ErrBlocked)
			}
			last[i] = s
		}
	}
}

// abandon gives up on the handlers that still run after Close.
func (r *Runtime) abandon() {
	deadline := time.Now().Add(r.set.BlockLimit)
	for _, w := range r.workers {
		l := w.lane.Load()
		if l == nil {
			continue
		}
		guard, running := l.Running()
		for running && time.Now().Before(deadline) {
			runtime.Gosched()
			time.Sleep(100 * time.Microsecond)
			guard, running = l.Running()
		}
		if l.Revoke(guard) {
			w.on.unseat(w)
			w.on.replace(nil, nil)
			r.wg.Done() // the lost goroutine is not waited for
		}
	}
}
