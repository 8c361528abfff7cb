// SPDX-License-Identifier: Apache-2.0

package core

import (
	"log/slog"
	"runtime"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Settings are what the options of a runtime say. They belong to the runtime
// that is made from them and do not change afterwards.
type Settings struct {
	Workers       int                  // cores of the runtime
	Mode          base.Mode            // what lateness leads to
	Budget        time.Duration        // time for the work of a slot, 0 for no limit
	SlotTime      time.Duration        // length of a slot, if paced
	SlotStart     base.Time            // start of slot 0, if paced
	Paced         bool                 // slots are tied to the clock
	Logger        *slog.Logger         // for faults and for handlers
	Engine        Engine               // makes batches durable
	Sealer        Sealer               // encrypts content of Sealed cells
	OwnSealer     bool                 // nobody has named a sealer: its key ends with the process
	Clock         func() base.Time     // what the time is
	ForeignClock  bool                 // the clock is not the production clock
	Sinks         SinkTable            // receivers of sinks
	OnNotice      func(Notice)         // is told of deviations
	Notices       bool                 // deviations other than faults are reported
	MaxMessage    int                  // largest payload in bytes
	SourceLimit   int                  // messages of sources that may wait at a worker
	BlockLimit    time.Duration        // how long a handler may take before it is given up
	CommitRetry   time.Duration        // until a refused batch is offered again
	CommitTimeout time.Duration        // until an unanswered batch is offered again
	LinkTimeout   time.Duration        // until an unacknowledged message is sent again
	PublishEvery  time.Duration        // between two publications of the counters
	Node          base.NodeID          // number of the runtime among linked ones
	Standby       base.NodeID          // node that owns everything at the start, 0 for this one
	IdleKeys      time.Duration        // until a key without use is forgotten, 0 for never
	Cut           map[base.EdgeID]bool // edges whose messages always leave a core as effects
	Lossy         bool                 // messages between cores may be lost or overtake each other
	BatchDone     func(*Batch, error)  // takes the outcome of batches
	Bugs          Bugs                 // planted ones
}

// SinkTable holds the receivers of sinks, by node.
type SinkTable []func(base.Header, any)

// Set names the receiver of the sink with the given node index.
func (t *SinkTable) Set(i int, f func(base.Header, any)) {
	for len(*t) <= i {
		*t = append(*t, nil)
	}
	(*t)[i] = f
}

// Get returns the receiver of a sink, or nil.
func (t SinkTable) Get(i int) func(base.Header, any) {
	if i < len(t) {
		return t[i]
	}
	return nil
}

// NewSettings returns what holds for a runtime without options.
func NewSettings() *Settings {
	return &Settings{
		Workers: runtime.GOMAXPROCS(0), Mode: base.RealTime, Logger: slog.Default(), Engine: Memory(),
		Clock: base.Now, MaxMessage: 64 << 20, SourceLimit: 1024,
		BlockLimit: time.Second, CommitRetry: time.Millisecond, CommitTimeout: 100 * time.Millisecond,
		LinkTimeout: 10 * time.Millisecond, PublishEvery: 500 * time.Microsecond, IdleKeys: 10 * time.Second, Node: 1, Cut: map[base.EdgeID]bool{},
		Sealer: processSealer(), OwnSealer: true,
	}
}

// Due returns when the work of a slot should be done.
func (s *Settings) Due(slot base.Slot, now base.Time) base.Time {
	switch {
	case s.Budget <= 0:
		return base.Never
	case s.Paced:
		return s.SlotStart.Add(time.Duration(slot)*s.SlotTime + s.Budget)
	}
	return now.Add(s.Budget)
}
