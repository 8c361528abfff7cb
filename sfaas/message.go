// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"sync/atomic"
)

// EdgeID numbers the edges of an [App] in the order in which they were wired.
type EdgeID uint16

// NodeID names one runtime among those that are linked; 0 stands for none.
type NodeID uint16

// Header is what the runtime knows about a message. Handlers read it with
// [Ctx.Header]; only the runtime writes it.
type Header struct {
	Edge   EdgeID // edge on which the message travels
	Node   NodeID // runtime whose source pushed its origin
	Epoch  uint32 // epoch under which the producer owned its key group
	Source Key    // key of the producer
	Key    Key    // key of the consumer
	Slot   Slot   // slot to which the work belongs

	// Seq is the place of the origin among the messages of its source, key and
	// slot, from 0. Joins match on (Key, Slot, Seq) and Index.
	Seq uint32
	// Index tells apart what one invocation emitted under one key.
	Index uint64
	// ID rises with every message of a source and key; receivers on an
	// ExactlyOnce edge drop what they have seen by (ID, Index).
	ID uint64
	// Due is the moment at which the slot's work should be done.
	Due Time
}

// Message is a header and a payload that belongs to a pool. Engines and shells
// pass messages on by pointer; user code never holds one.
type Message struct {
	Header
	reply replyTo
	body  any // *T
	size  int // payload bytes, measured once when the message is sent
	group uint8
	refs  int32 // changed atomically once the message is shared
	pool  *pool
}

// Size returns the payload size in bytes.
func (m *Message) Size() int { return m.size }

// Body returns the payload, a pointer to the edge's type. It is read-only.
func (m *Message) Body() any { return m.body }

// Group returns the key group of the message's key when it was pushed.
func (m *Message) Group() uint8 { return m.group }

// Hold adds one hold, for a shell that delivers a message more than once.
func (m *Message) Hold() { atomic.AddInt32(&m.refs, 1) }

// Release gives up one hold, for a shell that drops a message.
func (m *Message) Release() { m.release(nil) }

// replyTo says where the result of a called invocation goes.
type replyTo struct {
	call   uint64 // 0: not a call
	key    Key    // caller
	port   EdgeID // reply port of the caller; 0: host code
	node   NodeID // runtime on which the host waits
	answer bool   // the message is the reply
	err    error  // reply without a result
}

// take marks one more consumer.
func (m *Message) take(n int32) { atomic.AddInt32(&m.refs, n) }

// release gives up one consumer's hold. The last one returns the message to
// its pool; lane is the caller's, nil if it has none.
func (m *Message) release(l *lane) {
	if atomic.LoadInt32(&m.refs) <= 1 || atomic.AddInt32(&m.refs, -1) == 0 {
		m.pool.put(m, l)
	}
}

// measure returns the payload size.
func (m *Message) measure() int {
	if m.body == nil {
		return 0
	}
	return m.pool.from.measure(m.body)
}
