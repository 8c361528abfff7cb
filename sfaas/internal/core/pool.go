// SPDX-License-Identifier: Apache-2.0

package core

import (
	"sync"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// poolLimit bounds the messages that the pool of a function keeps for reuse.
const poolLimit = 256

// pool holds the free messages of one outlet for one lane. Its lane takes and
// returns without a lock; others return through a locked list, which the lane
// takes over when its own is empty. Messages beyond the bound, and those of
// faulted invocations, are left to the garbage collector.
type pool struct {
	lane  *Lane
	from  *plan.Outlet
	limit int
	free  []*Message

	mu       sync.Mutex
	returned []*Message
}

// get returns a message without consumers. Its payload is as its last user
// left it.
func (p *pool) get() *Message {
	if len(p.free) == 0 {
		p.reclaim()
	}
	if n := len(p.free); n > 0 {
		m := p.free[n-1]
		p.free = p.free[:n-1]
		return m
	}
	return &Message{body: p.from.Make(), pool: p}
}

// put takes a message back.
func (p *pool) put(m *Message, l *Lane) {
	if m.body == nil {
		return // a reply without a result
	}
	m.refs = 0
	if m.reply.call != 0 {
		m.reply = replyTo{}
	}
	if l != nil && l == p.lane {
		if len(p.free) < p.limit {
			p.free = append(p.free, m)
		}
		return
	}
	p.mu.Lock()
	if len(p.returned) < p.limit {
		p.returned = append(p.returned, m)
	}
	p.mu.Unlock()
}

// getShared is get for callers outside the lane: sources.
func (p *pool) getShared() *Message {
	p.mu.Lock()
	if n := len(p.returned); n > 0 {
		m := p.returned[n-1]
		p.returned = p.returned[:n-1]
		p.mu.Unlock()
		return m
	}
	p.mu.Unlock()
	return &Message{body: p.from.Make(), pool: p}
}

func (p *pool) reclaim() {
	p.mu.Lock()
	p.free, p.returned = append(p.free, p.returned...), p.returned[:0]
	p.mu.Unlock()
}
