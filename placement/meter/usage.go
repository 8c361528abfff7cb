// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"time"

	"github.com/neuroran/neuroran/placement/resource"
)

// Quantity is something that is used, and that can have a limit.
type Quantity uint8

// Quantities, with the unit in which [Amounts] have them.
const (
	Invocations Quantity = iota // handlers started
	StateBytes                  // bytes of cells read and written
	Transferred                 // payload bytes sent
	IO                          // bytes written to local storage
	CPU                         // seconds of processor time
	Joules                      // of what use costs beyond idling
	NumQuantities
)

// String returns a name such as "state bytes".
func (q Quantity) String() string {
	names := [...]string{"invocations", "state bytes", "transferred bytes", "local I/O", "processor time", "joules"}
	if int(q) < len(names) {
		return names[q]
	}
	return "unknown quantity"
}

// Amounts is so much of each quantity, or so much per second.
type Amounts [NumQuantities]float64

// Usage is what a unit, a tenant or a node has used. Everything only rises.
type Usage struct {
	Invocations  uint64          // handlers started, control and retries included
	StateRead    uint64          // bytes of cells read
	StateWritten uint64          // bytes of cells written
	Transferred  uint64          // payload bytes sent, once for each consumer
	Remote       uint64          // payload bytes that came from another runtime
	IO           uint64          // bytes written to local storage
	Slots        uint64          // slots with work
	Late         uint64          // stages that ended too late, or were skipped as they would have
	Dropped      uint64          // messages dropped, refused or lost, counted
	Busy         time.Duration   // time in handlers
	CPU          time.Duration   // processor time of the same, 0 where threads are not known
	Energy       resource.Energy // what that use costs, beyond idling
}

// processor returns the processor time, as near as it is known: at most the time in handlers.
func (u *Usage) processor() time.Duration {
	if u.CPU > 0 {
		return u.CPU
	}
	return u.Busy
}

// Amounts returns the quantities.
func (u *Usage) Amounts() Amounts {
	return Amounts{
		Invocations: float64(u.Invocations), StateBytes: float64(u.StateRead + u.StateWritten), Transferred: float64(u.Transferred),
		IO: float64(u.IO), CPU: u.processor().Seconds(), Joules: u.Energy.Joules,
	}
}

// Add adds what someone else has used.
func (u *Usage) Add(o *Usage) {
	u.Invocations += o.Invocations
	u.StateRead += o.StateRead
	u.StateWritten += o.StateWritten
	u.Transferred += o.Transferred
	u.Remote += o.Remote
	u.IO += o.IO
	u.Slots += o.Slots
	u.Late += o.Late
	u.Dropped += o.Dropped
	u.Busy += o.Busy
	u.CPU += o.CPU
	u.Energy = u.Energy.Add(o.Energy)
}

// sub takes away what was used up to a time.
func (u *Usage) sub(o *Usage) {
	mine := u.counters()
	for i, x := range o.counters() {
		*mine[i] -= min(*x, *mine[i])
	}
	u.Busy -= min(o.Busy, u.Busy)
	u.CPU -= min(o.CPU, u.CPU)
	u.Energy.Joules -= min(o.Energy.Joules, u.Energy.Joules)
}

// raise makes each counter at least that of another state of the same row.
//
// Rows have one writer and only rise, so that of two states the later one is larger in
// every counter: the largest of each is the later one, whichever comes first.
func (u *Usage) raise(o *Usage) {
	u.Invocations = max(u.Invocations, o.Invocations)
	u.StateRead = max(u.StateRead, o.StateRead)
	u.StateWritten = max(u.StateWritten, o.StateWritten)
	u.Transferred = max(u.Transferred, o.Transferred)
	u.Remote = max(u.Remote, o.Remote)
	u.IO = max(u.IO, o.IO)
	u.Slots = max(u.Slots, o.Slots)
	u.Late = max(u.Late, o.Late)
	u.Dropped = max(u.Dropped, o.Dropped)
	u.Busy = max(u.Busy, o.Busy)
	u.CPU = max(u.CPU, o.CPU)
	u.Energy = resource.Energy{Joules: max(u.Energy.Joules, o.Energy.Joules), Basis: max(u.Energy.Basis, o.Energy.Basis)}
}
