// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"fmt"
	"io"

	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/live"
)

// Runtime is the production shell: it runs an [App] on a number of workers, a
// goroutine each, in this process. The worker of a message is chosen by its
// key alone.
//
// All methods may be called concurrently.
type Runtime struct {
	app *App
	rt  *live.Runtime
}

var _ Host = (*Runtime)(nil)

// NewRuntime opens the resources of all functions and starts the workers. The
// caller closes the runtime.
func NewRuntime(app *App, opts ...Option) (*Runtime, error) {
	if app == nil {
		return nil, &OptionError{Option: "NewRuntime", Got: "no app", Want: "what Graph.Build has returned"}
	}
	set := core.NewSettings()
	set.Node = live.NextNode()
	for i, o := range opts {
		if o == nil {
			set.Fail("NewRuntime", fmt.Sprintf("nil for option %d", i+1), "an option")
			break
		}
		o.Apply(set)
	}
	rt, err := live.New(app.plan, set)
	if err != nil {
		return nil, err
	}
	return &Runtime{app, rt}, nil
}

// App returns what the runtime runs.
func (r *Runtime) App() *App { return r.app }

// Node returns the runtime's number among linked ones.
func (r *Runtime) Node() NodeID { return r.rt.Node() }

// Now reads the runtime's clock.
func (r *Runtime) Now() Time { return r.rt.Now() }

// Draft implements [Host].
func (r *Runtime) Draft(from core.SourceRef, key Key) (*core.Message, error) {
	return r.rt.Draft(from, key)
}

// Discard implements [Host].
func (r *Runtime) Discard(m *core.Message) { r.rt.Discard(m) }

// Inject implements [Host].
func (r *Runtime) Inject(m *core.Message) error { return r.rt.Inject(m) }

// Invoke implements [Host].
func (r *Runtime) Invoke(ctx context.Context, m *core.Message) (*core.Message, error) {
	return r.rt.Invoke(ctx, m)
}

// Pushed implements [Host].
func (r *Runtime) Pushed(from core.SourceRef, key Key) (Position, bool) {
	return r.rt.Pushed(from, key)
}

// Drain waits until every message pushed so far, and everything that follows
// from it, has been processed and committed, here and at runtimes of this process that
// are linked. Data that waits for a grant or a partner, and delayed messages, do not count.
//
// Of runtimes of other processes it waits for what they owe to this one: for what it has
// sent on edges that promise delivery, until they have processed and committed that. What
// follows from it there, and what goes there on AtMostOnce edges, is theirs: they have
// a Drain of their own.
func (r *Runtime) Drain(ctx context.Context) error { return r.rt.Drain(ctx) }

// Stats returns the counters of all functions, in the order in which they were
// applied, sinks included. Workers publish theirs once a slot and when asked;
// one whose handler blocks is counted as of its last slot.
func (r *Runtime) Stats() []FunctionStats { return r.rt.Stats() }

// ResetStats sets all counters to zero, as a program wants that has warmed up.
func (r *Runtime) ResetStats() { r.rt.ResetStats() }

// Snapshot writes the whole state of the runtime: cells, watermarks, epochs,
// the numbers of the sources, and every message that waits for a grant, for a
// partner or for its time, calls that handlers have made included. It is a
// consistent cut, and needs no idle moment: sources are refused with [ErrBusy]
// while handlers are held, what is on its way comes to its line, and all workers
// stand still while the state is copied, with what waits in the lines. After
// that all go on, and w is written to. Snapshot waits for commits that are under
// way, for moves, for tasks of parallel functions, and for messages that have no
// encoding: those are processed first. It is refused with [ErrBusy] while
// another one is taken, and during a move in mode [Fed]; if a linked runtime
// closes meanwhile, that is an error.
//
// A push that was accepted before the cut is part of it, as
// [Input.Position] tells after a [Runtime.Restore]; so a source can continue
// behind it, and ExactlyOnce edges keep their promise.
//
// Runtimes that are linked are cut together, and a snapshot of any of them has
// the state of all: it is restored to one runtime. With runtimes of other processes
// that is not possible: it is refused with [ErrLinked].
//
// Not part of a snapshot are calls of host code, whose caller goes with the
// process, and resources. A message that waits and has a field without an
// encoding is a [*PayloadError]. Messages that wait at a function with Sealed
// cells are sealed as these are. Snapshot refuses graphs with Sealed cells
// unless [WithSealer] was given: the random key of a process could not open
// them again.
func (r *Runtime) Snapshot(ctx context.Context, w io.Writer) error {
	if w == nil {
		return &OptionError{Option: "Snapshot", Got: "nil", Want: "where to write"}
	}
	return r.rt.Snapshot(ctx, w)
}

// Restore reads a snapshot into a runtime that has not processed anything yet;
// another one is refused with ErrNotEmpty. Messages that waited wait again,
// delayed ones leave after what was left of their delay, and a [Time] in a cell
// or a message is shifted to the clock of this process. The runtime owns all
// key groups, under the epoch after that of the snapshot.
//
// The number of workers may differ from the one that wrote it, functions and
// edges may have been added, and functions may have cells of a newer version.
// Functions whose state would be lost, and messages whose type has changed, are
// an error. Everything is read, bounded and checked before anything is changed;
// errors about the bytes wrap ErrSnapshot.
//
// State goes back to the cut. A counter that must never repeat, such as the
// COUNT of a cipher in a Sealed cell, needs an engine that keeps every commit,
// or a new key after a restore.
func (r *Runtime) Restore(ctx context.Context, src io.Reader) error {
	if src == nil {
		return &OptionError{Option: "Restore", Got: "nil", Want: "a snapshot"}
	}
	return r.rt.Restore(ctx, src)
}

// Recover lets a runtime that has not processed anything yet go on with what its
// engine has kept of an earlier life of the same node, see [WithNode]; with an engine
// that keeps nothing it does nothing. A runtime whose engine may have records is
// recovered before anything else.
//
// Each unit goes on under a newer epoch with what was committed: Replicated and Sealed
// cells, what has been processed of each producer, inputs that wait for a grant, for
// data or for a partner, messages that have not been acknowledged, which are sent again,
// and delayed messages and calls, for what is left of their time. Volatile cells are
// empty; where a function has no others, its last settings are said again. Each source
// goes on behind what [Input.Position] tells: what was pushed and not committed is
// pushed again, and what of that has been processed nevertheless, on one of several
// edges, is dropped.
//
// The number of workers may differ, and functions, edges and cells may have changed as
// for [Runtime.Restore]. Everything is read and checked before anything is changed;
// errors about what the engine has wrap [ErrRecords], and the runtime is as it was.
func (r *Runtime) Recover(ctx context.Context) error { return r.rt.Recover(ctx) }

// Close stops the workers, waits for them, and closes the resources. Messages
// that have not been processed are lost. A handler that blocks is not waited
// for. Another function of the program that blocks, or has called Close itself, is waited for
// for seconds: then Close returns an [*OptionError], and the rest ends with that function.
// Close is idempotent; a later call waits for the first one, and returns nil.
func (r *Runtime) Close() error { return r.rt.Close() }
