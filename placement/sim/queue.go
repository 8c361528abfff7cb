// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
)

// event is something that will happen.
type event struct {
	at     sfaas.Time
	order  uint64 // of its making; of two events at one moment the older one is first
	kind   eventKind
	node   int32 // whose
	life   uint32
	letter *agent.Letter
	effect *agent.Effect
	run    func() // of what is rare
}

type eventKind uint8

const (
	tick    eventKind = iota // a round of a node
	arrive                   // a letter
	outcome                  // an effect ends
	rare                     // run
)

// before reports whether e happens before o.
func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.order < o.order
}

// queue is what will happen: a binary heap, the next event at its top. Unlike container/heap
// it does not allocate per event; a large simulation is half queue.
type queue []event

func (q *queue) push(e event) {
	*q = append(*q, e)
	h := *q
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !e.before(&h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = e
}

// pop takes the next event; there must be one.
func (q *queue) pop() event {
	h := *q
	top, last := h[0], h[len(h)-1]
	h[len(h)-1] = event{} // lets go of what it points to
	h = h[:len(h)-1]
	*q = h
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1].before(&h[down]) {
			down++
		}
		if !h[down].before(&last) {
			break
		}
		h[i] = h[down]
		i = down
	}
	if len(h) > 0 {
		h[i] = last
	}
	return top
}
