// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"math"
	"slices"
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
// As long as nodes and units are the same ones it keeps its improver, which goes on with the
// search where the last thought has left it, though work is measured anew all the time.
//
// A thinker is for one goroutine at a time.
type thinker struct {
	seed   uint64
	err    error // why plan did not take the last problem
	placed []placedUnit
	nodes  map[sfaas.NodeID]int32 // places of nodes in the problem
	choice plan.Choice
	order  []int32

	last     *plan.Instance // of which state and improver are
	state    *plan.State
	improver *plan.Improver
	legs     int         // stages that may follow before it searches again
	course   plan.Course // of this node, without a planner
	alone    [1]int32    // scratch of guess
}

// placedUnit is a unit, or one of its standbys, of the problem.
type placedUnit struct {
	unit    agent.UnitID
	at      sfaas.NodeID // 0 for one that is to be placed
	standby bool
	unsaid  bool   // its owner has not said yet how it works there
	modes   []int8 // by mode of the problem: its number in the row
	mode    int8   // of the problem
}

// How thinking is paced, and what a move has to be worth: the joules that it costs within a
// quarter of an hour, and some watts, so that units do not go to and fro.
const (
	moveJoules   = 5
	moveHorizon  = 900   // seconds
	leastSaving  = 0.5   // watts per move
	nodeBudget   = 4000  // places that are priced: half a millisecond, in which a node does nothing else
	zoneBudget   = 40000 // some milliseconds
	cpuLimit     = 0.75
	restDeadline = 1e6 // microseconds, of what has none
	slotMicros   = 1000
	hopMicros    = 15  // of processor time per message and end, as of a Unix socket or TCP on the loopback
	hopMicrosKB  = 0.3 // and per 1000 bytes
)

// problem returns the state of a view: units that nobody serves, and nodes that drain, are
// not in it. With an item it has one unit more, the last one, which has no place: what the item
// is about, and that is nowhere else then. It returns nil if there is nothing to think about.
func (t *thinker) problem(v *agent.View, with *agent.Item) *plan.State {
	in := &plan.Instance{Version: plan.InstanceVersion, SlotUS: slotMicros, Name: "zone"}
	in.Limits = plan.Limits{CPU: cpuLimit, Accelerator: 1}
	in.Move = plan.MoveCost{Joules: moveJoules, FedSlots: 4, Horizon: moveHorizon}
	in.Hop = plan.Hop{CPUMicros: hopMicros, CPUMicrosPerKB: hopMicrosKB}
	t.addNodes(in, v)
	t.addUnits(in, v, with)
	if len(in.Nodes) == 0 || len(in.Units) == 0 {
		return nil
	}
	view, err := plan.NewView(in)
	t.err = err
	if err != nil {
		return nil // a row makes no sense: its owner tells another one soon
	}
	s := t.stateOf(in, view, with == nil)
	for i, p := range t.placed {
		if p.at != 0 {
			s.Put(i, plan.Place{Node: t.nodes[p.at], Mode: p.mode})
		}
	}
	t.guess(s)
	return s
}

// stateOf returns an empty state of a view. That of the whole zone is kept, with its improver, for
// as long as nodes and units are the same ones.
func (t *thinker) stateOf(in *plan.Instance, view *plan.View, whole bool) *plan.State {
	switch {
	case !whole:
		return plan.NewState(view)
	case t.last == nil || !sameNames(t.last, in):
		t.state, t.improver = plan.NewState(view), plan.NewImprover(view, nil)
		t.improver.Shield.Least, t.course = leastSaving, plan.Course{}
	default:
		t.state.Reset(view)
	}
	t.last = in
	return t.state
}

// sameNames reports whether two problems are of the same nodes and units, in the same order.
func sameNames(a, b *plan.Instance) bool {
	return slices.EqualFunc(a.Nodes, b.Nodes, func(x, y plan.Node) bool { return x.ID == y.ID }) &&
		slices.EqualFunc(a.Units, b.Units, func(x, y plan.Unit) bool { return x.ID == y.ID && len(x.Modes) == len(y.Modes) })
}

// guess lets units of which nothing but the new owner is known work in the modes in which that
// one would take least: so it chooses, if it has no reason that others do not know.
func (t *thinker) guess(s *plan.State) {
	for i, p := range t.placed {
		if p.unsaid && p.at != 0 && len(p.modes) > 1 {
			t.alone[0] = int32(i)
			s.Settle(t.nodes[p.at], t.alone[:])
		}
	}
}

