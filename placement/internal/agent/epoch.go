// SPDX-License-Identifier: Apache-2.0

package agent

import "github.com/neuroran/neuroran/sfaas"

// NodeID names a node; those of a zone are 1 to [MaxNode].
type NodeID = sfaas.NodeID

// UnitID names a unit of a deployment: a hash of both names, equal at all nodes.
type UnitID uint64

// MaxNode is the highest number of a node: it has to fit into an epoch.
const MaxNode NodeID = 1<<nodeBits - 1

// An epoch of a unit, from its highest bit:
//
//	era (12)          node (12)          moves (8)
//
// A claim begins an era, under the claimant's own number, with no moves; each planned
// move adds one. So two nodes that claim a unit at the same time, each unaware of the
// other, do it under different epochs, and all who hear of both agree on which is newer.
// An owner under an epoch gives the next one to a single target, so the moves of one claim
// are one chain. More than 255 moves of one claim run into the next node's number: that is
// an epoch of two owners only if that node has claimed in the same era and nobody has
// heard of it since, and even then the runtimes agree, as they compare nodes last.
const (
	moveBits = 8
	nodeBits = 12
	eraShift = moveBits + nodeBits
	lastEra  = 1<<(32-eraShift) - 1
)

// ClaimEpoch returns the epoch under which a node may claim a unit whose newest known epoch
// is after. It is above after, and no other node's.
//
// After the last era, which is 4 095 claims of one unit away, it is 0: nobody may claim.
func ClaimEpoch(after uint32, node NodeID) uint32 {
	era := after>>eraShift + 1
	if era > lastEra {
		return 0
	}
	return era<<eraShift | uint32(node&MaxNode)<<moveBits
}

// claimant returns the node that began the era of an epoch, 0 for the first epoch of a kept unit
// and for one under which a unit is out of service.
func claimant(epoch uint32) NodeID { return NodeID(epoch>>moveBits) & MaxNode }

// newer reports whether an owner under an epoch replaces another one of the same unit, as
// runtimes decide it.
func newer(epoch uint32, owner NodeID, than uint32, other NodeID) bool {
	return epoch > than || epoch == than && owner > other
}
