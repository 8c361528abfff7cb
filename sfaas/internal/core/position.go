// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Position says how far the messages of one source and key have been taken in:
// all of earlier slots, and the first Count of Slot.
type Position struct {
	Slot  base.Slot // slot of the last message taken in
	Count uint32    // messages of that slot taken in
}

// Pushed is [Cores.Pushed] for the keys of this core.
func (k *Core) Pushed(from SourceRef, key base.Key) (Position, bool) {
	ks := k.keys[key]
	if ks == nil || ks.seqs == nil || from.Outlet == nil || from.Outlet.ID >= len(ks.seqs) {
		return Position{}, false
	}
	s := ks.seqs[from.Outlet.ID]
	return Position{Slot: s.slot, Count: s.seq + 1}, s.id > 0
}
