// SPDX-License-Identifier: Apache-2.0

package base

import (
	"fmt"
	"slices"
)

// Threads describes the threads of the operating system that workers run on: each is
// locked to one worker goroutine and ends with it. The zero value is a thread without
// any wish. Whatever it says holds for these threads alone, and never for the process:
// one that runs as a whole before all others waits for its own collector for ever.
type Threads struct {
	// CPUs are the processors: thread i is bound to CPUs[i mod len(CPUs)]. None means
	// wherever the kernel puts it.
	CPUs []int
	// Policy is how the kernel schedules the threads.
	Policy Policy
	// Priority is 1 to 99 with SchedFIFO and SchedRR, a higher one runs before a lower
	// one; 0 with SchedOther.
	Priority int
	// Fallback lets a thread go on without what the kernel, or the system, refuses.
	// Each refusal is logged. Without it that is an error at the start.
	Fallback bool
}

// Policy is how the kernel schedules a thread.
type Policy uint8

const (
	// SchedOther shares processors with all other threads.
	SchedOther Policy = iota
	// SchedFIFO runs before all threads of SchedOther, until it sleeps.
	SchedFIFO
	// SchedRR is SchedFIFO with a slice of time among threads of one priority.
	SchedRR
)

// String returns the name of the policy as the kernel's documentation has it.
func (p Policy) String() string {
	if p > SchedRR {
		return fmt.Sprintf("policy %d", uint8(p))
	}
	return [...]string{"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR"}[p]
}

// RealTime reports whether the threads run before all others.
func (t *Threads) RealTime() bool { return t.Policy != SchedOther }

// Check returns an [*OptionError] if the description is none.
func (t *Threads) Check() error {
	bad := func(got, want string) error { return &OptionError{Option: "WithThreads", Got: got, Want: want} }
	switch {
	case t.Policy > SchedRR:
		return bad(t.Policy.String(), "SchedOther, SchedFIFO or SchedRR")
	case t.RealTime() && (t.Priority < 1 || t.Priority > 99):
		return bad(fmt.Sprintf("priority %d", t.Priority), "1 to 99 with "+t.Policy.String())
	case !t.RealTime() && t.Priority != 0:
		return bad(fmt.Sprintf("priority %d", t.Priority), "0 with SCHED_OTHER")
	}
	if i := slices.IndexFunc(t.CPUs, func(c int) bool { return c < 0 || c >= maxCPUs }); i >= 0 {
		return bad(fmt.Sprintf("processor %d", t.CPUs[i]), fmt.Sprintf("0 to %d", maxCPUs-1))
	}
	return nil
}

// maxCPUs is what a set of processors of the kernel has room for.
const maxCPUs = 1024

// ThreadError says that a thread cannot be as [Threads] describes it.
type ThreadError struct {
	Thread int    // number of the thread among those that were asked for
	Call   string // that was refused, such as sched_setattr
	Want   string // what was asked for
	Err    error  // why: the kernel's answer, or errors.ErrUnsupported
}

// Error implements error.
func (e *ThreadError) Error() string {
	return fmt.Sprintf("%sthread %d: %s: %s: %v", pkg, e.Thread, e.Call, e.Want, e.Err)
}

// Unwrap returns the kernel's answer.
func (e *ThreadError) Unwrap() error { return e.Err }
