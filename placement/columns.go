// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/placement/internal/agent"
)

// Columns of the rows that agents tell each other: the tensors that a planner reads. A row
// says all that a planner has to know, so that it can be at a node which has not deployed the
// app.
const (
	nodeCores        = iota // processors that slots of units are admitted for
	nodeMemory              // bytes that the node lends, in millions
	nodeBusy                // cores that units are busy on, on average
	nodeUnits               // leases that stand
	nodeSleep               // watts asleep
	nodeIdle                // watts awake, with nothing to do
	nodeMax                 // watts with all cores busy
	nodeEnergy              // joules since it joined, in thousands
	nodeMeasured            // 1 if those are measured
	nodeKind                // number of the kind of its accelerator, see kindNumber; 0 for none
	nodeDeviceMemory        // bytes of that, in millions
	nodeDeviceIdle          // watts of it when a unit uses it
	nodeDeviceMax           // watts of it when it is always busy
	nodeHop                 // microseconds of a message to another node, as measured; 0 for not known
	nodeNet                 // million bits per second that its links carry; 0 for not known
	nodeColumns
)

const (
	unitWork     = iota // microseconds of processor time per slot, on average
	unitQuantile        // the same at the quantile of the SLA
	unitRate            // slots with work per second
	unitMemory          // bytes of its lease, in millions
	unitDeadline        // microseconds after the start of a slot
	unitSlot            // microseconds between two slots
	unitMode            // number of the mode in which it works: 0 on processors alone
	unitBound           // 1 if it cannot work on processors alone
	unitModes           // its modes, the columns of each as below
	unitLinks    = unitModes + MaxModes*modeColumns
	unitColumns  = unitLinks + maxLinks*linkColumns
)

// Columns of a mode of a unit with an accelerator.
const (
	modeKind   = iota // number of its kind, 0 for no such mode
	modeWork          // processor time that is left, as a share of that on processors alone
	modeShare         // of the accelerator, in thousandths
	modeMemory        // bytes of the accelerator, in millions
	modeColumns
)

// Columns of a link: to which other unit a unit sends.
const (
	linkLow  = iota // 24 bits of the number of the other unit, and
	linkHigh        // the next 24; both 0 for no link
	linkKB          // thousands of bytes per slot
	linkColumns
)

// maxLinks is to how many other units a unit may be said to send: those that get most.
const maxLinks = 2

// Rows are wide enough.
var (
	_ [agent.NodeColumns - nodeColumns]struct{}
	_ [agent.UnitColumns - unitColumns]struct{}
)

// kindNumber returns the number of a kind of accelerator, which a column can hold.
func kindNumber(kind string) float32 { return float32(xxhash.Sum64String(kind)&0xffffff | 1) }

// linkNumber is by what the columns linkLow and linkHigh name a unit.
type linkNumber struct{ low, high float32 }

func linkNumberOf(u agent.UnitID) linkNumber {
	return linkNumber{float32(u & 0xffffff), float32(u >> 24 & 0xffffff)}
}
