// SPDX-License-Identifier: Apache-2.0

package live

import (
	"sync"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// letter is what reaches a worker: an event, or something to do between steps.
type letter struct {
	ev   core.Event
	call func()
	done chan struct{}
}

// urgent reports whether the letter must not wait until what came before it has
// run. It keeps its place behind that: the worker reads on, and lets data wait in
// the lines of its core.
func (l *letter) urgent() bool {
	return l.call != nil || l.ev.Kind == core.EventSignal || l.ev.Kind == core.EventPeer
}

// inbox is the queue of a worker: any number of producers, one consumer. The
// letters of one producer keep their order.
//
// Two slices change places: producers append to items while the worker reads what it has
// taken, and the memory of what it has read becomes the next items. Letters are values,
// so that posting allocates nothing in the steady state.
//
// Sleeping without losing a wake: idle is set under the lock and only when items is
// empty; whoever appends next sees it, clears it, and wakes the thread after unlocking.
type inbox struct {
	mu     sync.Mutex
	items  []letter
	spare  []letter
	count  uint64
	idle   bool
	shut   atomic.Bool
	load   atomic.Int32
	urgent atomic.Int32 // letters about units and from host code that nobody has read
	on     *thread      // runs the worker
}

func newInbox(on *thread) *inbox { return &inbox{on: on} }

// put appends a letter and reports false once the inbox is closed.
func (b *inbox) put(l *letter) bool {
	open, wake := b.add(l)
	if wake {
		b.on.wake()
	}
	return open
}

// add is put, but leaves it to the caller to wake the thread.
func (b *inbox) add(l *letter) (open, wake bool) {
	b.mu.Lock()
	if b.shut.Load() {
		b.mu.Unlock()
		return false, false
	}
	b.items = append(b.items, *l)
	if l.urgent() {
		b.urgent.Add(1)
	}
	return true, b.posted()
}

// push is put of the message of a source.
func (b *inbox) push(m *core.Message) bool {
	b.mu.Lock()
	if b.shut.Load() {
		b.mu.Unlock()
		return false
	}
	b.items = append(b.items, letter{})
	ev := &b.items[len(b.items)-1].ev
	ev.Kind, ev.Msg = core.EventPush, m
	if b.posted() {
		b.on.wake()
	}
	return true
}

// posted counts a letter, unlocks, and reports whether the thread is to be woken.
//
// The flag is cleared by the one who wakes, so that a burst wakes once.
func (b *inbox) posted() (wake bool) {
	b.count++
	b.load.Store(int32(len(b.items)))
	wake = b.idle
	b.idle = false
	b.mu.Unlock()
	return wake
}

// take returns all letters. If there are none and sleep is true, the next put
// wakes the thread. It reports false once the inbox is closed.
func (b *inbox) take(sleep bool) ([]letter, bool) {
	// A busy worker looks without the lock: what it does not see now it sees at the next
	// turn.
	if !sleep && b.load.Load() == 0 {
		return nil, !b.shut.Load()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shut.Load() {
		return nil, false
	}
	if len(b.items) == 0 {
		b.idle = sleep
		return nil, true
	}
	// The whole list is taken with one lock, however many letters there are.
	out := b.items
	b.items, b.spare = b.spare[:0], nil
	b.load.Store(0)
	return out, true
}

// left returns what was not taken, after close.
func (b *inbox) left() []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.items
}

// giveBack returns the memory of letters that have been read.
func (b *inbox) giveBack(l []letter) {
	clear(l)
	b.mu.Lock()
	b.spare = l[:0]
	b.mu.Unlock()
}

// awake cancels the wish to wake the thread.
func (b *inbox) awake() {
	b.mu.Lock()
	b.idle = false
	b.mu.Unlock()
}

// total returns how many letters there have been.
func (b *inbox) total() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count
}

// close ends the inbox: what is put from now on is refused, and who sleeps is woken to
// see it.
func (b *inbox) close() {
	b.mu.Lock()
	b.shut.Store(true)
	wake := b.idle
	b.idle = false
	b.mu.Unlock()
	if wake {
		b.on.wake()
	}
}