// addNodes adds the nodes that units may be at. Between any two of them a message takes what it
// takes at most, by what they say.
func (t *thinker) addNodes(in *plan.Instance, v *agent.View) {
	t.nodes = map[sfaas.NodeID]int32{}
	for i := range v.Nodes {
		n, c := &v.Nodes[i], &v.Nodes[i].Columns
		if n.State != agent.NodeOpen || c[nodeCores] <= 0 {
			continue
		}
		t.nodes[n.Node] = int32(len(in.Nodes))
		node := plan.Node{
			ID: strconv.Itoa(int(n.Node)), Cores: float64(c[nodeCores]), Speed: 1, Memory: float64(c[nodeMemory]),
			SleepW: float64(c[nodeSleep]), IdleW: float64(c[nodeIdle]), MaxW: float64(c[nodeMax]),
		}
		if c[nodeKind] != 0 {
			node.Accelerator = &plan.Accelerator{
				Kind: kindName(c[nodeKind]), IdleW: float64(c[nodeDeviceIdle]), MaxW: float64(c[nodeDeviceMax]), Memory: float64(c[nodeDeviceMemory]),
			}
		}
		in.Nodes = append(in.Nodes, node)
		in.Hop.LatencyMicros = max(in.Hop.LatencyMicros, float64(c[nodeHop]))
		if c[nodeNet] > 0 {
			const bitsPerKB = 8000 // a million bits per second are one per microsecond
			in.Hop.LatencyMicrosPerKB = max(in.Hop.LatencyMicrosPerKB, bitsPerKB/float64(c[nodeNet]))
		}
	}
}

// kindName returns what plan calls a kind of accelerator.
func kindName(number float32) string { return "kind " + strconv.Itoa(int(number)) }

// addUnits adds the units that are served, their standbys, and the one that is to be placed.
func (t *thinker) addUnits(in *plan.Instance, v *agent.View, with *agent.Item) {
	t.placed = t.placed[:0]
	owners := map[linkNumber]int{} // by what links name
	for i := range v.Units {
		r := &v.Units[i]
		if _, ok := t.nodes[r.Owner]; !ok {
			continue
		}
		name := unitName64(r.Unit)
		if with == nil || with.Role != agent.RoleOwner || with.Row.Unit != r.Unit {
			owners[linkNumberOf(r.Unit)] = len(in.Units)
			t.add(in, r, name, r.Owner)
		}
		for k, s := range r.Standbys {
			if _, ok := t.nodes[s]; ok {
				t.addStandby(in, r, name, k, s)
			}
		}
	}
	if with != nil {
		t.addItem(in, with, owners)
	}
	t.addLinks(in, v, owners)
}

func unitName64(u agent.UnitID) string { return strconv.FormatUint(uint64(u), 16) }

// addItem adds the unit that is to be placed.
func (t *thinker) addItem(in *plan.Instance, it *agent.Item, owners map[linkNumber]int) {
	name := unitName64(it.Row.Unit)
	if it.Role == agent.RoleOwner {
		owners[linkNumberOf(it.Row.Unit)] = len(in.Units)
		t.add(in, &it.Row, name, 0)
		return
	}
	u := t.addStandby(in, &it.Row, name, agent.MaxStandbys, 0)
	for i, p := range t.placed[:len(t.placed)-1] {
		if p.unit == it.Row.Unit {
			u.Apart = append(u.Apart, in.Units[i].ID)
		}
	}
}

// addStandby adds a standby of number k, apart from the owner and those before it.
func (t *thinker) addStandby(in *plan.Instance, r *agent.UnitRow, name string, k int, at sfaas.NodeID) *plan.Unit {
	u := t.add(in, r, name+"#"+strconv.Itoa(k), at)
	p := &t.placed[len(t.placed)-1]
	p.standby, p.mode, p.modes = true, 0, p.modes[:1]
	u.Modes = u.Modes[:1]
	u.Modes[0].WorkMicros = 0
	if at == 0 {
		return u
	}
	u.Apart = append(u.Apart, name)
	if k > 0 && r.Standbys[0] != 0 {
		if _, ok := t.nodes[r.Standbys[0]]; ok {
			u.Apart = append(u.Apart, name+"#0")
		}
	}
	return u
}

