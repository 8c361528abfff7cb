// SPDX-License-Identifier: Apache-2.0

package live

import (
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// worker drives one core. Its fields belong to the goroutine of its thread.
//
// A turn, in the order of the code:
//
//  1. Letters are taken from the inbox, unless so much waits in the core's lines that
//     more would only grow them.
//  2. They are stepped through. No handler runs, so this is short whatever they say.
//  3. If handlers are held (a snapshot), only what cannot wait runs.
//  4. Otherwise one invocation runs, with up to seven that follow from it at once: a
//     slot goes through its stages without a look at the inbox in between.
//  5. When nothing is left the counters are shown, and the worker rests until a letter,
//     or the alarm.
//
// Effects are carried out after every step, before the next: the core may use their
// memory again.
type worker struct {
	rt    *Runtime
	on    *thread
	core  *core.Core
	inbox *inbox
	clock *stageClock
	lane  atomic.Pointer[core.Lane] // for the watchdog
	done  atomic.Uint64             // letters read, as of the last idle moment
	over  atomic.Int32              // by how much the backlog is beyond the limit

	letters  []letter // taken and not read, from next on
	next     int
	read     uint64
	effects  []core.Effect
	apart    [][]byte      // scratch of what a frame borrows
	acks     bool          // the message under way is followed by an acknowledgement to the same runtime
	lastAcks []lastAck     // of the effects being carried out, by runtime asked about
	landed   []*core.Batch // committed in memory, and the core does not know
	alarm    base.Time
	until    base.Time     // the alarm for which the thread sleeps
	lent     bool          // a lent goroutine runs it
	longer   int           // times in a row when it was not lent for long enough
	dear     int           // frames for which none is lent any more
	slept    bool          // since the clock was read
	rests    bool          // since its last turn
	stands   chan struct{} // until this is closed it does nothing at all: a snapshot looks at its core
	showAt   base.Time     // when the counters are published next
	shower   *time.Timer   // publishes them if the worker sleeps until then
	armed    atomic.Bool   // it runs
}

func newWorker(r *Runtime, k *core.Core, on *thread) *worker {
	w := &worker{rt: r, on: on, core: k, inbox: newInbox(on), clock: newStageClock(r.set), alarm: base.Never}
	// The watchdog reads the lane without a lock, so it is published whenever it changes.
	w.lane.Store(k.Lane())
	// The letter is made once: the timer posts a copy of it, and allocates nothing.
	shown := letter{call: func() {
		w.armed.Store(false)
		w.show(w.clock.now())
	}}
	w.shower = time.AfterFunc(time.Hour, func() { w.inbox.put(&shown) })
	w.shower.Stop()
	return w
}

func (w *worker) post(ev core.Event) bool {
	l := letter{ev: ev}
	return w.inbox.put(&l)
}

// call asks the worker to run f between two steps; the channel is closed when
// it has.
func (w *worker) call(f func()) (chan struct{}, bool) {
	l := letter{call: f, done: make(chan struct{})}
	return l.done, w.inbox.put(&l)
}

// turn is what a turn of a worker has led to.
//
// One turn is short, so that workers that share a thread share it fairly.
type turn uint8

const (
	turnReady  turn = iota // there is more to do
	turnRests              // nothing, until a letter or the alarm comes
	turnClosed             // the runtime is closed
)

// burst bounds the stages that a worker runs without a look at its inbox.
const burst = 8

// turn takes in what has arrived and runs the next invocation, and those that
// follow from it.
func (w *worker) turn() turn {
	w.rests = false
	held := w.rt.held.Load()
	if w.next == len(w.letters) && w.reads(held) && !w.refill(false) {
		return turnClosed
	}
	if w.next < len(w.letters) {
		w.ingest(held)
	}
	if w.stands != nil {
		return turnRests
	}
	// Sources look at load and at over: what waits in the inbox and what waits in the
	// lines beyond the limit are both reasons to refuse them.
	if over := w.core.Backlog() - w.rt.set.SourceLimit; over > 0 || w.over.Load() > 0 {
		w.over.Store(int32(max(over, 0)))
	}
	if held {
		return w.standBy()
	}
	if w.core.Ready() {
		w.runOne()
		for i := 1; i < burst && !w.lent && w.core.Follows(); i++ {
			w.runOne()
		}
		return turnReady
	}
	if w.next < len(w.letters) {
		return turnReady
	}
	// An EventRun without work ends the last stage, whose end is the start of this step.
	w.step(core.Event{Kind: core.EventRun}) // ends the measurement of the last stage
	if w.core.Ready() {
		return turnReady
	}
	// It is done with all letters read so far. Drain compares sums of these numbers, so
	// it is written last.
	if w.core.Settled() {
		w.done.Store(w.read)
	}
	return w.rest()
}

// standBy is a turn while handlers are held: the worker takes in what arrives,
// runs what cannot wait, and rests.
func (w *worker) standBy() turn {
	if w.next < len(w.letters) {
		return turnReady
	}
	var ran bool
	if w.effects, ran = w.core.RunHeld(w.clock.now(), w.effects[:0]); ran {
		w.carryOut()
		return turnReady
	}
	w.carryOut()
	w.step(core.Event{Kind: core.EventPublish}) // ends the measurement of the last stage
	return w.rest()
}

// refuseLeft answers, when the runtime has closed, what has arrived and will not
// be read: a unit that was on its way here stays where it was.
//
// A unit on its way here has been taken out of where it was. Whoever closes must send it
// back, or it would be nowhere.
func (w *worker) refuseLeft() {
	for _, l := range append(w.letters[w.next:], w.inbox.left()...) {
		if l.ev.Kind != core.EventSignal {
			continue
		}
		m := l.ev.Signal.Carried()
		if m == nil {
			continue
		}
		if from := w.rt.peer(m.From); from != nil {
			from.signal(w, core.Endpoint{Node: m.From, Core: int(m.Unit.Root.KeyGroup())}, m.Refused(base.ErrClosed).Signal)
		}
	}
}

// refill takes letters from the inbox and reports false when it is closed.
func (w *worker) refill(sleep bool) bool {
	if cap(w.letters) > 0 {
		w.inbox.giveBack(w.letters)
		w.letters = nil
	}
	var open bool
	w.letters, open = w.inbox.take(sleep)
	w.next = 0
	return open
}

// reads reports whether the worker is to take more in: what waits is within the
// limit, handlers are held, or something behind it is urgent.
//
// The bound is the core's backlog and not the inbox: as long as sources are refused, the
// inbox holds what was posted before.
func (w *worker) reads(held bool) bool {
	return held || w.core.Backlog() < w.rt.set.SourceLimit || w.inbox.urgent.Load() > 0
}

// ingest steps through the letters that have arrived, as long as the worker reads.
// No handler runs.
func (w *worker) ingest(held bool) {
	// The clock is read once per turn of letters: what they carry is due by their slot,
	// and not by when they are read.
	now := w.core.Now() // at most one stage old while the worker is busy
	if w.slept || now == 0 {
		now, w.slept = w.clock.now(), false
	}
	for w.next < len(w.letters) && w.reads(held) {
		l := &w.letters[w.next]
		w.next++
		w.read++
		if l.urgent() {
			w.inbox.urgent.Add(-1)
		}
		if l.call != nil {
			l.call()
			if l.done != nil {
				close(l.done)
			}
			if w.stands != nil {
				// Somebody looks at the core now. The letters that are left are read when the
				// worker goes on.
				return
			}
			continue
		}
		l.ev.Now = now
		if w.effects = w.core.Step(&l.ev, w.effects[:0]); len(w.effects) > 0 {
			w.carryOut()
		}
	}
}

// runOne lets the core run the next invocation.
func (w *worker) runOne() {
	now := w.clock.now()
	// The alarm is due: the long way round, so that timers fire before the next stage.
	if now >= w.alarm {
		w.step(core.Event{Kind: core.EventRun})
		return
	}
	if w.effects = w.core.Run(now, w.effects[:0]); len(w.effects) > 0 {
		w.carryOut()
	}
	w.show(now)
}

// show publishes the counters once a slot.
//
// Publishing is bounded by time and not by work: a core of a million messages per second
// publishes no more often than one of a thousand.
func (w *worker) show(now base.Time) {
	if now >= w.showAt {
		w.showAt = now.Add(w.rt.set.PublishEvery)
		w.on.bill()
		w.core.Show()
	}
}

// showSoon sees to it that a worker that is about to sleep publishes its counters:
// now if half a period is over, so that it does so once a slot when slots keep it
// awake for a part of each, or when the period is.
//
// Without that, the last slot's counters would be seen only when something else happens.
func (w *worker) showSoon() {
	if !w.core.Unshown() {
		return
	}
	now := w.core.Now()
	if now >= w.showAt.Add(-w.rt.set.PublishEvery/2) {
		w.showAt = now
		w.show(now)
	}
	// What a reader was looking at just then has to wait for the next turn.
	if w.core.Unshown() && !w.armed.Load() {
		w.armed.Store(true)
		w.shower.Reset(w.rt.set.PublishEvery)
	}
}

// step lets the core handle an event now.
func (w *worker) step(ev core.Event) {
	ev.Now = w.clock.now()
	if ev.Now >= w.alarm && ev.Kind == core.EventRun {
		w.ring(ev.Now)
	}
	// Who asks for the counters wants processor time too.
	if ev.Kind == core.EventPublish {
		w.on.bill()
	}
	w.effects = w.core.Step(&ev, w.effects[:0])
	if len(w.effects) > 0 {
		w.carryOut()
	}
	w.show(ev.Now)
}

// ring lets the core do what is due. No handler runs.
func (w *worker) ring(now base.Time) {
	w.alarm = base.Never
	w.effects = w.core.Step(&core.Event{Kind: core.EventTimer, Now: now}, w.effects[:0])
	w.carryOut()
}

// rest ends a turn after which there is nothing to do: from here on a letter wakes
// the thread, unless one has just come.
//
// The order is what makes sleeping safe: the inbox is told that its consumer will sleep,
// under its lock, and only if it is empty. A letter after that wakes the thread.
func (w *worker) rest() turn {
	w.slept = true
	w.showSoon()
	if !w.refill(true) {
		return turnClosed
	}
	if len(w.letters) > 0 {
		return turnReady
	}
	w.rests = true
	return turnRests
}

// sleeps reports whether the worker needs no turn.
func (w *worker) sleeps() bool {
	if w.stands != nil {
		select {
		case <-w.stands:
			w.stands = nil
			return false
		default:
			return true
		}
	}
	return w.rests && w.inbox.load.Load() == 0 && !w.inbox.shut.Load() && w.untilAlarm() > 0
}

// untilAlarm returns how long there is nothing to do unless a letter comes.
//
// Who stands is looked at by others. They may have let it go on before it has read that it is to
// stand: one wake was for both then, and no other one comes.
func (w *worker) untilAlarm() time.Duration {
	if w.stands != nil {
		select {
		case <-w.stands:
			return 0
		default:
			return forever
		}
	}
	if w.alarm == base.Never {
		return forever
	}
	return w.alarm.Sub(w.clock.now())
}

// rouse lets the core do what is due after a sleep.
func (w *worker) rouse() {
	if w.stands != nil {
		return
	}
	if now := w.clock.now(); now >= w.alarm { // one whose alarm is another's time still wants to be woken
		w.inbox.awake()
		w.rests = false
		w.ring(now)
		w.show(now)
	}
}

// peer returns a linked runtime, or nil.
func (r *Runtime) peer(node base.NodeID) peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.links[node]
}
