// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"math/bits"

	"github.com/neuroran/neuroran/phy/nr"
)

// UE is all that a cell knows of one UE. It is a comparable value of fixed size without
// pointers: a host may copy it, keep it as state, move it to another machine and give it
// to [Cell.Restore] there.
type UE struct {
	RNTI   uint16   // its name in the cell
	Config UEConfig // as attached

	Quality    [MaxRBGs]float32 // SINR expected in each resource block group, dB, as the receiver measures it
	QualityAt  nr.Slot          // slot of the last measurement
	Sounded    bool             // whether the groups have been measured apart, by [Cell.Sound]
	Loop       OuterLoop        // of transmissions on PRBs of its own
	PairedLoop OuterLoop        // of those on PRBs shared with another UE

	Processes [NumProcesses]Process // HARQ processes
	InFlight  uint16                // processes that wait for feedback, bit i for process i
	Due       uint16                // processes that must be sent again
	Deadline  nr.Slot               // no feedback of a process in flight is overdue before this slot is scheduled

	Buffers   [NumLCGs]Buffer // what it has reported to have, less what has been granted since
	BSRAt     nr.Slot         // slot of the block that carried the last report
	Requested bool            // it has asked for a grant without saying how much it has
	RequestAt nr.Slot         // when; a report of a later block answers it

	PSDHeadroomDB float32 // power headroom it would have on one PRB, dB, by its last report
	HasHeadroom   bool    // whether it has reported

	Average AverageRate // of the bits granted per slot
	Owed    float64     // bits by which its guaranteed rate is behind, as it was at OwedAt
	OwedAt  nr.Slot     // slot up to which Owed counts

	Counts Counts // what has happened so far
}

// Counts are sums over the life of a UE in its cell.
type Counts struct {
	First         int     // first transmissions of which the outcome is known
	FirstFailed   int     // of them, failed
	Blocks        int     // blocks that passed, failed in the end, or were lost
	Lost          int     // of them, failed in all transmissions
	Bits          int64   // of blocks that passed
	Transmissions int     // grants
	PRBs          int64   // of all grants
	MCS           int64   // sum of the MCS indices of first transmissions
	New           int     // first transmissions granted
	Missing       int     // transmissions without feedback
	Absent        int     // transmissions that the UE did not make
	Paired        int     // grants on shared PRBs
	SINRSum       float64 // sum of measured SINRs, dB
	SINRs         int     // measurements in it
}

// Process is one HARQ process of a UE. Its block has been sent Transmissions times, and
// is in flight or due while that is not 0.
type Process struct {
	Bits          int32   // transport block size
	NumPRB        uint16  // PRBs, the same in every transmission
	MCS           uint8   // MCS index, the same in every transmission
	Transmissions uint8   // transmissions of the block so far
	Seen          bool    // a transmission of the block has been observed: the UE has it
	Passed        bool    // an earlier transmission turned out to have passed
	Bound         uint8   // LDPC iterations that the receiver makes of the last transmission at most; 0 for no bound
	Shared        bool    // the last transmission was on PRBs shared with another UE
	FirstAt       nr.Slot // slot of the first transmission
	SentAt        nr.Slot // slot of the last transmission
	CodedKbits    float32 // coded bits of the last transmission, thousands
	Iterations    float32 // LDPC iterations that were expected of it
	Margin        float32 // dB by which the expected SINR was above what the MCS needs
	Start         uint16  // first PRB of the last transmission
}

// redundancyVersions is the order in which a block is sent.
var redundancyVersions = [4]int{0, 2, 3, 1}

// vacant returns the processes without a block, bit i for process i.
func (u *UE) vacant() uint16 { return ^(u.InFlight | u.Due) & (1<<u.Config.NumProcesses - 1) }

// full reports whether no process is free.
func (u *UE) full() bool { return u.vacant() == 0 }

// free returns a process that has no block, or -1. The one that was used longest ago
// comes first, so that late feedback finds no younger block.
func (u *UE) free() int {
	best := -1
	for free := u.vacant(); free != 0; free &= free - 1 {
		if i := bits.TrailingZeros16(free); best < 0 || u.Processes[i].SentAt < u.Processes[best].SentAt {
			best = i
		}
	}
	return best
}

// oldestDue returns the due process whose block was sent first, or -1.
func (u *UE) oldestDue() int {
	best := -1
	for due := u.Due; due != 0; due &= due - 1 {
		if i := bits.TrailingZeros16(due); best < 0 || u.Processes[i].FirstAt < u.Processes[best].FirstAt {
			best = i
		}
	}
	return best
}

// wanted returns the bits that a new block should hold, 0 if there is nothing to send.
func (u *UE) wanted() int {
	bytes := 0
	for i := range u.Buffers {
		bytes += int(u.Buffers[i].Bytes)
	}
	switch {
	case bytes > 0:
		return 8 * (bytes + blockOverheadBytes)
	case u.Requested:
		return 8 * requestBytes
	}
	return 0
}

const (
	blockOverheadBytes = 8  // subheaders and a buffer status report of a block
	requestBytes       = 64 // what a UE is granted that has only asked
)
