// SPDX-License-Identifier: Apache-2.0

package endure

import (
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// feed pushes the numbers from 1 on into a source under one key, in slots of the same
// number, and goes on after a crash from the position that it is told.
type feed struct {
	r     *run
	in    sfaas.Input[token]
	key   int
	id    uint64 // of the stream
	node  int
	every time.Duration
	next  uint64 // to be pushed
	last  uint64 // after which it ends, once the end has come
	idle  bool   // no push is scheduled
}

// tick pushes the next number.
func (f *feed) tick() {
	r := f.r
	f.idle = false
	if r.w.Now() >= r.end && f.last == 0 {
		f.last = f.next - 1
	}
	if f.last > 0 && f.next > f.last {
		f.idle = true
		return
	}
	if !r.down[f.node] {
		t := token{Stream: f.id, N: f.next}
		if f.in.PushValue(r.w.Node(f.node), r.p.keys[f.key], sfaas.Slot(f.next), &t) == nil {
			f.next++
		}
	}
	r.after(f.every, f.tick)
}

// goOn is called when the node has started again.
func (f *feed) goOn() {
	f.next = 1
	if p, ok := f.in.Position(f.r.w.Node(f.node), f.r.p.keys[f.key]); ok {
		f.next = uint64(p.Slot) + 1
	}
	if f.idle {
		f.tick()
	}
}
