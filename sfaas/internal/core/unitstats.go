// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// UnitStats is what one runtime has counted of a unit under one epoch of its
// ownership. Everything but the last group only rises.
//
// A row is named by unit, epoch, node and life: of two rows of one name the later
// one holds, and rows of different names add up. So a unit that moves is counted
// once for each of its owners, however often and by whomever rows are read:
// [MergeUnits] and [UnitStats.Add] keep to that. A row can still be read for at
// least ten seconds after the unit has left, unless 512 others have left since.
type UnitStats struct {
	Unit  base.Unit   // that has been owned
	Epoch uint32      // under which; 0: by default
	Node  base.NodeID // by which runtime
	// Life tells apart rows of one unit, epoch and node: of a runtime that has
	// started anew, or that had long forgotten the unit, or after a reset of the
	// counters. A later one is higher.
	Life uint64

	Meter
	Counts
	Slots uint64        // slots with work for the unit
	CPU   time.Duration // processor time of the workers' threads, by share of busy time; 0 without WithThreads
	Edges []EdgeBytes   // payload bytes by edge, in the order of edges, none where there were none
	// Work is the busy time for each slot, over all functions and workers, of the
	// slots that are behind: a slot counts when one has come that is eight later.
	Work Histogram

	// How it stands, over all workers, as of the last slot.
	Owned    bool // the runtime owns the unit, and has used it
	Resident int  // bytes of content in cells
	Queued   int  // messages that wait for their turn, or for the end of a move
	Keys     int  // keys that are known
	Timers   int  // calls, delayed messages and data that wait for their time
}

// EdgeBytes is what has travelled on one edge, in payload bytes.
type EdgeBytes struct {
	Edge   base.EdgeID // place in the edges of the app, from 1
	Sent   uint64      // by instances of the unit
	Remote uint64      // came to the unit from another runtime
}

// sameRow orders rows by name.
func (s *UnitStats) sameRow(o *UnitStats) int {
	return cmp.Or(cmp.Compare(s.Unit.Part, o.Unit.Part), s.Unit.Root.Compare(o.Unit.Root), cmp.Compare(s.Epoch, o.Epoch), cmp.Compare(s.Node, o.Node), cmp.Compare(s.Life, o.Life))
}

// MergeUnits takes rows, read later than what dst has, into dst: each replaces the
// row of its name, or is new. Dst is sorted by name and shares no memory with rows.
// So the sum of dst over a unit is what it has used, wherever it was, as far as
// rows have been read.
func MergeUnits(dst, rows []UnitStats) []UnitStats {
	for i := range rows {
		at, found := slices.BinarySearchFunc(dst, &rows[i], func(x UnitStats, y *UnitStats) int { return x.sameRow(y) })
		if !found {
			dst = slices.Insert(dst, at, UnitStats{})
		}
		work, edges := dst[at].Work, append(dst[at].Edges[:0], rows[i].Edges...)
		work.set(&rows[i].Work)
		dst[at] = rows[i]
		dst[at].Work, dst[at].Edges = work, edges
	}
	return dst
}

// Add adds the row of another name, to sum up a unit over its owners, or several
// units. The name stays that of s.
func (s *UnitStats) Add(o *UnitStats) {
	s.Meter.add(&o.Meter)
	s.Counts.add(&o.Counts)
	s.Slots += o.Slots
	s.CPU += o.CPU
	s.Owned = s.Owned || o.Owned
	s.Resident += o.Resident
	s.Queued += o.Queued
	s.Keys += o.Keys
	s.Timers += o.Timers
	s.Work.Merge(&o.Work)
	for _, e := range o.Edges {
		at, found := slices.BinarySearchFunc(s.Edges, e.Edge, func(x EdgeBytes, id base.EdgeID) int { return cmp.Compare(x.Edge, id) })
		if !found {
			s.Edges = slices.Insert(s.Edges, at, EdgeBytes{Edge: e.Edge})
		}
		s.Edges[at].Sent += e.Sent
		s.Edges[at].Remote += e.Remote
	}
}
