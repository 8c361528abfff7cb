// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"strconv"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/sfaas"
)

// thinker turns what agents tell each other into a problem of package plan, and what plan
// says into moves. A node that stands by for a unit is a unit of its own there: it takes no
// power beyond that of a node that is awake, needs the same room, since it must be able to
// take over, and must be apart from its owner.
//
// A thinker is for one goroutine at a time.
type thinker struct {
	seed   uint64
	err    error // why plan did not take the last problem
	placed []placedUnit
}

// placedUnit is a unit, or one of its standbys, of the problem.
type placedUnit struct {
	unit agent.UnitID
	at   sfaas.NodeID
}

// How thinking is paced, and what a move has to be worth: the joules that it costs within a
// quarter of an hour, and some watts, so that units do not go to and fro.
const (
	moveJoules   = 5
	moveHorizon  = 900 // seconds
	leastSaving  = 0.5 // watts per move
	nodeBudget   = 400 // places that are priced
	zoneBudget   = 4000
	cpuLimit     = 0.75
	restDeadline = 1e6 // microseconds, of what has none
	slotMicros   = 1000
)

// problem returns the state of a view: units that nobody serves, and nodes that drain, are
// not in it. It returns nil if there is nothing to think about.
func (t *thinker) problem(v *agent.View) *plan.State {
	in := &plan.Instance{Version: plan.InstanceVersion, SlotUS: slotMicros, Name: "zone"}
	in.Limits = plan.Limits{CPU: cpuLimit, Accelerator: 1}
	in.Move = plan.MoveCost{Joules: moveJoules, FedSlots: 4, Horizon: moveHorizon}
	place := map[sfaas.NodeID]int32{}
	for i := range v.Nodes {
		n, c := &v.Nodes[i], &v.Nodes[i].Columns
		if n.State != agent.NodeOpen || c[nodeCores] <= 0 {
			continue
		}
		place[n.Node] = int32(len(in.Nodes))
		in.Nodes = append(in.Nodes, plan.Node{
			ID: strconv.Itoa(int(n.Node)), Cores: float64(c[nodeCores]), Speed: 1, Memory: float64(c[nodeMemory]),
			SleepW: float64(c[nodeSleep]), IdleW: float64(c[nodeIdle]), MaxW: float64(c[nodeMax]),
		})
	}
	t.placed = t.placed[:0]
	for i := range v.Units {
		r := &v.Units[i]
		if _, ok := place[r.Owner]; !ok {
			continue
		}
		name := strconv.FormatUint(uint64(r.Unit), 16)
		in.Units = append(in.Units, t.unit(r, name, r.Owner))
		for k, s := range r.Standbys {
			if _, ok := place[s]; !ok {
				continue
			}
			u := t.unit(r, name+"#"+strconv.Itoa(k), s)
			u.Modes[0].WorkMicros = 0
			u.Apart = append(u.Apart, name)
			if k > 0 {
				u.Apart = append(u.Apart, name+"#0")
			}
			in.Units = append(in.Units, u)
		}
	}
	if len(in.Nodes) < 2 || len(in.Units) == 0 {
		return nil
	}
	view, err := plan.NewView(in)
	t.err = err
	if err != nil {
		return nil // a row makes no sense: its owner tells another one soon
	}
	s := plan.NewState(view)
	for i, p := range t.placed {
		s.Put(i, plan.Place{Node: place[p.at]})
	}
	return s
}

// unit returns a unit as plan has it, and notes where it is.
func (t *thinker) unit(r *agent.UnitRow, name string, at sfaas.NodeID) plan.Unit {
	t.placed = append(t.placed, placedUnit{r.Unit, at})
	c := &r.Columns
	deadline := float64(c[unitDeadline])
	if deadline <= 0 {
		deadline = restDeadline
	}
	// Plan has slots of one length: what a unit does on average is spread over those, and what
	// it does in one of its own comes with one of them.
	work := float64(c[unitWork]) * float64(c[unitRate]) * slotMicros / 1e6
	quantile := max(float64(c[unitQuantile]), work)
	return plan.Unit{
		ID: name, Kind: "unit", PerSecond: 1e6 / slotMicros, Slotted: c[unitSlot] > 0, Deadline: deadline, Memory: float64(c[unitMemory]),
		Modes: []plan.Mode{{Kind: plan.CPU, WorkMicros: work, QuantileMicros: quantile, ChainMicros: quantile}},
	}
}

// node returns the best moves that one node can lead.
func (t *thinker) node(dst []agent.Move, v *agent.View, self sfaas.NodeID) []agent.Move {
	s := t.problem(v)
	if s == nil {
		return dst
	}
	for j, n := range s.View().Nodes {
		if n.ID != strconv.Itoa(int(self)) {
			continue
		}
		t.seed++
		if best, ok := t.improver(s).Node(s, int32(j), nodeBudget, t.seed); ok {
			return t.moves(dst, s, &best)
		}
	}
	return dst
}

// zone returns sets of moves, each of which can be done by itself.
func (t *thinker) zone(v *agent.View) (all [][]agent.Move) {
	s := t.problem(v)
	if s == nil {
		return nil
	}
	t.seed++
	for _, p := range t.improver(s).Zone(s, 0, zoneBudget, t.seed) {
		if moves := t.moves(nil, s, &p); len(moves) > 0 {
			all = append(all, moves)
		}
	}
	return all
}

func (t *thinker) improver(s *plan.State) *plan.Improver {
	m := plan.NewImprover(s.View(), nil)
	m.Shield.Least = leastSaving
	return m
}

// moves returns the first stage of a plan; the next one follows when what has become of this
// one is known.
func (t *thinker) moves(dst []agent.Move, s *plan.State, p *plan.Plan) []agent.Move {
	if len(p.Stages) == 0 || len(p.Stages[0]) > agent.MaxMoves {
		return dst
	}
	number := func(j int32) sfaas.NodeID {
		n, _ := strconv.Atoi(s.View().Nodes[j].ID)
		return sfaas.NodeID(n)
	}
	for _, m := range p.Stages[0] {
		if m.From.Node != m.To.Node {
			dst = append(dst, agent.Move{Unit: t.placed[m.Unit].unit, From: number(m.From.Node), To: number(m.To.Node)})
		}
	}
	return dst
}
