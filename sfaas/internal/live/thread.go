// SPDX-License-Identifier: Apache-2.0

package live

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// thread is a goroutine that runs workers, one after the other, and the thread of
// the operating system that it is locked to if its group says so. If a handler takes
// the goroutine along, or does not return, another one goes on with all workers: so
// a thread is who drives, and its goroutine changes.
type thread struct {
	group *Group
	index int
	bed   bed                       // it sleeps there until something arrives for a worker, or there are others
	seats atomic.Pointer[[]*worker] // who is run
	mu    sync.Mutex                // of changes to seats
	shut  atomic.Bool
	done  chan struct{} // closed when it has ended
	id    atomic.Int32  // the kernel's number, 0 unless locked

	own  sync.Mutex // held by who runs workers: the thread, unless it sleeps, or a lent goroutine
	lent lent       // who holds own is that
	heir heir       // of one that was lost

	spent time.Duration // processor time of the thread as of the last bill, of who drives
}

// newThread returns a thread that has not begun.
func newThread(g *Group, i int) *thread {
	t := &thread{group: g, index: i, bed: newBed(g.Threads != nil && g.Threads.RealTime()), done: make(chan struct{})}
	t.seats.Store(new([]*worker))
	t.own.Lock()
	return t
}

// begin starts the thread and returns what the kernel refuses.
func (t *thread) begin() error {
	began := make(chan error, 1)
	go t.drive(nil, nil, began)
	return <-began
}

// close ends a thread without workers and waits for it.
func (t *thread) close() {
	t.shut.Store(true)
	t.wake()
	<-t.done
}

// wake lets the thread look at its workers.
func (t *thread) wake() { t.bed.wake() }

// seat lets the thread run a worker.
func (t *thread) seat(w *worker) {
	t.change(func(all []*worker) []*worker { return append(all, w) })
	t.wake()
}

// unseat lets the thread run a worker no more.
func (t *thread) unseat(w *worker) {
	t.change(func(all []*worker) []*worker {
		return slices.DeleteFunc(all, func(x *worker) bool { return x == w })
	})
}

// change replaces the list of seats. Whoever runs through the old one is not disturbed.
func (t *thread) change(f func([]*worker) []*worker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := f(slices.Clone(*t.seats.Load()))
	t.seats.Store(&all)
}

// replace lets another goroutine drive: the one before is lost in a handler of a
// worker, and touches nothing any more. Its thread has no priority from here on.
//
// The old thread may still run, in the handler: it loses its priority, so that it cannot
// take a processor from the one that goes on.
func (t *thread) replace(lost *worker, fault error) {
	if t.lent.is {
		t.giveUp(lost, fault)
		return
	}
	if id := t.id.Swap(0); id != 0 {
		demote(int(id))
	}
	go t.drive(lost, fault, nil)
}

// drive runs the workers until the thread is closed. If fault is not nil, it takes
// over from a goroutine that was lost in a handler of a worker; lost is nil if that
// worker has gone too.
//
// How a goroutine may end, and what happens then:
//
//	the thread is closed                      finished: done is closed
//	a handler calls runtime.Goexit            the deferred function finds the lane's guard running, ends it, and starts another goroutine with ErrGoexit
//	the watchdog has revoked the invocation   the guard is revoked: another goroutine drives already; this one touches nothing
func (t *thread) drive(lost *worker, fault error, began chan<- error) {
	if t.group.Threads != nil {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		// The first thread of a process does not end with its goroutine, and would keep
		// what was set for it.
		if mainThread() {
			t.elsewhere(lost, fault, began)
			return
		}
		if err := t.prepare(began); err != nil {
			return
		}
	}
	if began != nil {
		began <- nil
	}
	t.goOn(lost, fault)
	var running *worker
	var lane *core.Lane
	finished := false
	defer func() {
		switch {
		case finished:
			close(t.done)
		// The goroutine dies with a handler that has called Goexit. Its guard still says
		// "running", and ending it makes the take-over certain.
		case lane != nil && lane.End():
			t.replaceExited(running)
		} // else revoked: the watchdog has seen to it
	}()
	// The list of seats is read once per round: it is replaced and not changed, so that a
	// round needs no lock.
	for {
		ready := false
		seats := t.seats.Load()
		for _, w := range *seats {
			if w.sleeps() {
				continue
			}
			running, lane = w, w.core.Lane()
			v := w.turn()
			// A worker alone on its thread goes on without a new round.
			for v == turnReady && len(*seats) == 1 && t.seats.Load() == seats {
				v = w.turn()
			}
			switch v {
			case turnRests:
			case turnReady:
				ready = true
			// The runtime of this worker has closed; others on the thread go on.
			case turnClosed:
				t.unseat(w)
				w.rt.wg.Done()
			}
		}
		if !ready && !t.sleep() {
			break
		}
	}
	finished = true
}

