// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"log/slog"
	"runtime"
	"time"
)

// Option adjusts a runtime or a simulator.
type Option interface {
	applyTo(s *settings)
}

type option func(s *settings)

func (o option) applyTo(s *settings) { o(s) }

// settings are what the options say.
type settings struct {
	workers       int
	mode          Mode
	budget        time.Duration
	slotTime      time.Duration
	slotStart     Time
	paced         bool
	logger        *slog.Logger
	engine        Engine
	sealer        Sealer
	ownSealer     bool
	clock         func() Time
	foreignClock  bool
	sinks         sinkTable
	onNotice      func(Notice)
	notices       bool
	maxMessage    int
	sourceLimit   int
	blockLimit    time.Duration
	commitRetry   time.Duration
	commitTimeout time.Duration
	linkTimeout   time.Duration
	publishEvery  time.Duration
	node          NodeID
	standby       NodeID
	idleKeys      time.Duration
	cut           map[EdgeID]bool
	lossy         bool
	batchDone     func(*Batch, error)
}

// sinkTable holds the receivers of sinks, by node.
type sinkTable []func(Header, any)

func (t *sinkTable) set(i int, f func(Header, any)) {
	for len(*t) <= i {
		*t = append(*t, nil)
	}
	(*t)[i] = f
}

// get returns the receiver of a sink, or nil.
func (t sinkTable) get(i int) func(Header, any) {
	if i < len(t) {
		return t[i]
	}
	return nil
}

func newSettings(opts []Option) *settings {
	s := &settings{
		workers: runtime.GOMAXPROCS(0), mode: RealTime, logger: slog.Default(), engine: Memory(),
		clock: Now, maxMessage: 64 << 20, sourceLimit: 1024,
		blockLimit: time.Second, commitRetry: time.Millisecond, commitTimeout: 100 * time.Millisecond,
		linkTimeout: 10 * time.Millisecond, publishEvery: 500 * time.Microsecond, idleKeys: 10 * time.Second, node: 1, cut: map[EdgeID]bool{},
	}
	s.sealer, s.ownSealer = processSealer(), true
	for _, o := range opts {
		o.applyTo(s)
	}
	s.workers = min(max(s.workers, 1), Groups)
	return s
}

// due returns when the work of a slot should be done.
func (s *settings) due(slot Slot, now Time) Time {
	switch {
	case s.budget <= 0:
		return Never
	case s.paced:
		return s.slotStart.Add(time.Duration(slot)*s.slotTime + s.budget)
	}
	return now.Add(s.budget)
}

// WithWorkers sets the number of workers, at least 1; without it there are as
// many as processors. Linked runtimes have equally many.
func WithWorkers(n int) Option { return option(func(s *settings) { s.workers = n }) }

// WithMode sets what lateness leads to; without it the mode is [RealTime].
func WithMode(m Mode) Option { return option(func(s *settings) { s.mode = m }) }

// WithBudget sets how long the work of a slot may take, from the push of its
// message, or from the start of its slot where [WithTimeline] gives one.
// Without a budget nothing is late.
func WithBudget(d time.Duration) Option { return option(func(s *settings) { s.budget = d }) }

// WithTimeline ties slots to the clock: slot n starts at start + n·slot. [Now]
// says what the time is.
func WithTimeline(start Time, slot time.Duration) Option {
	return option(func(s *settings) { s.slotStart, s.slotTime, s.paced = start, slot, true })
}

// WithLogger sets where faults are logged and what [Ctx.Log] returns.
func WithLogger(l *slog.Logger) Option { return option(func(s *settings) { s.logger = l }) }

// WithEngine sets what makes batches durable; without it that is [Memory].
func WithEngine(e Engine) Option { return option(func(s *settings) { s.engine = e }) }

// WithSealer sets what encrypts the content of Sealed cells. Without it a
// random key of the process is used: moves within the process work, snapshots
// with Sealed content are refused.
func WithSealer(x Sealer) Option {
	return option(func(s *settings) { s.sealer, s.ownSealer = x, false })
}

