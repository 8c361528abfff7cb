// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// entry is something that happens at a moment: an event at a core, or a call.
type entry struct {
	at   sfaas.Time
	core *seat
	ev   core.Event
	call func()
}

// moment is the place of an entry in time; ties are broken by age.
type moment struct {
	at    sfaas.Time
	order uint64
	slot  int // of the entry
}

func (a *moment) before(b *moment) bool {
	return a.at < b.at || (a.at == b.at && a.order < b.order)
}

// schedule is what will happen: a heap of moments, earliest first, over entries
// that stay where they are.
type schedule struct {
	heap    []moment
	entries []entry
	free    []int // slots of entries
	age     uint64
}

// len returns how many entries there are.
func (s *schedule) len() int { return len(s.heap) }

// first returns the moment of the earliest entry; there must be one.
func (s *schedule) first() sfaas.Time { return s.heap[0].at }

func (s *schedule) push(e entry) {
	var slot int
	if n := len(s.free); n > 0 {
		slot = s.free[n-1]
		s.free = s.free[:n-1]
		s.entries[slot] = e
	} else {
		slot = len(s.entries)
		s.entries = append(s.entries, e)
	}
	s.age++
	s.heap = append(s.heap, moment{e.at, s.age, slot})
	s.rise(len(s.heap) - 1)
}

// pop takes out the earliest entry.
func (s *schedule) pop() entry {
	slot := s.heap[0].slot
	last := len(s.heap) - 1
	s.heap[0] = s.heap[last]
	s.heap = s.heap[:last]
	s.sink(0)
	e := s.entries[slot]
	s.entries[slot] = entry{}
	s.free = append(s.free, slot)
	return e
}

// remove takes out the entries for which f returns true.
func (s *schedule) remove(f func(e *entry) bool) {
	kept := s.heap[:0]
	for _, m := range s.heap {
		if e := &s.entries[m.slot]; f(e) {
			*e = entry{}
			s.free = append(s.free, m.slot)
			continue
		}
		kept = append(kept, m)
	}
	s.heap = kept
	for i := len(s.heap)/2 - 1; i >= 0; i-- {
		s.sink(i)
	}
}

// any reports whether f returns true for an entry.
func (s *schedule) any(f func(e *entry) bool) bool {
	for i := range s.heap {
		if f(&s.entries[s.heap[i].slot]) {
			return true
		}
	}
	return false
}

// rise brings moment i up to its place.
func (s *schedule) rise(i int) {
	m := s.heap[i]
	for i > 0 {
		above := (i - 1) / 2
		if !m.before(&s.heap[above]) {
			break
		}
		s.heap[i] = s.heap[above]
		i = above
	}
	s.heap[i] = m
}

// sink brings moment i down to its place.
func (s *schedule) sink(i int) {
	if i >= len(s.heap) {
		return
	}
	m := s.heap[i]
	for {
		below := 2*i + 1
		if below >= len(s.heap) {
			break
		}
		if r := below + 1; r < len(s.heap) && s.heap[r].before(&s.heap[below]) {
			below = r
		}
		if !s.heap[below].before(&m) {
			break
		}
		s.heap[i] = s.heap[below]
		i = below
	}
	s.heap[i] = m
}
