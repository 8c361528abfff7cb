// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Report is what a node knows at one moment: of itself, and of the zone as it last heard.
type Report struct {
	Node      sfaas.NodeID       // whose report it is
	Resources resource.Inventory // what it lends, and what it lacks: also of what would isolate units
	Leases    []resource.Lease   // that stand
	Members   []Member           // of the zone, by number
	Nodes     []NodeReport       // what members say of themselves, by number
	Units     []UnitReport       // of the zone that have been heard of, by deployment and name
	Usage     []meter.Row        // of units, by owner and epoch, with joules as they are measured or modelled
	Tenants   []TenantReport     // by name
	Limits    []LimitReport      // that pushes at this node were held to, those that have refused some first
	Promises  []PromiseReport    // that were measured where slots enter, here
}

// NodeReport is what a member has said of itself.
type NodeReport struct {
	Node     sfaas.NodeID // which one
	Draining bool         // units leave it, and none comes
	Cores    float64      // processors that it admits units for
	Busy     float64      // cores that its units have kept busy on average lately
	Leases   int          // that stand there: of units, and of those that it stands by for
	// Watts is what it takes by its power model: that of a node asleep without a lease, else
	// of one awake that is as busy. It is modelled, whatever counters the node has.
	Watts float64
	// Energy is what it has drawn since it joined: measured where it can read counters.
	Energy resource.Energy
	// Hop is how long a message between it and another node takes, 0 if that is not known.
	Hop time.Duration
}

// Watts returns what all nodes take that have been heard of, modelled.
func (r *Report) Watts() (sum float64) {
	for i := range r.Nodes {
		sum += r.Nodes[i].Watts
	}
	return sum
}

// nodeReport reads a row.
func nodeReport(row *agent.NodeRow) NodeReport {
	c := &row.Columns
	r := NodeReport{
		Node: row.Node, Draining: row.State == agent.NodeDraining, Cores: float64(c[nodeCores]), Busy: float64(c[nodeBusy]), Leases: int(c[nodeUnits]),
	}
	r.Hop = micros(c[nodeHop])
	r.Energy = resource.Energy{Joules: float64(c[nodeEnergy]) * 1e3, Basis: resource.Modelled}
	if c[nodeMeasured] == 1 {
		r.Energy.Basis = resource.Measured
	}
	p := resource.PowerModel{SleepWatts: float64(c[nodeSleep]), IdleWatts: float64(c[nodeIdle]), BusyWatts: float64(c[nodeMax])}
	switch {
	case r.Leases == 0:
		r.Watts = p.SleepWatts
	case r.Cores > 0:
		r.Watts = p.Watts(r.Busy / r.Cores)
	}
	return r
}

// UnitReport says where a unit is.
type UnitReport struct {
	Deployment string         // "" for one that this node has not deployed
	Unit       sfaas.Unit     // zero for one of a deployment that is not here
	Owner      sfaas.NodeID   // who serves it; 0 for nobody
	Epoch      uint32         // of its ownership
	Standbys   []sfaas.NodeID // who would take over, by rank
}

// Report returns what the node knows. After [Node.Leave] it has nothing but the members.
func (n *Node) Report() Report {
	r := Report{Node: n.id, Resources: n.cfg.Resources, Members: n.Members()}
	r.Leases = n.books.lent.Table().Leases(nil)
	n.meters.report(&r)
	var rows []agent.UnitRow
	n.look(func(a *agent.Agent) {
		v := a.View()
		rows = append(rows, v.Units...)
		for i := range v.Nodes {
			r.Nodes = append(r.Nodes, nodeReport(&v.Nodes[i]))
		}
	})
	for _, row := range rows {
		if row.Owner == 0 && row.Epoch > 0 {
			continue // out of service
		}
		u := UnitReport{Owner: row.Owner, Epoch: row.Epoch}
		for _, s := range row.Standbys {
			if s != 0 {
				u.Standbys = append(u.Standbys, s)
			}
		}
		n.mu.Lock()
		u.Deployment, u.Unit = n.names[row.Unit].deployment, n.names[row.Unit].unit
		n.mu.Unlock()
		r.Units = append(r.Units, u)
	}
	slices.SortFunc(r.Units, func(a, b UnitReport) int {
		return cmp.Or(cmp.Compare(a.Deployment, b.Deployment), cmp.Compare(a.Unit.Part, b.Unit.Part), a.Unit.Root.Compare(b.Unit.Root))
	})
	return r
}

// String returns a table for people.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "node %d of %d: %v\n", r.Node, len(r.Members), r.Resources.Total())
	for _, l := range r.Leases {
		fmt.Fprintf(&b, "  %v\n", l)
	}
	for _, u := range r.Units {
		if u.Deployment != "" {
			fmt.Fprintf(&b, "  %s %v: owner %d, standbys %v, epoch %#x\n", u.Deployment, u.Unit, u.Owner, u.Standbys, u.Epoch)
		}
	}
	for i := range r.Usage {
		u := &r.Usage[i]
		fmt.Fprintf(&b, "  used by %v at node %d, epoch %#x: %d invocations, %d B state, %d B sent, %d B stored, %v, %v\n",
			u.Owner, u.Node, u.Epoch, u.Invocations, u.StateRead+u.StateWritten, u.Transferred, u.IO, cmp.Or(u.CPU, u.Busy).Round(time.Microsecond), u.Energy)
	}
	for i := range r.Tenants {
		fmt.Fprintf(&b, "  %v\n", r.Tenants[i])
	}
	for i := range r.Limits {
		fmt.Fprintf(&b, "  %v\n", r.Limits[i])
	}
	for i := range r.Promises {
		fmt.Fprintf(&b, "  %v\n", r.Promises[i])
	}
	for _, l := range r.Resources.Lacks {
		fmt.Fprintf(&b, "  lacks %v\n", l)
	}
	return b.String()
}
