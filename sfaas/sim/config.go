// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// Config describes a world. The zero value is one node with one core, a
// perfect network and an engine that commits at once.
type Config struct {
	Seed   uint64        // seed of everything that is random
	Nodes  int           // runtimes, at least 1; the first owns everything at the start
	Cores  int           // cores of each node, at least 1
	Link   time.Duration // delay between two cores or nodes; 0 means 10 µs
	Spread time.Duration // up to this is added between two nodes, the same for all messages of one pair
	Faults []Fault       // what happens to messages
	Commit Commit        // what happens to commits
	Disks  bool          // each node has a disk, from which it recovers after a crash
	Log    int           // records of a disk's log, before it becomes a snapshot; 0 for no bound
	Bytes  bool          // what nodes say to each other goes by frames, as between processes
	Rows   int           // bytes of rows in one record of an import; 0 for what a runtime has
	Bulk   time.Duration // up to this is added for images between disks, which others overtake; at a crash of their target some are late, and come to its next life
	Cut    float64       // probability that a connection breaks that carries a step of a hand-over
	Vain   float64       // probability that a node with a disk crashes once more while it begins, before it is there
	Silent float64       // probability that a crash is not heard of: nobody knows before the next life is linked
	Trace  bool          // keep the history as text, see World.Trace

	// Bugs are for the simulator's own tests.
	Bugs core.Bugs

	// Committed, which may be nil, is told of each batch that the engine has made
	// durable, before the core is: outputs of it leave later.
	Committed func(b *core.Batch)

	// TwoOwners, which may be nil, is told when two nodes record a unit under one epoch.
	TwoOwners func(u sfaas.Unit, epoch uint32, one, other sfaas.NodeID)
}

// Fault says what happens to the messages of some edges between two nodes. On
// edges that promise delivery messages are kept until they are acknowledged, and
// sent again over the next connection; on others a lost message is lost.
type Fault struct {
	From, To string        // names as in sfaas.EdgeInfo; "" stands for any
	Port     string        // port of To, "" for any
	Delay    time.Duration // added to each message
	Jitter   time.Duration // up to this is added too
	Loss     float64       // probability of being lost with the connection: what is promised is sent again
	Double   float64       // probability of arriving twice
}

// matches reports whether the fault is about an edge.
func (f *Fault) matches(e *sfaas.EdgeInfo) bool {
	return (f.From == "" || f.From == e.From) && (f.To == "" || f.To == e.To) && (f.Port == "" || f.Port == e.Port)
}

// Commit says what happens to commits.
type Commit struct {
	Delay  time.Duration // until the answer
	Jitter time.Duration // up to this is added
	Refuse float64       // probability of not being committed, with an answer
	Lose   float64       // probability of an answer that does not know; half of these are committed
	Twice  float64       // probability of a second answer, up to Again after the first
	Again  time.Duration // see Twice
}