// add adds a unit as plan has it, and notes where it is.
func (t *thinker) add(in *plan.Instance, r *agent.UnitRow, name string, at sfaas.NodeID) *plan.Unit {
	c := &r.Columns
	deadline := float64(c[unitDeadline])
	if deadline <= 0 {
		deadline = restDeadline
	}
	// Plan has slots of one length: what a unit does on average is spread over those, and what
	// it does in one of its own comes with one of them.
	alone := float64(modeFactor(c, int(c[unitMode])))
	work := float64(c[unitWork]) * float64(c[unitRate]) * slotMicros / 1e6 / alone
	quantile := max(float64(c[unitQuantile])/alone, work)
	p := placedUnit{unit: r.Unit, at: at, unsaid: r.Version == 0}
	u := plan.Unit{ID: name, Kind: "unit", PerSecond: 1e6 / slotMicros, Slotted: c[unitSlot] > 0, Deadline: deadline, Memory: float64(c[unitMemory])}
	for mode := range int8(MaxModes + 1) {
		if !hasMode(c, int(mode)) {
			continue
		}
		if mode == int8(c[unitMode]) {
			p.mode = int8(len(p.modes))
		}
		f := float64(modeFactor(c, int(mode)))
		m := plan.Mode{Kind: plan.CPU, WorkMicros: work * f, QuantileMicros: quantile * f, ChainMicros: quantile * f}
		if mode > 0 {
			k := c[unitModes+(int(mode)-1)*modeColumns:]
			m.Kind, m.AcceleratorMicros, m.AcceleratorMemory = kindName(k[modeKind]), float64(k[modeShare])/1000*slotMicros, float64(k[modeMemory])
		}
		u.Modes, p.modes = append(u.Modes, m), append(p.modes, mode)
	}
	if len(p.modes) == 0 { // the row makes no sense
		p.modes, u.Modes = append(p.modes, 0), append(u.Modes, plan.Mode{Kind: plan.CPU, WorkMicros: work, QuantileMicros: quantile, ChainMicros: quantile})
	}
	t.placed = append(t.placed, p)
	in.Units = append(in.Units, u)
	return &in.Units[len(in.Units)-1]
}

// addLinks adds who sends to whom, of units that are both there.
func (t *thinker) addLinks(in *plan.Instance, v *agent.View, units map[linkNumber]int) {
	for i := range v.Units {
		c := &v.Units[i].Columns
		from, ok := units[linkNumberOf(v.Units[i].Unit)]
		for k := 0; ok && k < maxLinks; k++ {
			l := c[unitLinks+k*linkColumns:]
			if to, ok := units[linkNumber{l[linkLow], l[linkHigh]}]; ok && to != from && (k == 0 || l[linkLow] != c[unitLinks+linkLow]) {
				in.Links = append(in.Links, plan.Link{From: in.Units[from].ID, To: in.Units[to].ID, KB: float64(l[linkKB]), PerSecond: float64(c[unitRate])})
			}
		}
	}
}

// first appends the nodes that admit what an item is about by what they say, those where it
// takes least first.
func (t *thinker) first(dst []sfaas.NodeID, v *agent.View, it *agent.Item) []sfaas.NodeID {
	s := t.problem(v, it)
	if s == nil {
		return dst
	}
	t.order = t.choice.Order(t.order[:0], s, len(t.placed)-1)
	for _, j := range t.order {
		dst = append(dst, nodeNumber(s, j))
	}
	return dst
}

// nodeNumber returns the number of a node of the problem.
func nodeNumber(s *plan.State, j int32) sfaas.NodeID {
	n, _ := strconv.Atoi(s.View().Nodes[j].ID)
	return sfaas.NodeID(n)
}

// node returns the best moves that one node can lead.
func (t *thinker) node(dst []agent.Move, v *agent.View, self sfaas.NodeID) []agent.Move {
	s := t.problem(v, nil)
	if s == nil || len(t.nodes) < 2 {
		return dst
	}
	if j, ok := t.nodes[self]; ok {
		t.seed++
		if best, ok := t.improver.Lead(s, j, &t.course, nodeBudget, t.seed); ok {
			return t.moves(dst, s, &best)
		}
	}
	return dst
}

