// SPDX-License-Identifier: Apache-2.0

package core

import (
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Message is a header and a payload that belongs to a pool. Shells
// pass messages on by pointer; user code never holds one.
//
// Holds: refs counts how many places still need the message. Whoever passes it to one
// more takes a hold first; whoever is done gives one up, and the last one returns it to
// its pool. Its payload is written by its maker before anybody else knows it, and never
// after that.
type Message struct {
	base.Header

	// made is how far slots had come when it was made: the slot with which its
	// origin entered the unit of its producer. A message for a later slot is
	// ahead of it, and says nothing about which slots have passed.
	made base.Slot

	body  any // *T
	pool  *pool
	size  int         // payload bytes, measured once when the message is sent
	frame *base.Frame // over which tensors of its payload lie, nil for none
	refs  int32       // changed atomically once the message is shared
	fn    uint16      // 1 + index of the function that made it, 0 for a source
	group uint8

	reply replyTo
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
	call   uint64      // 0: not a call
	key    base.Key    // caller
	port   base.EdgeID // reply port of the caller; 0: host code
	node   base.NodeID // runtime on which the host waits
	answer bool        // the message is the reply
	err    error       // reply without a result
}

// MessageState is what of a message is written and read: everything but its place in
// a pool. [Builder.Message] makes a message of it.
type MessageState struct {
	base.Header
	From  *plan.Outlet // where messages of its kind come from
	Body  any          // payload, a pointer to the outlet's type; nil in an answer without a result
	Made  base.Slot    // how far slots had come when it was made
	Func  uint16       // 1 + index of the function that made it, 0 for a source
	Reply Reply
}

// Reply says where the result of a call goes, or that the message is that result.
type Reply struct {
	Call   uint64      // 0: neither
	Key    base.Key    // caller
	Port   base.EdgeID // reply port of the caller, 0 for host code and in an answer
	Node   base.NodeID // runtime of the caller, if that is host code
	Answer bool        // the message is the reply
	Err    error       // reply without a result
}

// State returns what of the message is written.
func (m *Message) State() MessageState {
	r := &m.reply
	return MessageState{m.Header, m.pool.from, m.body, m.made, m.fn, Reply{r.call, r.key, r.port, r.node, r.answer, r.err}}
}

// become makes the message what is said of it, but for its payload, which it has. The
// slot of a runtime with a timeline says when its work is due.
func (m *Message) become(s *MessageState, set *Settings, now base.Time) {
	m.Header, m.made, m.fn, m.group, m.refs = s.Header, s.Made, s.Func, s.Key.KeyGroup(), 1
	m.reply = replyTo{s.Reply.Call, s.Reply.Key, s.Reply.Port, s.Reply.Node, s.Reply.Answer, s.Reply.Err}
	if set.Timeline != nil && m.Due != base.Never {
		m.Due = set.Due(m.Slot, now)
	}
	m.size = m.measure()
}

// fromHost reports whether a message is a call that host code waits for.
func (m *Message) fromHost() bool { return m.reply.call != 0 && m.reply.port == 0 && !m.reply.answer }

// take marks one more consumer.
func (m *Message) take(n int32) { atomic.AddInt32(&m.refs, n) }

// release gives up one consumer's hold. The last one returns the message to
// its pool; lane is the caller's, nil if it has none.
// One hold is the common case and needs no atomic subtraction: nobody else can change the
// count.
func (m *Message) release(l *Lane) {
	if atomic.LoadInt32(&m.refs) <= 1 || atomic.AddInt32(&m.refs, -1) == 0 {
		m.pool.put(m, l)
	}
}

// measure returns the payload size.
func (m *Message) measure() int {
	if m.body == nil {
		return 0
	}
	return m.pool.from.Measure(m.body)
}
