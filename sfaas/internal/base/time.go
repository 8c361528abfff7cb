// SPDX-License-Identifier: Apache-2.0

package base

import "time"

// Slot numbers the slots of a run; a message belongs to one of them. Sources
// push the slots of a key in rising order.
type Slot uint64

// Time is a moment on a runtime's own clock in nanoseconds. Its zero is the
// clock's choice: the start of the process in production, the start of the run
// in a simulation.
type Time int64

// Never is later than every moment: the due time of work without a deadline.
const Never Time = 1<<63 - 1

// Add returns t+d. It returns Never if t is Never, or if the sum is beyond it.
func (t Time) Add(d time.Duration) Time {
	if t == Never || (d > 0 && t > Never-Time(d)) {
		return Never
	}
	return t + Time(d)
}

// Sub returns the duration t-u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// processStart is the zero of the production clock. It is shared by all
// runtimes of a process, so that due times keep their meaning when a message
// goes from one runtime to another.
var processStart = time.Now()

// Now reads the production clock, the one of every runtime without sfaas.WithClock.
// It serves to lay out a timeline before a runtime exists:
//
//	timeline := sfaas.NewTimeline(slot)
//	timeline.Set(0, sfaas.Now().Add(10*time.Millisecond))
//	rt, err := sfaas.NewRuntime(app, sfaas.WithTimeline(timeline))
func Now() Time { return Time(time.Since(processStart)) }
