// SPDX-License-Identifier: Apache-2.0

//go:build linux

package live

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Values of sched_setattr(2).
const (
	schedOther      = 0
	schedFIFO       = 1
	schedRR         = 2
	flagResetOnFork = 1
)

// applyThread gives the calling thread, number i of its group, what t says, as far as
// the kernel allows it, and returns what it refuses.
func applyThread(i int, t *base.Threads) (refused []error) {
	// Zero stands for the calling thread. Each of a group has a processor of its own as
	// long as there are enough.
	if n := len(t.CPUs); n > 0 {
		cpu := t.CPUs[i%n]
		var set unix.CPUSet
		set.Set(cpu)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			refused = append(refused, &base.ThreadError{Thread: i, Call: "sched_setaffinity", Want: fmt.Sprintf("processor %d", cpu), Err: err})
		}
	}
	// What the thread starts, such as threads that Go needs, must not inherit the
	// priority: they would take processors that nobody meant for them.
	if t.RealTime() {
		attr := unix.SchedAttr{
			Size: unix.SizeofSchedAttr, Policy: schedFIFO, Priority: uint32(t.Priority),
			Flags: flagResetOnFork, // what it starts is not real-time
		}
		if t.Policy == base.SchedRR {
			attr.Policy = schedRR
		}
		if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
			refused = append(refused, &base.ThreadError{Thread: i, Call: "sched_setattr", Want: fmt.Sprintf("%v, priority %d", t.Policy, t.Priority), Err: err})
		}
	}
	return refused
}

// demote lets a thread run as all others do: its handler does not return, and nobody
// waits for it any more.
func demote(tid int) {
	_ = unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: schedOther}, 0)
}

// threadID returns the kernel's number of the calling thread.
func threadID() int { return unix.Gettid() }

// mainThread reports whether the calling thread is the first one of the process. What
// holds for that one is taken for what holds for the process.
func mainThread() bool { return unix.Gettid() == unix.Getpid() }

// threadTime returns the processor time of the calling thread.
func threadTime() time.Duration {
	var ts unix.Timespec
	// A thread without that clock has no processor time; its units are billed nothing,
	// and say so by zero.
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// processors returns how many processors the process may use.
func processors() int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return 0
	}
	return set.Count()
}
