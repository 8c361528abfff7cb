// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"log/slog"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// Option adjusts a runtime or a simulator.
type Option interface {
	// Apply changes the settings from which a runtime is made. The shells call
	// it; programs have no use for it.
	Apply(s *core.Settings)
}

type option func(s *core.Settings)

// Apply implements [Option].
func (o option) Apply(s *core.Settings) { o(s) }

// WithWorkers sets the number of workers, at least 1; without it there are as
// many as processors. Linked runtimes have equally many.
func WithWorkers(n int) Option { return option(func(s *core.Settings) { s.Workers = n }) }

// WithMode sets what lateness leads to; without it the mode is [RealTime].
func WithMode(m Mode) Option { return option(func(s *core.Settings) { s.Mode = m }) }

// WithBudget sets how long the work of a slot may take, from the push of its
// message, or from the start of its slot where [WithTimeline] gives one, as a host
// that follows a radio does: without one, a message that is pushed ahead of its slot is
// due ahead of it. Control is never late. Without a budget nothing is.
func WithBudget(d time.Duration) Option { return option(func(s *core.Settings) { s.Budget = d }) }

// WithTimeline ties slots to the clock: what is pushed of a slot is due its budget
// after the slot's start. The timeline may be set and adjusted while the runtime runs;
// as long as it is not set nothing is due.
func WithTimeline(t *Timeline) Option {
	return option(func(s *core.Settings) { s.Timeline = t })
}

// WithLogger sets where faults are logged and what [Ctx.Log] returns.
func WithLogger(l *slog.Logger) Option { return option(func(s *core.Settings) { s.Logger = l }) }

// WithEngine sets what makes batches durable; without it a batch is
// committed when it is handed over, and nothing is kept beyond the process.
func WithEngine(e Engine) Option { return option(func(s *core.Settings) { s.Engine = e }) }

// WithSealer sets what encrypts the content of Sealed cells. Without it a
// random key of the process is used: moves within the process work, snapshots
// with Sealed content are refused.
func WithSealer(x Sealer) Option {
	return option(func(s *core.Settings) { s.Sealer, s.OwnSealer = x, false })
}

// WithOutput names what receives the messages of a sink. It runs on the worker
// of the message's key, so calls for different keys overlap; the message is
// read-only and valid until f returns.
func WithOutput[T any](o Output[T], f func(h Header, in *T)) Option {
	return option(func(s *core.Settings) {
		switch {
		case o.n == nil:
			s.Fail("WithOutput", "the zero Output", "what Sink has returned")
			return
		case f == nil:
			s.Fail("WithOutput", "nil for sink "+o.n.Fn.Name, "a function")
			return
		}
		s.SetSink(o.n, func(h Header, in any) { f(h, in.(*T)) })
	})
}

// WithNotices names what is told about each fault, late, skipped or dropped
// message. Calls from different workers overlap. Nil is nobody.
func WithNotices(f func(Notice)) Option {
	return option(func(s *core.Settings) { s.OnNotice, s.Notices = f, f != nil })
}

// WithChecks looks for handlers, sinks and sources that keep a message, or a
// part of it, beyond the moment at which it is the runtime's again. What is
// released is filled with the byte 0xDB and is not used again at once: whoever
// reads it reads nonsense instead of another message, and who writes to it is
// logged. It costs time for every byte of every message: it is for tests.
func WithChecks() Option { return option(func(s *core.Settings) { s.Checks = true }) }

// WithMaxMessage bounds the size of a message; without it that is 64 MiB.
// A larger one faults the invocation that made it.
func WithMaxMessage(bytes int) Option { return option(func(s *core.Settings) { s.MaxMessage = bytes }) }

// WithSourceLimit bounds the messages of sources that wait to be processed;
// without it that is 1024. Push returns [ErrBusy] beyond it.
func WithSourceLimit(n int) Option { return option(func(s *core.Settings) { s.SourceLimit = n }) }

// WithBlockLimit sets after how long a handler that does not return is given
// up and its worker replaced; without it that is one second.
func WithBlockLimit(d time.Duration) Option {
	return option(func(s *core.Settings) { s.BlockLimit = d })
}

// WithIdleKeys sets after how long without a message a key may be forgotten;
// without it that is ten seconds, and 0 keeps keys for ever. A core forgets a
// key that has no live cell, no waiting message, no pending call and no timer,
// when new keys come: memory stays in proportion to the keys that were used
// within that time or have content. Content without an end never goes by
// itself: cells of users that leave are deleted, or declared with [TTL].
//
// With a key go the numbers of its sources and the mark of the last grant. That is
// right for these reasons. Numbers never fall: a core keeps the highest of all keys
// that it has forgotten, and a key that returns counts on from there. What a key has
// heard from other units protects from repeats: it is forgotten once their owners say
// that they keep nothing for it. Data of a slot whose grant has been forgotten waits
// as if it were early, and is dropped as data without a grant is.
func WithIdleKeys(d time.Duration) Option { return option(func(s *core.Settings) { s.IdleKeys = d }) }

// WithNode names the runtime among linked ones; without it every runtime of a
// process gets a number of its own.
func WithNode(id NodeID) Option { return option(func(s *core.Settings) { s.Node = id }) }

// WithDefaultOwner names the runtime that owns the units that have no route: of
// the named parts, or of all without names; a part is named by any of its
// functions. Without it that is the runtime itself. It is the same at all
// linked runtimes.
func WithDefaultOwner(node NodeID, parts ...string) Option {
	return option(func(s *core.Settings) {
		if len(parts) == 0 {
			s.Owner = node
		}
		for _, p := range parts {
			s.Owners[p] = node
		}
	})
}

// WithClock sets the clock that [Ctx.Left] reads. It is meant for tests
// that let time pass.
func WithClock(now func() Time) Option {
	return option(func(s *core.Settings) { s.Clock, s.ForeignClock = now, true })
}

// WithCommitRetry sets after how long a refused batch is offered again; without
// it that is one millisecond.
func WithCommitRetry(d time.Duration) Option {
	return option(func(s *core.Settings) { s.CommitRetry = d })
}

// WithIncarnation tells the lives of a node apart: a runtime that starts anew
// under the number of one that is gone has a higher one. Without it the
// incarnation is one more than that of the last life which the engine has records of, or
// follows from the clock of the machine, whichever is higher. With it [NewRuntime] returns
// a [*LifeError] if the engine has records of that life, or of a later one.
func WithIncarnation(n uint32) Option {
	return option(func(s *core.Settings) { s.Incarnation, s.Numbered = n, true })
}
