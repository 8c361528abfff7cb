// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Settings are what the options of a runtime say. They belong to the runtime
// that is made from them and do not change afterwards.
//
// Options of package sfaas write here; Check refuses what cannot be, by the name of the
// option. Nothing in the machine asks for an option's default: NewSettings has them all.
type Settings struct {
	Wrong error // what the first option says that cannot be, if that is no value of a setting

	Workers      int                    // cores of the runtime
	Mode         base.Mode              // what lateness leads to
	Budget       time.Duration          // time for the work of a slot, 0 for no limit
	Timeline     *base.Timeline         // when slots begin, nil if they are not tied to the clock
	Logger       *slog.Logger           // for faults and for handlers
	Engine       Engine                 // makes batches durable
	Sealer       Sealer                 // encrypts content of Sealed cells
	OwnSealer    bool                   // nobody has named a sealer: its key ends with the process
	Clock        func() base.Time       // what the time is
	ForeignClock bool                   // the clock is not the production clock
	Sinks        SinkTable              // receivers of sinks
	SinkNodes    []*plan.Node           // the sinks that have receivers, by node
	OnNotice     func(Notice)           // is told of deviations
	Notices      bool                   // deviations other than faults are reported
	MaxMessage   int                    // largest payload in bytes
	SourceLimit  int                    // messages of sources that may wait at a worker
	BlockLimit   time.Duration          // how long a handler may take before it is given up
	CommitRetry  time.Duration          // until a refused batch is offered again
	PublishEvery time.Duration          // between two publications of the counters
	Node         base.NodeID            // number of the runtime among linked ones
	Owner        base.NodeID            // owns units without a route, 0 for this runtime
	Owners       map[string]base.NodeID // the same for single parts, by name
	Incarnation  uint32                 // tells the lives of a node apart
	Numbered     bool                   // the incarnation is the host's choice
	Leaving      *atomic.Bool           // the runtime takes no unit any more
	IdleKeys     time.Duration          // until a key without use is forgotten, 0 for never
	Threads      *base.Threads          // of the workers, nil for goroutines
	Group        any                    // *live.Group that the workers share with others, nil for threads of their own
	GroupThreads []int                  // those of the group on which they run, none for all
	Checks       bool                   // what is released is poisoned, and not used again at once
	Recorder     Recorder               // puts records into bytes, for an engine that keeps them
	ImportBytes  int                    // rows in one record of an import, about
	BatchDone    BatchDone              // takes the answers of the engine

	// Translate puts an image of another graph in terms of that of a core. The shell
	// sets it, since bytes are beyond the machine; without it such a unit is refused.
	Translate func(k *Core, img *Image, of *plan.App) (*Image, error)

	Bugs Bugs // planted ones
}

// BatchDone takes the answer to an offer of a batch; it may be called from any
// goroutine.
type BatchDone func(b *Batch, offer uint32, err error)

// SinkTable holds the receivers of sinks, by node.
//
// It grows by itself, since options come before the graph is known to be the right one.
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

// Fail notes what an option says that cannot be; the first one holds.
func (s *Settings) Fail(option, got, want string) {
	if s.Wrong == nil {
		s.Wrong = &base.OptionError{Option: option, Got: got, Want: want}
	}
}

// SetSink names the receiver of a sink.
func (s *Settings) SetSink(n *plan.Node, f func(base.Header, any)) {
	s.Sinks.Set(n.Index, f)
	for len(s.SinkNodes) <= n.Index {
		s.SinkNodes = append(s.SinkNodes, nil)
	}
	s.SinkNodes[n.Index] = n
}

// NewSettings returns what holds for a runtime without options.
func NewSettings() *Settings {
	return &Settings{
		Workers: runtime.GOMAXPROCS(0), Mode: base.RealTime, Logger: slog.Default(), Engine: Memory(),
		Clock: base.Now, MaxMessage: 64 << 20, SourceLimit: 1024,
		BlockLimit: time.Second, CommitRetry: time.Millisecond,
		ImportBytes: 512 << 10, PublishEvery: 500 * time.Microsecond, IdleKeys: 10 * time.Second, Node: 1,
		Owners: map[string]base.NodeID{}, Leaving: new(atomic.Bool),
		Sealer: processSealer(), OwnSealer: true,
	}
}