// WithOutput names what receives the messages of a sink. It runs on the worker
// of the message's key, so calls for different keys overlap; the message is
// read-only and valid until f returns.
func WithOutput[T any](o Output[T], f func(h Header, in *T)) Option {
	return option(func(s *settings) {
		s.sinks.set(o.n.index, func(h Header, in any) { f(h, in.(*T)) })
	})
}

// WithNotices names what is told about each fault, late, skipped or dropped
// message. Calls from different workers overlap.
func WithNotices(f func(Notice)) Option {
	return option(func(s *settings) { s.onNotice, s.notices = f, true })
}

// WithMaxMessage bounds the size of a message; without it that is 64 MiB.
// A larger one faults the invocation that made it.
func WithMaxMessage(bytes int) Option { return option(func(s *settings) { s.maxMessage = bytes }) }

// WithSourceLimit bounds the messages of sources that wait to be processed;
// without it that is 1024. Push returns [ErrBusy] beyond it.
func WithSourceLimit(n int) Option { return option(func(s *settings) { s.sourceLimit = n }) }

// WithBlockLimit sets after how long a handler that does not return is given
// up and its worker replaced; without it that is one second.
func WithBlockLimit(d time.Duration) Option { return option(func(s *settings) { s.blockLimit = d }) }

// WithIdleKeys sets after how long without a message a key may be forgotten;
// without it that is ten seconds, and 0 keeps keys for ever. A core forgets a
// key that has no live cell, no waiting message, no pending call and no timer,
// when new keys come: memory stays in proportion to the keys that were used
// within that time or have content. Content without an end never goes by
// itself: cells of users that leave are deleted, or declared with [TTL].
//
// With a key go its watermarks, the numbers of its sources and the mark of the
// last grant. That is right for these reasons. Numbers never fall: a core
// keeps the highest of all keys that it has forgotten, and a key that returns
// counts on from there, so that watermarks that others keep for it let pass
// what is new. A watermark protects from repeats, and idle marks are forgotten
// on keys that live on too; so the time must exceed that for which a message
// can be on its way or be sent again. Data of a slot whose grant has been
// forgotten waits as if it were early, and is dropped as data without a grant
// is.
func WithIdleKeys(d time.Duration) Option { return option(func(s *settings) { s.idleKeys = d }) }

// WithNode names the runtime among linked ones; without it every runtime of a
// process gets a number of its own.
func WithNode(id NodeID) Option { return option(func(s *settings) { s.node = id }) }

// WithStandby makes a runtime that owns nothing and sends everything to owner
// until key groups are moved to it.
func WithStandby(owner NodeID) Option { return option(func(s *settings) { s.standby = owner }) }

// WithCut lets the messages of an edge leave the core as effects even where
// the consumer is on the same core, so that a simulator can delay, reorder or
// lose them. It is meant for shells.
func WithCut(edges ...EdgeID) Option {
	return option(func(s *settings) {
		for _, e := range edges {
			s.cut[e] = true
		}
	})
}

// WithClock sets the clock that [Ctx.Left] reads. It is meant for shells.
func WithClock(now func() Time) Option {
	return option(func(s *settings) { s.clock, s.foreignClock = now, true })
}

// WithCommitTiming sets after how long a refused batch is offered again and an
// unanswered one repeated.
func WithCommitTiming(retry, timeout time.Duration) Option {
	return option(func(s *settings) { s.commitRetry, s.commitTimeout = retry, timeout })
}

// WithLossyLinks numbers and acknowledges the messages of AtLeastOnce and
// ExactlyOnce edges that leave a core, and sends them again after timeout. A
// shell needs it where its transport may lose or reorder.
func WithLossyLinks(timeout time.Duration) Option {
	return option(func(s *settings) { s.lossy, s.linkTimeout = true, timeout })
}

// WithBatchDone sets where [Batch.Done] reports. It is meant for shells, which
// turn the report into an [EventCommitted].
func WithBatchDone(f func(b *Batch, err error)) Option {
	return option(func(s *settings) { s.batchDone = f })
}
