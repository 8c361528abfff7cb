// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"container/heap"

	"github.com/neuroran/neuroran/sfaas"
)

// entry is something that happens at a moment: an event at a core, or a call.
type entry struct {
	at    sfaas.Time
	order uint64 // ties are broken by age
	core  *core
	ev    sfaas.Event
	call  func()
}

// schedule is what will happen, earliest first.
type schedule struct {
	items []entry
	next  uint64
}

func (s *schedule) push(e entry) {
	s.next++
	e.order = s.next
	heap.Push((*entryHeap)(s), e)
}

func (s *schedule) pop() entry { return heap.Pop((*entryHeap)(s)).(entry) }

// entryHeap implements heap.Interface.
type entryHeap schedule

// Len implements heap.Interface.
func (h *entryHeap) Len() int { return len(h.items) }

// Less implements heap.Interface.
func (h *entryHeap) Less(i, j int) bool {
	a, b := &h.items[i], &h.items[j]
	return a.at < b.at || (a.at == b.at && a.order < b.order)
}

// Swap implements heap.Interface.
func (h *entryHeap) Swap(i, j int) { h.items[i], h.items[j] = h.items[j], h.items[i] }

// Push implements heap.Interface.
func (h *entryHeap) Push(x any) { h.items = append(h.items, x.(entry)) }

// Pop implements heap.Interface.
func (h *entryHeap) Pop() any {
	n := len(h.items) - 1
	e := h.items[n]
	h.items[n] = entry{}
	h.items = h.items[:n]
	return e
}
