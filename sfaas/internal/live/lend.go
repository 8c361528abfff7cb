// SPDX-License-Identifier: Apache-2.0

package live

import (
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// Lend lets the calling goroutine, which is about to wait for more bytes from a runtime,
// run what has come from there since the last call, where the worker that it is for
// sleeps: so no other goroutine has to be woken. From the first call on it is owed before
// each wait, since [Runtime.Receive] wakes nobody any more.
//
// It returns after some dozens of microseconds, or a handler that takes longer; then the
// next frames wake the worker again. If a handler blocks for too long, or ends its
// goroutine, the caller is lost: the call does not return, and lost is called by another
// goroutine, so that somebody goes on in its place. With lost nil the worker is woken, as
// who lends no more owes it.
func (r *Runtime) Lend(from base.NodeID, incarnation uint32, lost func()) {
	p, ok := r.peer(from).(*far)
	if !ok || p.of.Incarnation != incarnation {
		return
	}
	// From here on the reader owes a wake to each worker that has got something, and pays
	// it below, or runs the last of them itself.
	p.reading.Lock()
	p.lends = p.other == nil
	var few [4]*worker
	owed := append(few[:0], p.owed...)
	p.owed = p.owed[:0]
	p.reading.Unlock()
	if len(owed) == 0 {
		return
	}
	last := len(owed) - 1
	// One worker can be run here, the others are woken as ever.
	for _, w := range owed[:last] {
		w.on.wake()
	}
	if lost == nil {
		owed[last].on.wake()
		return
	}
	owed[last].on.lend(owed[last], lost)
}

// post is that of a worker, but leaves it to [Runtime.Lend] to wake it. The caller reads.
func (p *far) post(w *worker, ev core.Event) bool {
	l := letter{ev: ev}
	if !p.lends {
		return w.inbox.put(&l)
	}
	open, wake := w.inbox.add(&l)
	if wake {
		p.owed = append(p.owed, w)
	}
	return open
}

// wakeOwed wakes who is owed that, when nobody lends any more. The caller reads.
func (p *far) wakeOwed() {
	for _, w := range p.owed {
		w.on.wake()
	}
	p.lends, p.owed = false, nil
}

// lent is what a thread knows of a goroutine that runs its workers for a moment.
type lent struct {
	is   bool
	lost func() // to be called if it does not come back
}

const (
	lendTime  = 50 * time.Microsecond // a goroutine is lent for that, and for the stage under way then
	lendTries = 3                     // how often in a row that may be too little
	lendGap   = 255                   // frames that wake a worker themselves after that
)

// lend runs a worker of the thread on the calling goroutine while the thread's own one
// sleeps, and wakes that otherwise. Who holds own runs workers; so nothing is run by two.
//
//  1. The thread's goroutine has given own up to sleep. The lent one takes it.
//  2. It takes turns of the worker, until that rests or the time is over.
//  3. It gives own up, and wakes the thread if there is more to do, or an alarm comes
//     before the one for which the thread has gone to sleep.
//
// If a handler takes the goroutine along, the thread's own one wakes, takes own over
// without its having been given up, and goes on as one that replaces another.
func (t *thread) lend(w *worker, lost func()) {
	if t.group.Threads != nil || !t.own.TryLock() {
		t.wake()
		return
	}
	// Work that takes long is better done by the thread's own goroutine: the reader would
	// not read meanwhile.
	if w.dear > 0 {
		w.dear--
		t.own.Unlock()
		t.wake()
		return
	}
	t.lent = lent{true, lost}
	w.lent = true
	// Until own is given up this goroutine is the thread, with all that follows from it:
	// the watchdog may revoke its lane as well.
	lane := w.core.Lane()
	finished := false
	defer func() {
		if !finished && lane.End() { // else revoked: the watchdog has seen to it
			t.giveUp(w, base.ErrGoexit)
		}
	}()
	more := w.runLent()
	finished = true
	w.lent, t.lent = false, lent{}
	// The thread sleeps until an alarm that may have become earlier. Of a worker that
	// stands others write it, and wake the thread.
	more = more || (w.stands == nil && w.alarm < w.until)
	t.own.Unlock()
	if more {
		t.wake()
	}
}

// runLent takes turns of the worker and reports whether there is more to do.
func (w *worker) runLent() (more bool) {
	began := w.clock.now()
	for !w.sleeps() {
		v := w.turn()
		if v == turnRests {
			break
		}
		if v == turnClosed {
			return true // the thread lets it go
		}
		// A single long stage happens to everybody; several in a row are a rule.
		if w.clock.now().Sub(began) > lendTime {
			if w.longer++; w.longer == lendTries { // and not by chance
				w.longer, w.dear = 0, lendGap
			}
			return true
		}
	}
	w.longer = 0
	return false
}

// giveUp lets the thread's own goroutine go on instead of a lent one that does not come
// back.
func (t *thread) giveUp(w *worker, fault error) {
	again := t.lent.lost
	t.lent = lent{}
	t.heir = heir{true, w, fault}
	t.own.Unlock()
	t.wake()
	again()
}

// heir says with what the thread's own goroutine goes on after a lent one was lost.
type heir struct {
	is    bool
	lost  *worker // nil if it has gone too
	fault error
}
