// SPDX-License-Identifier: Apache-2.0

package live

import (
	"runtime"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// watch replaces the workers whose handlers do not return.
//
// The protocol, with its other half in core (Lane, Core.takeOver):
//
//  1. Four times per block limit the watchdog looks at each lane's guard: which
//     invocation runs.
//  2. One that is seen running at five looks in a row has run for the block limit at
//     least, and has to be given up.
//  3. Revoke changes the guard from running to revoked. If that fails, the handler has
//     just returned, and nothing happens. If it succeeds, the goroutine in the handler
//     owns nothing any more: it will see that when it leaves the handler.
//  4. The thread gets another goroutine (thread.replace), which begins with an
//     EventFault for that worker and goes on with all workers of the thread.
//  5. The lane that is watched is the new one from then on. The old goroutine ends
//     whenever its handler returns, or never.
//
// The watchdog touches no memory of a core, and takes no lock: it must work when
// everything else hangs.
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
				// Another invocation, or another lane, begins the count anew.
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
//
// Close waits for handlers that end within the limit. For the others there is no event to
// be stepped, since their core will not run again: the seat is taken away, so that the
// goroutine which drives the thread next does not come to it.
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
