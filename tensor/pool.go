// SPDX-License-Identifier: Apache-2.0

package tensor

import "sync"

// Pool is a bounded free list of messages or buffers: at most its limit of
// values exists at once, and a value that comes back keeps its capacity. The
// last one returned is the first one lent, while it is warm in the cache. All
// methods may be called concurrently and allocate only when a value is made.
type Pool[T any] struct {
	mu    sync.Mutex
	free  []*T
	live  int // values made and not dropped
	limit int
	make  func(*T)
}

// NewPool returns a pool of at most limit values. A new value is zero; init,
// which may be nil, gives it its buffers. It panics if limit is not positive.
func NewPool[T any](limit int, init func(*T)) *Pool[T] {
	if limit <= 0 {
		panic("tensor: pool: limit must be positive")
	}
	return &Pool[T]{free: make([]*T, 0, limit), limit: limit, make: init}
}

// Get lends a value, with the contents that its last user left. It returns
// [ErrPoolEmpty] when all are lent.
func (p *Pool[T]) Get() (*T, error) {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		x := p.free[n-1]
		p.free[n-1] = nil
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return x, nil
	}
	if p.live == p.limit {
		p.mu.Unlock()
		return nil, ErrPoolEmpty
	}
	p.live++
	p.mu.Unlock()
	x := new(T)
	if p.make != nil {
		p.make(x)
	}
	return x, nil
}

// Put takes back a value that Get lent. The caller must not use it any more.
// It panics when more values come back than were lent.
func (p *Pool[T]) Put(x *T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) >= p.live {
		panic("tensor: pool: value put back twice")
	}
	p.free = append(p.free, x)
}

// Drop forgets a lent value that may still be in use elsewhere, such as the
// buffers of a faulted invocation, so that Get may make another in its place.
// It panics when nothing is lent.
func (p *Pool[T]) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) >= p.live {
		panic("tensor: pool: drop of a value that is not lent")
	}
	p.live--
}

// Lent returns how many values are in use.
func (p *Pool[T]) Lent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live - len(p.free)
}