// zone returns sets of moves, each of which can be done by itself: the next stage of what was
// planned before, or of what is planned now.
func (t *thinker) zone(v *agent.View) (all [][]agent.Move) {
	s := t.problem(v, nil)
	if s == nil || len(t.nodes) < 2 {
		return nil
	}
	var plans []plan.Plan
	if t.legs > 0 {
		t.legs--
		plans = t.improver.Towards(s, 0)
	}
	if len(plans) == 0 {
		t.seed++
		plans, t.legs = t.improver.Zone(s, 0, zoneBudget, t.seed), 0
		for i := range plans {
			t.legs = max(t.legs, 2*len(plans[i].Stages)) // some are refused
		}
	}
	for i := range plans {
		for moves := range slices.Chunk(t.moves(nil, s, &plans[i]), agent.MaxMoves) {
			all = append(all, moves)
		}
	}
	return all
}

// moves returns the first stage of a plan; the next one follows when what has become of this
// one is known.
func (t *thinker) moves(dst []agent.Move, s *plan.State, p *plan.Plan) []agent.Move {
	for _, m := range p.Stages[0] {
		dst = append(dst, agent.Move{Unit: t.placed[m.Unit].unit, From: nodeNumber(s, m.From.Node), To: nodeNumber(s, m.To.Node)})
	}
	return dst
}

// modes returns the numbers of the modes of an item, those first in which the node that
// thinks would take least.
func (t *thinker) modes(v *agent.View, it *agent.Item) []int8 {
	var all []int8
	for mode := range int8(MaxModes + 1) {
		if hasMode(&it.Row.Columns, int(mode)) {
			all = append(all, mode)
		}
	}
	if it.Role == agent.RoleStandby { // it takes over as it is
		return all[:min(len(all), 1)]
	}
	if len(all) < 2 {
		return all
	}
	s := t.problem(v, it)
	j, ok := t.nodes[v.Self]
	if s == nil || !ok {
		return all
	}
	u, modes := len(t.placed)-1, t.placed[len(t.placed)-1].modes
	watts := map[int8]float64{}
	for k, mode := range modes {
		w, refused := s.Price(u, plan.Place{Node: j, Mode: int8(k)})
		if !refused.OK() {
			w = math.Inf(1)
		}
		watts[mode] = w
	}
	slices.SortStableFunc(all, func(a, b int8) int { return cmp.Compare(watts[a], watts[b]) })
	return all
}

// modeChange says that a unit should work in another mode where it is.
type modeChange struct {
	unit agent.UnitID
	mode int8
}

// settle returns the changes of modes at the node that thinks which together take less there.
func (t *thinker) settle(v *agent.View) (changes []modeChange) {
	s := t.problem(v, nil)
	j, ok := t.nodes[v.Self]
	if s == nil || !ok {
		return nil
	}
	var own []int32
	for i, p := range t.placed {
		if p.at == v.Self && !p.standby && len(p.modes) > 1 {
			own = append(own, int32(i))
		}
	}
	before := s.Energy()
	if len(own) == 0 || !s.Settle(j, own) || before-s.Energy() < leastSaving {
		return nil
	}
	return t.changes(s, v.Self)
}

// makeRoom returns the mode in which an item has room at the node that thinks when others there
// change theirs, and those changes; false if that does not help either.
func (t *thinker) makeRoom(v *agent.View, it *agent.Item) (mode int8, changes []modeChange, ok bool) {
	s := t.problem(v, it)
	if s == nil {
		return 0, nil, false
	}
	j, there := t.nodes[v.Self]
	u := len(t.placed) - 1
	if !there {
		return 0, nil, false
	}
	if _, ok := s.MakeRoom(u, j); !ok {
		return 0, nil, false
	}
	return t.placed[u].modes[s.Place(u).Mode], t.changes(s, v.Self), true
}

// changes returns which units of a node work otherwise in a state than they do.
func (t *thinker) changes(s *plan.State, self sfaas.NodeID) (changes []modeChange) {
	for i, p := range t.placed {
		if p.at == self && !p.standby && s.Place(i).Mode != p.mode {
			changes = append(changes, modeChange{p.unit, p.modes[s.Place(i).Mode]})
		}
	}
	return changes
}
