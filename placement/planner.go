// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/sfaas"
)

// The planner is a function of the control app, one instance per zone: soft, movable, and
// expendable. Every node sends it its rows, as two matrices; once in a while it looks for
// better places for all units of the zone at once, and sends each set of moves to the agent
// of the node that the first one leaves, which leads them as a deal. What it says is a wish:
// targets admit it on their true state, or not.
//
// It has no state that is worth keeping: a new owner has heard of every node after one period.
// So whoever is the member with the lowest number claims it when its owner is gone, and it
// moves away when its node leaves. Without one, agents go on by themselves: they repair, and
// think about their own units.

// plannerFunction is the name of the planner's function, and of its part.
const plannerFunction = "planner"

// planPeriod is how often nodes send their rows; the planner thinks half as often.
const planPeriod = 500 * time.Millisecond

// rowsLife is for how long rows count that nothing newer has come for.
const rowsLife = 4 * planPeriod

// maxZoneUnits bounds the units of one node that the planner hears of.
const maxZoneUnits = 256

// plannerUnit is the unit of the planner of the zone.
func plannerUnit() sfaas.Unit {
	return sfaas.Unit{Part: plannerFunction, Root: sfaas.NewKey(kindZone, 1)}
}

// zoneRows is what one node sends to the planner: its own row, and those of the units that it
// owns.
type zoneRows struct {
	Node     uint16
	Draining bool
	At       sfaas.Time // when it came; the planner's
	Row      []float32  // [NodeColumns]
	Units    []uint64   // [units] names
	Standbys []uint16   // [units, MaxStandbys]
	Rows     []float32  // [units, UnitColumns]
}

// maxZoneRows bounds the bytes of a zoneRows in a cell.
const maxZoneRows = 64 + 4*agent.NodeColumns + maxZoneUnits*(8+2*agent.MaxStandbys+4*agent.UnitColumns)

// zoneCells is what the planner keeps.
type zoneCells struct {
	rows    sfaas.Map[uint16, zoneRows]
	thought sfaas.Value[sfaas.Time]
}

// addPlanner adds the planner to the control app's graph.
func (n *Node) addPlanner(g *sfaas.Graph) {
	cells := zoneCells{
		rows:    sfaas.NewMap[uint16, zoneRows]("rows", sfaas.Volatile, sfaas.MaxBytes(maxZoneRows)),
		thought: sfaas.NewValue[sfaas.Time]("thought", sfaas.Volatile),
	}
	t := &thinker{seed: uint64(n.id) << 32}
	var thinks sync.Mutex // a thought that takes too long is given up by the runtime, and goes on
	f := sfaas.Define(plannerFunction, func(c *sfaas.Ctx, _ *sfaas.None, in *zoneRows) error {
		rows := *in
		rows.At = c.Now()
		cells.rows.Set(c, in.Node, rows)
		last, ok := cells.thought.Get(c)
		if !ok { // it has come here a moment ago, and hears of all first
			cells.thought.Set(c, c.Now())
		}
		if ok && c.Now().Sub(last) >= 2*planPeriod && !n.cfg.KeepPlaces && thinks.TryLock() {
			defer thinks.Unlock()
			cells.thought.Set(c, c.Now())
			n.plan(c, &cells, t)
		}
		return nil
	}, sfaas.FunctionConfig{}, cells.rows, cells.thought, n.agents)
	n.rowsIn = sfaas.Source[zoneRows](g, "rows")
	sfaas.Apply(n.rowsIn, f)
}

// plan looks for better places, and proposes what it finds.
func (n *Node) plan(c *sfaas.Ctx, cells *zoneCells, t *thinker) {
	v := zoneView(c, cells)
	for _, moves := range t.zone(v) {
		l := agent.Letter{Kind: agent.Propose, From: n.id, Incarnation: n.incarnation, Moves: moves}
		m := n.agents.Send(c, nodeKey(moves[0].From))
		m.Class, m.Data = classLetter, l.Append(m.Data[:0])
	}
}

