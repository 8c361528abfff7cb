// SPDX-License-Identifier: Apache-2.0

package agent

// Rows are what agents know of each other: one per node, one per unit. They are flat, so
// that a view is two tensors, and what its columns mean is a matter of package plan.

// Widths of the rows.
const (
	NodeColumns = 16
	UnitColumns = 24
)

// MaxStandbys is how many nodes may stand by for one unit.
const MaxStandbys = 2

// NodeState says what may come to a node.
type NodeState uint8

// States of a node, as it says itself.
const (
	NodeOpen     NodeState = iota // units may come
	NodeDraining                  // units leave, none comes
)

// NodeRow is what a node says of itself. Of two rows of one node the one of the later
// incarnation, then of the higher version counts.
type NodeRow struct {
	Node        NodeID
	State       NodeState
	Incarnation uint32 // life of the node's agent
	Version     uint32 // of the row, in this life
	// Deployed has a bit for each deployment that the node runs, see [DeploymentBit]. Two
	// deployments may have the same bit; a node that has the other one alone refuses.
	Deployed uint64
	Columns  [NodeColumns]float32
}

// newerThan reports whether r replaces o.
func (r *NodeRow) newerThan(o *NodeRow) bool {
	return r.Incarnation > o.Incarnation || r.Incarnation == o.Incarnation && r.Version > o.Version
}

// UnitRow is what the owner of a unit says of it. Of two rows of one unit the one of the
// newer epoch counts, then the one of the later life of its owner, then of the higher version.
type UnitRow struct {
	Unit UnitID
	// Deployment is the hash of the name of the deployment that the unit belongs to.
	Deployment uint32
	Owner      NodeID // 0: nobody yet
	Want       uint8  // standbys that it should have
	Kept       bool   // it moves with its content, and cannot be claimed
	Epoch      uint32
	Life       uint32 // incarnation of the owner
	Version    uint32
	Standbys   [MaxStandbys]NodeID
	Columns    [UnitColumns]float32
}

// newerThan reports whether r replaces o.
func (r *UnitRow) newerThan(o *UnitRow) bool {
	if r.Epoch != o.Epoch || r.Owner != o.Owner {
		return newer(r.Epoch, r.Owner, o.Epoch, o.Owner)
	}
	return r.Life > o.Life || r.Life == o.Life && r.Version > o.Version
}

// StandsBy returns the rank of a node among the standbys, or -1.
func (r *UnitRow) StandsBy(n NodeID) int {
	for i, s := range r.Standbys {
		if s == n && n != 0 {
			return i
		}
	}
	return -1
}

// numStandbys returns how many nodes stand by.
func (r *UnitRow) numStandbys() int {
	n := 0
	for _, s := range r.Standbys {
		if s != 0 {
			n++
		}
	}
	return n
}

// DeploymentBit returns the bit in [NodeRow.Deployed] of a deployment, by the hash of its
// name.
func DeploymentBit(deployment uint32) uint64 { return 1 << (deployment % 64) }

// View is what an agent knows of its zone. It is the agent's own: valid and unchanged until
// the next [Agent.Step].
type View struct {
	Self  NodeID
	Nodes []NodeRow // by number; a node that is down is not among them
	Units []UnitRow // in no order; those that nobody owns have Owner 0
}

// Move says that a unit should go to another node.
type Move struct {
	Unit     UnitID
	From, To NodeID // of its owner, as far as the proposer knows
}