// Due returns when the work of a slot should be done.
func (s *Settings) Due(slot base.Slot, now base.Time) base.Time {
	switch {
	// In turn: nothing is ever due; due from the start of the slot; due from now on.
	case s.Budget <= 0:
		return base.Never
	case s.Timeline != nil:
		return s.Timeline.Start(slot).Add(s.Budget)
	}
	return now.Add(s.Budget)
}

// Check reports the first option that says what cannot be, and lets parts go by
// their own names.
func (s *Settings) Check(app *plan.App) error {
	bad := func(option, got, want string) error { return &base.OptionError{Option: option, Got: got, Want: want} }
	switch {
	case s.Wrong != nil:
		return s.Wrong
	case s.Engine == nil:
		return bad("WithEngine", "nil", "an engine")
	case s.Logger == nil:
		return bad("WithLogger", "nil", "a logger")
	case s.Clock == nil:
		return bad("WithClock", "nil", "a clock")
	case s.Sealer == nil:
		return bad("WithSealer", "nil", "a sealer")
	case s.Mode > base.Replay:
		return bad("WithMode", fmt.Sprint(uint8(s.Mode)), "RealTime or Replay")
	case s.CommitRetry <= 0:
		return bad("WithCommitRetry", s.CommitRetry.String(), "positive")
	case s.IdleKeys < 0:
		return bad("WithIdleKeys", s.IdleKeys.String(), "not negative")
	case s.Owner == base.AllNodes:
		return bad("WithDefaultOwner", fmt.Sprint(s.Owner), fmt.Sprintf("1 to %d", base.AllNodes-1))
	case s.Workers < 1 || s.Workers > base.Groups:
		return bad("WithWorkers", fmt.Sprint(s.Workers), fmt.Sprintf("1 to %d", base.Groups))
	case s.Budget < 0:
		return bad("WithBudget", s.Budget.String(), "not negative")
	case s.Timeline != nil && s.Timeline.Length() <= 0:
		return bad("WithTimeline", s.Timeline.Length().String(), "a positive slot")
	case s.MaxMessage < 1:
		return bad("WithMaxMessage", fmt.Sprint(s.MaxMessage), "at least 1 byte")
	case s.SourceLimit < 1:
		return bad("WithSourceLimit", fmt.Sprint(s.SourceLimit), "at least 1")
	case s.BlockLimit <= 0:
		return bad("WithBlockLimit", s.BlockLimit.String(), "positive")
	case s.Node == 0 || s.Node == base.AllNodes:
		return bad("WithNode", fmt.Sprint(s.Node), fmt.Sprintf("1 to %d", base.AllNodes-1))
	}
	for i, n := range s.SinkNodes {
		if n != nil && (i >= len(app.Nodes) || app.Nodes[i] != n) {
			return bad("WithOutput", "sink "+n.Fn.Name+" of another graph", "a sink of graph "+app.Name)
		}
	}
	// The option names a function; owned is a part. From here on it goes by the part's
	// name.
	owners := map[string]base.NodeID{}
	for name, node := range s.Owners {
		n := app.ByName[name]
		if n == nil {
			return bad("WithDefaultOwner", name, "a function of graph "+app.Name)
		}
		if node == 0 || node == base.AllNodes {
			return bad("WithDefaultOwner", fmt.Sprintf("%d of %s", node, name), fmt.Sprintf("1 to %d", base.AllNodes-1))
		}
		owners[n.Part.Name] = node
	}
	s.Owners = owners
	return nil
}

// DefaultOwner returns the owner of units of a part that have no route.
func (s *Settings) DefaultOwner(part string) base.NodeID {
	if n := s.Owners[part]; n != 0 {
		return n
	}
	if s.Owner != 0 {
		return s.Owner
	}
	return s.Node
}

// DueAfter returns when the work of a message that leaves now should be done.
func (s *Settings) DueAfter(now base.Time) base.Time {
	if s.Budget <= 0 {
		return base.Never
	}
	return now.Add(s.Budget)
}