// zoneView makes a view of the rows that are not too old.
func zoneView(c *sfaas.Ctx, cells *zoneCells) *agent.View {
	v := new(agent.View)
	for node, r := range cells.rows.All(c) {
		if c.Now().Sub(r.At) > rowsLife {
			cells.rows.Delete(c, node)
			continue
		}
		if len(r.Row) != agent.NodeColumns || len(r.Standbys) != agent.MaxStandbys*len(r.Units) || len(r.Rows) != agent.UnitColumns*len(r.Units) {
			continue // of another version
		}
		row := agent.NodeRow{Node: sfaas.NodeID(node)}
		if r.Draining {
			row.State = agent.NodeDraining
		}
		copy(row.Columns[:], r.Row)
		v.Nodes = append(v.Nodes, row)
		for i, id := range r.Units {
			u := agent.UnitRow{Unit: agent.UnitID(id), Owner: sfaas.NodeID(node), Version: 1} // of its owner itself
			for k := range u.Standbys {
				u.Standbys[k] = sfaas.NodeID(r.Standbys[i*agent.MaxStandbys+k])
			}
			copy(u.Columns[:], r.Rows[i*agent.UnitColumns:])
			v.Units = append(v.Units, u)
		}
	}
	slices.SortFunc(v.Nodes, func(a, b agent.NodeRow) int { return int(a.Node) - int(b.Node) })
	slices.SortFunc(v.Units, func(a, b agent.UnitRow) int { // the order of rows decides nothing
		switch {
		case a.Unit < b.Unit:
			return -1
		case a.Unit > b.Unit:
			return 1
		}
		return 0
	})
	return v
}

// tellPlanner sends the planner the rows of this node.
func (n *Node) tellPlanner() {
	n.drop(mail{look: func(a *agent.Agent) {
		v := a.View()
		_ = n.rowsIn.Push(n.rt, plannerUnit().Root, sfaas.Slot(n.mail.slot()), func(r *zoneRows) error {
			*r = zoneRows{Node: uint16(n.id), Row: r.Row[:0], Units: r.Units[:0], Standbys: r.Standbys[:0], Rows: r.Rows[:0]}
			for i := range v.Nodes {
				if v.Nodes[i].Node == n.id {
					r.Draining = v.Nodes[i].State == agent.NodeDraining
					r.Row = append(r.Row, v.Nodes[i].Columns[:]...)
				}
			}
			for i := range v.Units {
				u := &v.Units[i]
				if u.Owner != n.id || len(r.Units) == maxZoneUnits {
					continue
				}
				r.Units = append(r.Units, uint64(u.Unit))
				for _, s := range u.Standbys {
					r.Standbys = append(r.Standbys, uint16(s))
				}
				r.Rows = append(r.Rows, u.Columns[:]...)
			}
			return nil
		}) // rows that are lost are sent again
	}})
}

// keepPlanner claims the planner if nobody has it and this member is the one to do it.
func (n *Node) keepPlanner() {
	members := n.Members()
	if members[0].Node != n.id {
		return
	}
	r, err := n.rt.Route(plannerUnit())
	if err != nil || slices.ContainsFunc(members, func(m Member) bool { return m.Node == r.Owner }) {
		return
	}
	if epoch := n.claimEpoch(r.Epoch); epoch > 0 {
		if err := n.rt.Claim(plannerUnit(), epoch); err != nil {
			n.log.Warn("placement: the planner cannot be claimed", "err", err)
		}
	}
}

// passPlanner brings the planner to another member, if it is here.
func (n *Node) passPlanner(ctx context.Context) {
	r, err := n.rt.Route(plannerUnit())
	if err != nil || r.Owner != n.id {
		return
	}
	for _, m := range n.Members() {
		if m.Node == n.id {
			continue
		}
		if _, err := n.rt.MoveUnit(ctx, plannerUnit(), m.Node, sfaas.MoveConfig{Mode: sfaas.Soft}); err == nil {
			return
		}
	}
}

// Planner returns the node at which the planner of the zone is, 0 for nowhere.
func (n *Node) Planner() sfaas.NodeID {
	r, err := n.rt.Route(plannerUnit())
	if err != nil || r.Owner == nobody {
		return 0
	}
	return r.Owner
}

// MovePlanner brings the planner to another member; it is called at the node that has it, and
// a member may do so at any time. It returns the error of [sfaas.Runtime.MoveUnit].
func (n *Node) MovePlanner(ctx context.Context, to sfaas.NodeID) error {
	_, err := n.rt.MoveUnit(ctx, plannerUnit(), to, sfaas.MoveConfig{Mode: sfaas.Soft})
	return err
}
