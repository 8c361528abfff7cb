// SPDX-License-Identifier: Apache-2.0

package core

import (
	"log/slog"
	"sync"

	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

const (
	poolLimit = 256      // messages that the pool of a function keeps for reuse
	poolBytes = 16 << 20 // memory that it keeps in them
	poolLeast = 2        // messages that it keeps whatever their memory

	// poison is what messages are filled with that have been released, in
	// runtimes with checks; quarantine is how many others are released before
	// one is used again.
	poison     = 0xDB
	quarantine = 64
)

// pool holds the free messages of one outlet for one lane. Its lane takes and
// returns without a lock; others return through a locked list, which the lane
// takes over when its own is empty. Messages beyond the bounds, and those of
// faulted invocations, are left to the garbage collector: so the memory of a
// burst goes when the burst is over.
//
// Why two lists: a message is made by the lane of its producer and released by that of
// its last consumer, which is often the same. Then no lock is taken. From elsewhere it
// comes back through returned, and the whole list is taken over at once when the own one
// is empty: a lock for many messages instead of one for each.
//
// Invariant: a message in a pool has no hold, and nobody but the pool knows it. With
// checks the pool proves that: what comes back is filled with a pattern, waits for
// others, and must still have the pattern when it is used again.
type pool struct {
	lane  *Lane
	free  stock
	limit int
	even  bool // payloads are of one size, for which the limit allows
	from  *plan.Outlet
	check *slog.Logger // what has been released is poisoned; nil for no checks

	mu       sync.Mutex
	returned stock
}

func newPool(l *Lane, o *plan.Outlet, limit int, set *Settings) *pool {
	p := &pool{lane: l, from: o, limit: limit}
	if o.Layout.Plain() {
		p.even = true
		p.limit = min(limit, max(poolBytes/max(o.Layout.Fixed, 1), poolLeast))
	}
	if set.Checks {
		p.check, p.even = set.Logger, false
	}
	return p
}

// get returns a message without consumers. Its payload is as its last user
// left it.
func (p *pool) get() *Message {
	if n := len(p.free.list); n > 0 && p.even { // the common case, without a call
		m := p.free.list[n-1]
		p.free.list = p.free.list[:n-1]
		return m
	}
	return p.getOther()
}

func (p *pool) getOther() *Message {
	if len(p.free.list) == 0 {
		p.reclaim()
	}
	if m := p.take(&p.free); m != nil {
		return m
	}
	return &Message{body: p.from.Make(), pool: p}
}

// put takes a message back.
//
// The least work is done for payloads of one size: they need no measuring, and the number
// of messages bounds their memory.
func (p *pool) put(m *Message, l *Lane) {
	if m.body == nil {
		return // a reply without a result
	}
	m.refs = 0
	if m.reply.call != 0 {
		m.reply = replyTo{}
	}
	if l != nil && l == p.lane && p.even { // the common case, without a call
		if len(p.free.list) < p.limit {
			p.free.list = append(p.free.list, m)
		}
		return
	}
	p.putOther(m, l)
}

func (p *pool) putOther(m *Message, l *Lane) {
	if m.frame != nil { // only messages of a pool without a lane have one
		p.from.Layout.Detach(layout.DataOf(m.body), m.frame.Bytes())
		m.frame.Release()
		m.frame = nil
	}
	if p.check != nil {
		p.from.Layout.Fill(layout.DataOf(m.body), poison)
	}
	if !p.even {
		m.size = p.from.Layout.Held(layout.DataOf(m.body))
	}
	if l != nil && l == p.lane {
		p.free.add(p, m)
		return
	}
	p.mu.Lock()
	p.returned.add(p, m)
	p.mu.Unlock()
}

// getShared is get for callers outside the lane: sources.
func (p *pool) getShared() *Message {
	p.mu.Lock()
	m := p.take(&p.returned)
	p.mu.Unlock()
	if m != nil {
		return m
	}
	return &Message{body: p.from.Make(), pool: p}
}

func (p *pool) reclaim() {
	p.mu.Lock()
	p.free.list, p.returned.list = append(p.free.list, p.returned.list...), p.returned.list[:0]
	p.free.bytes, p.returned.bytes = p.free.bytes+p.returned.bytes, 0
	p.mu.Unlock()
}

// take returns a free message, or nil. With checks it is the oldest one, once
// enough others have been released after it.
//
// The message released last is used first: it is in the cache.
func (p *pool) take(s *stock) *Message {
	n := len(s.list)
	if n == 0 {
		return nil
	}
	if p.check != nil {
		return p.takeOldest(s)
	}
	m := s.list[n-1]
	s.list = s.list[:n-1]
	if !p.even {
		s.bytes -= m.size
	}
	return m
}

func (p *pool) takeOldest(s *stock) *Message {
	if len(s.list) <= quarantine {
		return nil
	}
	m := s.list[0]
	s.list = s.list[:copy(s.list, s.list[1:])]
	s.bytes -= m.size
	if !p.from.Layout.Filled(layout.DataOf(m.body), poison) {
		p.check.Error("sfaas: a message has been written after its release: a handler or a source has kept a part of it", "of", p.from.Name)
	}
	return m
}

// stock is a bounded number of free messages. As long as one is here, its size
// is that of the memory which it keeps, in pools whose payloads differ in that.
type stock struct {
	list  []*Message
	bytes int
}

func (s *stock) add(p *pool, m *Message) {
	n := len(s.list)
	if n >= p.limit || (!p.even && s.bytes+m.size > poolBytes && n >= poolLeast) {
		return
	}
	s.list = append(s.list, m)
	if !p.even {
		s.bytes += m.size
	}
}
