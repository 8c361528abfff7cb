// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// positions are the instants at which a carrier offset is looked at.
type positions struct {
	fold     bool                       // double symbols are despread over time
	numTimes int                        // instants
	time     [nr.MaxDMRSSymbols]float64 // of each, from the start of the slot, s
}

// makePositions makes one instant of the two symbols of a double DM-RS, unless
// there is only one such pair and every comb uses one code in time: keeping both
// symbols then shows the carrier offset.
func makePositions(l *dmrs.Layout) positions {
	p := positions{numTimes: l.NumSymbols, time: l.Times}
	if l.Group.Length == 1 {
		return p
	}
	p.fold = l.NumOccasions > 1
	for c := range l.NumCombs {
		if m := l.Combs[c].TimeCodes; m&(m-1) != 0 {
			p.fold = true
		}
	}
	if p.fold {
		p.numTimes = l.NumOccasions
		copy(p.time[:], l.OccasionTimes[:])
	}
	return p
}
