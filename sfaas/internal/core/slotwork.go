// SPDX-License-Identifier: Apache-2.0

package core

import (
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// openSlots is how many slots of a unit are open at a time: the work of one is
// the sum over all functions and cores, which come to it one after the other.
const openSlots = 8

// slotWork adds up what a unit does for each slot. A slot is open until one comes
// that is a multiple of openSlots later; then its sum is counted. Work for a slot that is no
// longer open goes to the newest: that is when it was done. Messages without slots
// are all of slot 0, which stays open: no work of a slot is known then.
//
//	open    slot mod 8:   8  1  2  3  4  5  6  7
//	work for slot 9 closes slot 1, counts its sum and begins 9 in its place
type slotWork struct {
	open   [openSlots]stint
	newest base.Slot
	begun  uint64    // slots with work
	done   Histogram // work of the slots that are closed
}

// stint is work for one slot.
type stint struct {
	slot base.Slot
	busy time.Duration
	used bool
}

// add adds work for a slot.
func (s *slotWork) add(slot base.Slot, busy time.Duration) {
	if s.newest > openSlots && slot <= s.newest-openSlots {
		slot = s.newest
	}
	x := &s.open[slot%openSlots]
	if !x.used || x.slot != slot {
		s.close(x)
		*x = stint{slot: slot, used: true}
		s.begun++
		if slot > s.newest {
			s.newest = slot
		}
	}
	x.busy += busy
}

func (s *slotWork) close(x *stint) {
	if x.used {
		s.done.add(x.busy)
	}
	*x = stint{}
}

// closeAll counts the slots that are still open, when nothing more comes.
func (s *slotWork) closeAll() {
	for i := range s.open {
		s.close(&s.open[i])
	}
}
