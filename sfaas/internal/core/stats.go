// SPDX-License-Identifier: Apache-2.0

package core

import (
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Meter is what one function has used. Invocations, state bytes and
// transferred bytes are the quantities that the paper bills by.
type Meter struct {
	Invocations  uint64        // handlers started, control and retries included
	StateRead    uint64        // bytes of cells read; Mut counts one read and one write
	StateWritten uint64        // bytes of cells written
	Transferred  uint64        // payload bytes sent, once for each consumer
	Remote       uint64        // payload bytes that came from another runtime
	Busy         time.Duration // time spent, from the start of a stage to the next
}

// Counts is what happened to the messages of one function.
type Counts struct {
	Skipped     uint64 // stages not started because they were late
	Late        uint64 // stages that ended after their due time or budget
	Dropped     uint64 // messages dropped: overflow, no grant, no partner
	Repeated    uint64 // repeated messages dropped
	Stale       uint64 // messages and commits of old owners refused
	Faults      uint64 // failed invocations
	DeadLetters uint64 // messages sent to the dead-letter edge
	Lost        uint64 // instances whose volatile content was lost
	Unheard     uint64 // messages for a sink to which nobody listens
	Unasked     uint64 // replies to calls that are not open: late, or given up
}

// FunctionStats is the state of one function's counters over all workers.
type FunctionStats struct {
	Name string // name of the function or sink
	Meter
	Counts
	P50 time.Duration // median duration of a stage, at most 19 % too high
	P99 time.Duration // 99th percentile of the same
	Max time.Duration // longest stage
}

// nodeStats are the counters of one function on one core. Only the core
// touches them; [Core.Publish] copies them to the board.
type nodeStats struct {
	Meter
	Counts
	times histogram
}

// board is where the cores of a runtime publish their counters.
type board struct {
	mu    sync.Mutex
	app   *plan.App
	cores [][]nodeStats
}

func newBoard(app *plan.App) *board { return &board{app: app} }

// Publish copies the counters of the core to where its runtime reads them.
func (k *Core) Publish() {
	b := k.board
	b.mu.Lock()
	for len(b.cores) <= k.self.Core {
		b.cores = append(b.cores, make([]nodeStats, len(b.app.Nodes)))
	}
	copy(b.cores[k.self.Core], k.stats)
	b.mu.Unlock()
}

// read sums what has been published.
func (b *board) read() []FunctionStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []FunctionStats
	for i, n := range b.app.Nodes {
		sum := nodeStats{}
		for _, core := range b.cores {
			sum.add(&core[i])
		}
		out = append(out, FunctionStats{
			Name: n.Fn.Name, Meter: sum.Meter, Counts: sum.Counts,
			P50: sum.times.quantile(0.5), P99: sum.times.quantile(0.99), Max: sum.times.max,
		})
	}
	return out
}

func (s *nodeStats) add(o *nodeStats) {
	s.Invocations += o.Invocations
	s.StateRead += o.StateRead
	s.StateWritten += o.StateWritten
	s.Transferred += o.Transferred
	s.Remote += o.Remote
	s.Busy += o.Busy
	s.Skipped += o.Skipped
	s.Late += o.Late
	s.Dropped += o.Dropped
	s.Repeated += o.Repeated
	s.Stale += o.Stale
	s.Faults += o.Faults
	s.DeadLetters += o.DeadLetters
	s.Lost += o.Lost
	s.Unheard += o.Unheard
	s.Unasked += o.Unasked
	s.times.merge(&o.times)
}
