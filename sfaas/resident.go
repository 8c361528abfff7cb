// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/layout"
)

// fewMeasured is the number up to which the elements of a cell are measured one by
// one. Of more, as many that are spread over the cell stand for all.
const fewMeasured = 256

// sizeOf returns the payload bytes of n elements.
func sizeOf(n int, lay *layout.Layout, at func(i int) unsafe.Pointer) int {
	if lay.Plain() {
		return n * lay.Fixed
	}
	sum, seen := 0, 0
	for i := 0; i < n; i += (n + fewMeasured - 1) / fewMeasured {
		if p := at(i); p != nil {
			sum += lay.Measure(p)
			seen++
		}
	}
	if seen == 0 {
		return 0
	}
	return sum * n / seen
}

// Size implements [plan.CellStore].
func (s *valueStore[T]) Size() int {
	if !s.has {
		return 0
	}
	return s.lay.Measure(unsafe.Pointer(s.cur))
}

// Size implements [plan.CellStore].
func (s *listStore[T]) Size() int {
	return sizeOf(len(s.cur), s.lay, func(i int) unsafe.Pointer { return unsafe.Pointer(s.cur[i]) })
}

// Size implements [plan.CellStore].
func (s *mapStore[K, V]) Size() int {
	n := len(s.index)
	if s.holes > 0 { // a loop is under way: the next look is right
		return n * (s.keys.Fixed + s.lay.Fixed)
	}
	return sizeOf(n, s.keys, func(i int) unsafe.Pointer { return unsafe.Pointer(&s.entries[i].key) }) +
		sizeOf(n, s.lay, func(i int) unsafe.Pointer { return unsafe.Pointer(s.entries[i].val) })
}
