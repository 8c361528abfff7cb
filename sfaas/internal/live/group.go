// SPDX-License-Identifier: Apache-2.0

package live

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Group is the threads that run workers: those of one runtime, or of several that
// share them. A thread takes a turn of each of its workers after the other.
//
// One thread may serve workers of several runtimes: fifty cells on two processors need
// two threads, not a hundred. A thread that is busy with one runtime delays the others,
// which is what sharing means; groups of their own are for those who must not wait.
type Group struct {
	Threads *base.Threads // nil: goroutines that are not locked
	threads []*thread
	logger  *slog.Logger

	mu     sync.Mutex
	guests int // runtimes on it
	closed bool
}

// NewGroup starts a group of n threads. With Threads nil they are goroutines.
func NewGroup(n int, t *base.Threads, logger *slog.Logger) (*Group, error) {
	g := &Group{Threads: t, logger: logger}
	if t != nil {
		if err := t.Check(); err != nil {
			return nil, err
		}
		// With Fallback the program would rather run badly than not at all.
		if err := roomFor(n, t); err != nil && !t.Fallback {
			return nil, err
		}
	}
	for i := range n {
		g.threads = append(g.threads, newThread(g, i))
	}
	// What the kernel refuses is known at the start, and nothing runs then.
	for i, x := range g.threads {
		if err := x.begin(); err != nil {
			for _, y := range g.threads[:i] {
				y.close()
			}
			return nil, err
		}
	}
	return g, nil
}

// roomFor returns an error if real-time threads would leave no processor to the rest
// of the program. The collector, and whoever a thread waits for, must be able to run:
// two such threads on two processors wait for each other's goroutines for ever.
func roomFor(n int, t *base.Threads) error {
	if !t.RealTime() {
		return nil
	}
	// Threads without a list may run anywhere, so each takes a processor; a list says
	// which, and may name one twice.
	taken := n
	if len(t.CPUs) > 0 {
		seen := map[int]bool{}
		for i := range min(n, len(t.CPUs)) {
			seen[t.CPUs[i]] = true
		}
		taken = len(seen)
	}
	if all := processors(); taken >= all {
		return &base.OptionError{
			Option: "WithThreads", Got: fmt.Sprintf("%v on %d of %d processors", t.Policy, taken, all),
			Want: "a processor without real-time threads",
		}
	}
	return nil
}

// Len returns the number of threads.
func (g *Group) Len() int { return len(g.threads) }

// join counts a runtime that is on the group.
//
// Guests are counted so that the threads cannot be ended under a runtime.
func (g *Group) join() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return base.Errorf("thread group: %w", base.ErrClosed)
	}
	g.guests++
	return nil
}

func (g *Group) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.guests--
}

// Close ends the threads and waits for them. It returns ErrBusy while a runtime is on
// them. Close is idempotent.
func (g *Group) Close() error {
	g.mu.Lock()
	// The lock is given up before threads are waited for: they may want it to end.
	if g.guests > 0 {
		g.mu.Unlock()
		return base.Errorf("thread group: %d runtimes are on it: %w", g.guests, base.ErrBusy)
	}
	done := g.closed
	g.closed = true
	g.mu.Unlock()
	if !done {
		for _, t := range g.threads {
			t.close()
		}
	}
	return nil
}

// prepare gives the calling thread what the group asks for. What is refused is an
// error, or is logged if the group falls back.
func (g *Group) prepare(i int) error {
	// The kernel answers call by call, and may refuse one and grant another.
	refused := applyThread(i, g.Threads)
	if len(refused) == 0 {
		return nil
	}
	// Without Fallback the program has asked for all or nothing.
	if !g.Threads.Fallback {
		return errors.Join(refused...)
	}
	for _, err := range refused {
		g.logger.Warn("sfaas: a thread goes on without", "err", err)
	}
	return nil
}

// OnThread runs f on a new thread that is as t says, and returns what f returns, or
// what the kernel refuses. The thread ends with f.
//
// The kernel's settings belong to a thread, so the thread ends with them: a goroutine
// that is locked and ends takes its thread along. The first thread of a process cannot
// end, hence the detour.
func OnThread(t *base.Threads, f func() error) error {
	if err := t.Check(); err != nil {
		return err
	}
	if f == nil {
		return &base.OptionError{Option: "OnThread", Got: "nil", Want: "a function"}
	}
	g := &Group{Threads: t, logger: slog.Default()}
	done := make(chan error, 1)
	var run func()
	run = func() {
		runtime.LockOSThread() // and not unlocked: the thread goes with what was set for it
		if mainThread() {      // not this one; it is kept until another has begun
			other := make(chan struct{})
			go func() {
				defer close(other)
				run()
			}()
			<-other
			runtime.UnlockOSThread()
			return
		}
		if err := g.prepare(0); err != nil {
			done <- err
			return
		}
		err := base.ErrGoexit
		defer func() {
			if r := recover(); r != nil {
				err = &base.PanicError{Value: r, Stack: string(debug.Stack())}
			}
			done <- err
		}()
		err = f()
	}
	go run()
	return <-done
}
