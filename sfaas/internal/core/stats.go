// SPDX-License-Identifier: Apache-2.0

package core

import "time"

// Statistics are kept by function and by unit. A core counts in plain memory of its
// own, and once a slot adds what is new to an account that all cores of the runtime
// share. Whoever reads looks at accounts only. A core that finds one in use counts on,
// and adds at its next turn: so no reader makes a handler wait.
//
// Nothing is counted twice while handlers run: time and invocations of a unit come
// from its [run], the bytes that functions send from the edges of its [ledger].

// Meter is what a function or a unit has used. Invocations, state bytes and
// transferred bytes are the quantities that the paper bills by.
type Meter struct {
	Invocations  uint64        // handlers started, control and retries included
	StateRead    uint64        // bytes of cells read; Mut counts one read and one write
	StateWritten uint64        // bytes of cells written
	Transferred  uint64        // payload bytes sent, once for each consumer
	Remote       uint64        // payload bytes that came from another runtime
	Stored       uint64        // bytes of records handed to the Engine, by unit
	Busy         time.Duration // time spent, from the start of a stage to the next
}

func (m *Meter) add(o *Meter) {
	m.Invocations += o.Invocations
	m.StateRead += o.StateRead
	m.StateWritten += o.StateWritten
	m.Transferred += o.Transferred
	m.Remote += o.Remote
	m.Stored += o.Stored
	m.Busy += o.Busy
}

// Counts is what happened to the messages of a function or a unit.
type Counts struct {
	Skipped     uint64 // stages not started because they were late
	Late        uint64 // stages that ended after their due time or budget
	Dropped     uint64 // messages dropped: overflow, no grant, no partner
	Repeated    uint64 // repeated messages dropped
	Stale       uint64 // messages and commits of old owners refused
	Faults      uint64 // failed invocations
	DeadLetters uint64 // messages sent to the dead-letter edge
	Lost        uint64 // instances whose volatile content was lost
	Unheard     uint64 // messages for a sink to which nobody listens
	Unasked     uint64 // replies to calls that are not open: late, or given up
}

func (c *Counts) add(o *Counts) {
	c.Skipped += o.Skipped
	c.Late += o.Late
	c.Dropped += o.Dropped
	c.Repeated += o.Repeated
	c.Stale += o.Stale
	c.Faults += o.Faults
	c.DeadLetters += o.DeadLetters
	c.Lost += o.Lost
	c.Unheard += o.Unheard
	c.Unasked += o.Unasked
}

// FunctionStats is the state of one function's counters over all workers.
type FunctionStats struct {
	Name string // name of the function or sink
	Meter
	Counts
	P50 time.Duration // median duration of a stage, at most 1/16 too high
	P99 time.Duration // 99th percentile of the same
	Max time.Duration // longest stage
}

// nodeStats is what one core has counted of one function and not published.
type nodeStats struct {
	Meter
	Counts
	times tally
}

// timesEvery is how often a core publishes the histograms of its functions:
// they are ten times as long as the counters, and nobody looks at them so often.
const timesEvery = 100 * time.Millisecond

// openLimit is how many units a core notes for the next publication at most.
const openLimit = 4096

// Publish adds all that the core has counted to the accounts, and waits for
// readers where need be. [Core.Show] serves while the core has slots to keep.
func (k *Core) Publish() { k.show(true) }

// Show is Publish without a wait, for a core that runs: what is being read is
// left for the next time. It allocates nothing in the steady state.
func (k *Core) Show() { k.show(false) }

// Unshown reports whether a unit has something that has not been published, or a reader was
// looking at what should have been.
func (k *Core) Unshown() bool {
	return len(k.open) > 0 || k.run.stages > 0 || k.flowed || k.unshown
}

// Ledgers that a reader has locked stay in the list for the next time. Histograms of
// functions are published less often, since pouring one looks at all its buckets.
func (k *Core) show(wait bool) {
	k.countRun()
	k.measureDirty()
	k.showUnits(wait)
	k.showFlows(wait)
	times := wait || k.now.Sub(k.timesAt) >= timesEvery
	if times {
		k.timesAt = k.now
	}
	k.unshown = false
	for i := range k.stats {
		s := &k.stats[i]
		if s.Meter == (Meter{}) && s.Counts == (Counts{}) && !(times && s.times.max > 0) {
			continue
		}
		a := &k.board.functions[i]
		if !lock(&a.mu, wait) {
			k.unshown = true
			continue
		}
		a.Meter.add(&s.Meter)
		a.Counts.add(&s.Counts)
		if times {
			s.times.pour(&a.times)
		}
		a.mu.Unlock()
		s.Meter, s.Counts = Meter{}, Counts{}
	}
}

// showUnits publishes what the core has counted of units, and tells who watches.
func (k *Core) showUnits(wait bool) {
	k.shown = k.shown[:0]
	left := k.open[:0]
	for _, l := range k.open {
		if !l.publish(k, wait) {
			left = append(left, l)
		}
	}
	clear(k.open[len(left):])
	k.open = left
	if f := k.board.watch.Load(); f != nil && len(k.shown) > 0 {
		(*f)(k.shown)
	}
}