// goOn lets a worker take over from the handler in which its goroutine was lost. It does
// so before any other worker of the thread runs: the lost handler has held up its slot.
func (t *thread) goOn(lost *worker, fault error) {
	if lost == nil {
		return
	}
	lost.lent = false
	lost.step(core.Event{Kind: core.EventFault, Err: fault})
	lost.lane.Store(lost.core.Lane())
}

// replaceExited goes on after a handler of a worker has called runtime.Goexit.
func (t *thread) replaceExited(w *worker) {
	t.id.Store(0) // the thread ends with the goroutine
	go t.drive(w, base.ErrGoexit, nil)
}

// prepare makes the calling thread what its group asks for. Began is nil if it takes
// over: then nobody can be told of what is refused, and it goes on without.
//
// What the kernel has set belongs to this thread and to no other: it is set anew for each
// goroutine that drives.
func (t *thread) prepare(began chan<- error) error {
	err := t.group.prepare(t.index)
	switch {
	case err == nil:
	case began != nil:
		began <- err
		return err
	default:
		t.group.logger.Error("sfaas: a thread that takes over goes on without", "err", err)
	}
	t.id.Store(int32(threadID()))
	t.spent = threadTime()
	return nil
}

// elsewhere lets another goroutine drive, on another thread than the first one of the
// process, which this one keeps until then.
//
// The other goroutine gets another thread, since this one is held until then.
func (t *thread) elsewhere(lost *worker, fault error, began chan<- error) {
	if began == nil {
		began = make(chan error, 1) // nobody listens
	}
	on := make(chan error, 1)
	go t.drive(lost, fault, on)
	err := <-on
	runtime.UnlockOSThread()
	began <- err
}

// sleep waits until something arrives for a worker or the first alarm, and reports
// false if the thread is closed.
//
// It looks at alarms before it sleeps and rouses workers after: an alarm is due for a
// core, and not for the thread.
func (t *thread) sleep() bool {
	// Whoever has nothing to do says for how long; the thread sleeps for the shortest of
	// that.
	seats := *t.seats.Load()
	if len(seats) == 0 && t.shut.Load() {
		return false
	}
	d := forever
	for _, w := range seats {
		w.until = base.Never
		if w.stands == nil { // else others write it
			w.until = w.alarm
		}
		d = min(d, w.untilAlarm())
	}
	if d > 0 {
		t.own.Unlock()
		woken := t.bed.sleep(d)
		t.own.Lock()
		if h := t.heir; h.is {
			t.heir = heir{}
			t.goOn(h.lost, h.fault)
		}
		if woken {
			return true
		}
	}
	for _, w := range seats {
		w.rouse()
	}
	return true
}

// bill charges the units of all workers with the processor time that has passed, in
// proportion to their busy time. It does nothing where a thread has no clock of its
// own.
//
// The thread knows its processor time, each core its busy time by the wall clock. What
// the two differ by, waiting for a processor above all, is shared out in proportion.
func (t *thread) bill() {
	if t.group.Threads == nil {
		return
	}
	seats := *t.seats.Load()
	var busy time.Duration
	for _, w := range seats {
		if w.stands == nil {
			busy += w.core.Unbilled()
		}
	}
	now := threadTime()
	cpu := now - t.spent
	if busy <= 0 || cpu <= 0 {
		return // what there is goes to the next
	}
	t.spent = now
	for _, w := range seats {
		if w.stands == nil {
			w.core.Bill(float64(cpu) / float64(busy))
		}
	}
}
