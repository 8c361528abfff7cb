// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"fmt"
	"log/slog"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/live"
)

// Threads describes the threads of the operating system that workers run on:
// processors, policy and priority, thread by thread and never for the whole process.
// The zero value is threads without any wish.
type Threads = base.Threads

// ThreadError says that a thread cannot be as [Threads] describes it: which call the
// kernel refused, what was wanted, and why. It wraps the kernel's answer, or
// errors.ErrUnsupported on systems other than Linux.
type ThreadError = base.ThreadError

// Policies of threads.
const (
	SchedOther = base.SchedOther // shares processors with all other threads
	SchedFIFO  = base.SchedFIFO  // runs before all threads of SchedOther, until it sleeps
	SchedRR    = base.SchedRR    // SchedFIFO with a slice of time among those of one priority
)

// WithThreads lets each worker run on a thread of its own. Then what a unit uses is
// known in processor time too, see [UnitStats]. It is for slots that must be kept beside other
// programs: a goroutine that is locked to its thread takes longer to wake.
//
// What the kernel refuses makes [NewRuntime] return [*ThreadError]s, unless
// [Threads] says to go on without. Real-time policies need CAP_SYS_NICE or a limit
// (RLIMIT_RTPRIO), and must leave a processor to the rest of the program: its
// collector, and the goroutines that a worker waits for.
//
// Go runs as many goroutines at once as GOMAXPROCS says, whatever threads they are
// on. A worker finds its place at once only if that is more than the number of
// goroutines that do not sleep.
func WithThreads(t Threads) Option { return option(func(s *core.Settings) { s.Threads = &t }) }

// ThreadGroup is threads that several runtimes share: those of one class of apps, such
// as a few that must keep their slots on real-time threads, and many others on
// threads of [SchedOther]. A thread takes a turn of one worker after the other, so a
// handler makes those of other runtimes on its thread wait, at most until its own
// runtime gives it up, see [WithBlockLimit].
//
// All methods may be called concurrently.
type ThreadGroup struct{ g *live.Group }

// NewThreadGroup starts n threads, at most 256: more workers has no runtime. What the kernel refuses is returned as by
// [WithThreads].
func NewThreadGroup(n int, t Threads) (*ThreadGroup, error) {
	if n < 1 || n > base.Groups {
		return nil, &OptionError{Option: "NewThreadGroup", Got: fmt.Sprintf("%d threads", n), Want: fmt.Sprintf("1 to %d", base.Groups)}
	}
	g, err := live.NewGroup(n, &t, slog.Default())
	if err != nil {
		return nil, err
	}
	return &ThreadGroup{g}, nil
}

// Len returns the number of threads.
func (g *ThreadGroup) Len() int { return g.g.Len() }

// Close ends the threads. It returns [ErrBusy] while a runtime is on them.
func (g *ThreadGroup) Close() error { return g.g.Close() }

// WithThreadGroup lets the workers run on threads of a group, the named ones or all:
// as many workers as these, unless a WithWorkers behind it says otherwise. A thread that is
// named twice runs two of the workers, by turns. Two linked
// runtimes on different threads of a group are how a unit gets another set of
// workers while it runs: [Runtime.MoveUnit] brings it there.
func WithThreadGroup(g *ThreadGroup, threads ...int) Option {
	return option(func(s *core.Settings) {
		if g == nil {
			s.Fail("WithThreadGroup", "nil", "a thread group")
			return
		}
		s.Group, s.GroupThreads, s.Workers = g.g, threads, len(threads)
		if len(threads) == 0 {
			s.Workers = g.Len()
		}
	})
}

// OnThread runs f on a new thread that is as t says, and returns what f returns or
// what the kernel refuses. The thread ends with f. What goes wrong in f is an error, as in
// a handler: a [*PanicError], or [ErrGoexit]. It is for whoever feeds slots: beside busy
// neighbours a worker of high priority waits for a source without one.
//
//	err := sfaas.OnThread(t, func() error { return clock.Run(ctx, push) })
func OnThread(t Threads, f func() error) error { return live.OnThread(&t, f) }
