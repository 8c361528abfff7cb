// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"log/slog"
	"slices"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
)

// Columns of the rows that agents tell each other: the tensors that a planner reads.
const (
	nodeCores    = iota // processors that slots of units are admitted for
	nodeMemory          // bytes that the node lends, in millions
	nodeBusy            // cores that units are busy on, on average
	nodeFree            // bytes that are not leased, in millions
	nodeUnits           // leases that stand
	nodeSleep           // watts asleep
	nodeIdle            // watts awake, with nothing to do
	nodeMax             // watts with all cores busy
	nodeEnergy          // joules since it joined, in thousands
	nodeMeasured        // 1 if those are measured
)

const (
	unitWork     = iota // microseconds of processor time per slot, on average
	unitQuantile        // the same at the quantile of the SLA
	unitRate            // slots with work per second
	unitMemory          // bytes of its lease, in millions
	unitDeadline        // microseconds after the start of a slot
	unitSlot            // microseconds between two slots
)

// policy is what agents ask where a unit would take least energy, without a planner: a node
// that is awake takes what the unit's work takes, one that sleeps its idle power too. Of
// equal ones the fuller node is the better one, as it leaves others empty.
//
// What has a place may be better elsewhere: of that it thinks by package plan.
type policy struct {
	thinker *thinker
	log     *slog.Logger
}

// Order implements agent.Planner.
func (policy) Order(dst []sfaas.NodeID, v *agent.View, it *agent.Item) []sfaas.NodeID {
	busy := it.Row.Columns[unitWork] * it.Row.Columns[unitRate] / 1e6
	for i := range v.Nodes {
		c := &v.Nodes[i].Columns
		if c[nodeFree] >= it.Row.Columns[unitMemory] && c[nodeBusy]+busy <= c[nodeCores] {
			dst = append(dst, v.Nodes[i].Node)
		}
	}
	watts := func(n sfaas.NodeID) float32 {
		i, _ := slices.BinarySearchFunc(v.Nodes, n, func(r agent.NodeRow, n sfaas.NodeID) int { return cmp.Compare(r.Node, n) })
		c := &v.Nodes[i].Columns
		w := float32(0)
		if c[nodeCores] > 0 {
			w = (c[nodeMax] - c[nodeIdle]) * busy / c[nodeCores]
		}
		if c[nodeUnits] == 0 {
			w += c[nodeIdle] - c[nodeSleep]
		}
		return w - c[nodeBusy]*1e-6
	}
	slices.SortStableFunc(dst, func(a, b sfaas.NodeID) int { return cmp.Compare(watts(a), watts(b)) })
	return dst
}

// Think implements agent.Planner.
func (p policy) Think(dst []agent.Move, _ sfaas.Time, v *agent.View) []agent.Move {
	dst = p.thinker.node(dst, v, v.Self)
	if err := p.thinker.err; err != nil {
		p.log.Warn("placement: what nodes say makes no sense together", "err", err)
	}
	return dst
}
