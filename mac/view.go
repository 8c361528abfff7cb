// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"time"

	"github.com/neuroran/neuroran/phy/nr"
)

// View is what a policy sees of a cell when it shares out one slot. It belongs to the
// cell and is read-only, and valid until [Scheduler.Allocate] returns.
type View struct {
	Slot         nr.Slot       // the slot that is shared out
	SlotDuration time.Duration // its length
	PRBs         []int         // PRBs of each resource block group
	Free         []bool        // groups that are not taken by retransmissions
	MaxGrants    int           // UEs that can be given something
	Contiguous   bool          // a UE can only be given groups that are neighbours: TS 38.214 §6.1.2.2.2, allocation type 1
	UEs          []Candidate   // who has something to send and can be granted it, ascending in RNTI
	LastServed   uint16        // RNTI up to which round robin has come

	grantWorth float64 // weighted bits that a grant costs, for the receiver's work that it takes

	weights []float64 // scratch of policies, one for each UE
	beam    *beam
}

// Candidate is a UE that a policy may give groups to.
type Candidate struct {
	RNTI       uint16            // name
	Backlog    int               // bits that it wants to send
	MaxPRB     int               // PRBs on which its power lasts
	PastRate   float64           // average of the bits granted per slot, discounted, above 0
	Rate       *[MaxRBGs]float32 // bits that each group would carry for it in this slot
	Urgency    float64           // waiting time of its oldest data over their delay budget, the largest of its groups; 0 for elastic traffic (5QI 6, 8, 9)
	Priority   int               // priority level of what is most urgent, see [QoS]; lower comes first
	Owed       float64           // bits by which its guaranteed rate is behind
	Guaranteed float64           // bits per slot that it is guaranteed

	index    int     // of the UE in the cell
	partners pairKey // of UEs that it can share PRBs with
}

// NewView returns a view of a carrier with so many PRBs in each resource block group, all of
// them free, and without UEs, for policies that are used without a cell.
func NewView(prbs []int, maxUEs int) *View {
	v := &View{
		PRBs: prbs, Free: make([]bool, len(prbs)), MaxGrants: nr.MaxGrants, UEs: make([]Candidate, 0, maxUEs),
		weights: make([]float64, maxUEs), beam: newBeam(maxUEs),
	}
	for i := range v.Free {
		v.Free[i] = true
	}
	return v
}

// Nobody is the value of a group that is given to no UE.
const Nobody = -1

// Scheduler is a policy. It shares out the free resource block groups of one slot.
//
// Allocate writes to dst, [len(v.PRBs)], the index in v.UEs of the UE that is given each
// group, or [Nobody]; dst holds Nobody when it is called. A group that is not free is left
// alone. Where v.Contiguous is true, a UE that is given groups in several pieces keeps the
// one that carries most. Allocate keeps nothing of v, and allocates no memory; it is called
// by one goroutine at a time.
//
// A policy that wants the largest sum of weighted rates calls [View.Maximize].
type Scheduler interface {
	// Allocate shares out the free groups of v; see above.
	Allocate(dst []int16, v *View)
}

// Maximize shares out the free groups so that the sum of weight·rate over all groups is as
// large as can be, no UE beyond its backlog or its power.
//
//   - dst: as in [Scheduler]
//   - weights: one for each UE of v; 0 or less is given nothing
//
// Where groups need not be neighbours, each goes to the UE of the largest product, the first
// of equals. Where they must, the result is the best one with up to four UEs; with more it is
// found by a beam search and is near the best. Where the receiver's budget binds, each grant is
// charged with what others could carry for its work. It does not allocate.
func (v *View) Maximize(dst []int16, weights []float64) {
	if v.Contiguous {
		v.beam.search(dst, v, weights)
		return
	}
	left := v.beam.backlog(v)
	for r := range dst {
		best, value := Nobody, 0.0
		for u := range v.UEs {
			if x := weights[u] * float64(min(v.UEs[u].Rate[r], left[u])); v.Free[r] && x > value {
				best, value = u, x
			}
		}
		if best >= 0 {
			dst[r] = int16(best)
			left[best] -= v.UEs[best].Rate[r]
		}
	}
}

// Weights returns scratch for a weight of each UE of the view.
func (v *View) Weights() []float64 { return v.weights[:len(v.UEs)] }
