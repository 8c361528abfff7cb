// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Engine makes batches durable. The in-memory engine completes at once; others
// keep a log, replicate it, or, in a simulator, delay, refuse and lose.
//
// An engine takes the batches of one core in the order of their IDs, commits
// each as a whole or not at all, and treats an ID that it has committed
// already as done. It refuses a batch whose epoch is older than the newest it
// knows for the unit, with ErrStaleEpoch. It answers every batch: a core waits
// for that, however long it takes, and offers a batch again only when the
// answer was an error.
type Engine interface {
	// Encodes reports whether the engine reads the encoded content of cells;
	// if not, the core does not encode it.
	Encodes() bool
	// Commit takes a batch. The outcome goes to Batch.Done, which the engine
	// may call before Commit returns, and from any goroutine. The batch is the
	// engine's until then.
	Commit(b *Batch)
}

// Batch is everything that one invocation changed: it is committed as a whole.
type Batch struct {
	ID       uint64      // rises by one with every batch of a core
	From     Endpoint    // core that made it
	Function string      // function that ran
	Unit     base.Unit   // unit of the instance
	Epoch    uint32      // epoch under which the runtime owns the unit
	Key      base.Key    // instance
	Marks    []Mark      // inputs that are now processed
	Cells    []CellWrite // changed cells
	Outbox   []Outgoing  // outputs that leave after the commit

	done      func(*Batch, error)
	node      *plan.Node
	ks        *keyState
	unit      *unit
	input     item
	replies   []reply
	cancelled []base.Token // of delayed messages that are not to leave
	bytes     []byte
	state     batchState
}

// batchState says how far a batch is, for its core.
type batchState uint8

const (
	batchOffered batchState = iota // the engine has it
	batchRefused                   // it will be offered again
	batchLanded                    // committed; an earlier one of its unit is not
	batchRetired                   // its outputs have left
)

// Mark says up to which message an instance has processed one source.
type Mark struct {
	Edge   base.EdgeID // edge of the input
	Node   base.NodeID // runtime whose source pushed its origin
	Source base.Key    // key of its producer
	ID     uint64      // number of the last input processed
	Index  uint64      // and its place among those of one invocation
}

// CellWrite is the new content of one cell. Content is nil unless the engine
// encodes; it is sealed if the cell's class is.
type CellWrite struct {
	Cell    string     // name of the cell
	Class   base.Class // its class
	Version int        // schema version of the content
	Content []byte     // encoded, nil unless the engine encodes
}

// Outgoing is a message that waits for the commit of its batch.
type Outgoing struct {
	Edge base.EdgeID // edge on which it leaves
	Msg  *Message    // the message, held by the batch
	Key  base.Key    // key of the consumer
	// At is the moment before which a delayed message does not leave, 0 for
	// others; Token names it to its sender.
	At    base.Time
	Token base.Token
}

// Done tells the core the outcome: nil, ErrStaleEpoch, or another error after
// which the core offers the batch again. What an engine says after the first
// answer to an offer changes nothing.
func (b *Batch) Done(err error) { b.done(b, err) }

// Memory returns the engine that keeps nothing beyond the process: a batch is
// committed when it is handed over.
func Memory() Engine { return memoryEngine{} }

type memoryEngine struct{}

// InMemory reports whether the engine is the one of [Memory].
func (s *Settings) InMemory() bool {
	_, ok := s.Engine.(memoryEngine)
	return ok
}

// Encodes implements [Engine].
func (memoryEngine) Encodes() bool { return false }

// Commit implements [Engine].
func (memoryEngine) Commit(b *Batch) { b.Done(nil) }
