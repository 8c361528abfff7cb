// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// stayShare is what a move has to save to be looked at, as a share of the watts per unit,
// where nobody says it in watts.
const stayShare = 0.02

// usualStay is the same in watts.
func usualStay(s *State) float64 {
	return stayShare * s.watt / float64(max(len(s.place)-s.Unplaced(), 1))
}

// A Ruiner improves states by ruin and recreate. It has scratch of its own: it is for one
// goroutine at a time, and for states of views of one size.
type Ruiner struct {
	s, best, undo *State
	v             *View
	nodes         []int32 // between which units are moved
	units         []int32 // that are moved
	random        *rand.Rand
	pcg           rand.PCG
	budget, left  int // places that may be priced, in all and still

	out   []int32   // units taken out
	near  []int32   // nodes that they may come to this time
	size  []float64 // by unit: order of the next recreate
	bonus []float64 // by node: watts by which it is liked better this time
	home  []Place   // by unit: where it was at first
	stay  float64   // watts that a unit at home is liked better
	shun  int32     // node that is to become empty in this epoch, -1 for none
	lure  int32     // node whose idle power counts nothing in this epoch, -1 for none
}

// NewRuiner returns a ruiner for states of the view.
func NewRuiner(v *View) *Ruiner {
	r := &Ruiner{
		best: NewState(v), undo: NewState(v),
		size: make([]float64, len(v.Units)), bonus: make([]float64, len(v.Nodes)), home: make([]Place, len(v.Units)),
	}
	r.random = rand.New(&r.pcg)
	return r
}

// Zone improves the placement of all units of a zone: again and again it takes all units
// from a few nodes, and some others, and puts them back in an order and by a price that
// are drawn at random; what is not worse stays, and at first also what is a little worse
// (simulated annealing). Units without a place are part of every ruin. Nodes that are gone
// keep what they have, and get nothing.
//
// Budget is the number of places that are priced: several million per second of a
// processor. Equal states, budgets and seeds give equal results. The best state found is
// left in s; s is never worse, by unplaced units first and energy then, than it was.
//
// After Schrimpf et al., Record Breaking Optimization Results Using the Ruin and Recreate
// Principle, 2000.
func (r *Ruiner) Zone(s *State, zone, budget int, seed uint64) {
	r.from(s, s.place, zone, s.view.Zone(zone), budget, seed, usualStay(s))
}

// from is Zone for a state in which not all units are at their homes, for some nodes of the zone,
// and with the watts that a move away from home has to save to be looked at.
func (r *Ruiner) from(s *State, home []Place, zone int, nodes []int32, budget int, seed uint64, stay float64) {
	copy(r.home, home)
	r.units = r.units[:0]
	for u := range s.place {
		if s.view.Units[u].Zone == zone && !s.ghost[u] {
			r.units = append(r.units, int32(u))
		}
	}
	r.run(s, nodes, budget, seed, stay)
}

// Among is the same for a few nodes: their units are exchanged among them, and all others
// stay where they are.
func (r *Ruiner) Among(s *State, nodes []int32, budget int, seed uint64) {
	r.units = r.units[:0]
	for _, j := range nodes {
		r.units = append(r.units, s.at[j]...)
	}
	copy(r.home, s.place)
	r.run(s, nodes, budget, seed, usualStay(s))
}

// grade is what two states are compared by: watts, a little for each unit that is not at
// home, so that equal nodes do not exchange units for nothing, and so much for a unit
// without a place that none is ever given up.
func (r *Ruiner) grade(s *State) float64 {
	missing, away := 0, 0
	for _, u := range r.units {
		switch s.place[u].Node {
		case -1: // also of a unit that has had no place at first
			missing++
		case r.home[u].Node:
		default:
			away++
		}
	}
	return s.watt + 1e6*float64(missing) + r.stay*float64(away)
}

func (r *Ruiner) run(s *State, nodes []int32, budget int, seed uint64, stay float64) {
	if len(r.units) == 0 || len(nodes) == 0 {
		return
	}
	r.s, r.v, r.nodes, r.budget, r.left = s, s.view, nodes, budget, budget
	r.pcg.Seed(seed, 0)
	r.best.Copy(s)
	r.undo.Copy(s)
	r.stay = stay
	r.shun, r.lure = -1, -1
	best := r.grade(s)
	epochs := r.epochs()
	for epoch := range epochs {
		r.turn(epoch)
		best = r.epoch(best, budget/epochs*(epochs-1-epoch))
	}
	r.shun, r.lure = -1, -1
	s.restore(r.best, r.units)
}

// Bounds of the number of epochs, and how often the places of all units are priced in one
// of them, more or less.
const (
	leastEpochs = 3
	mostEpochs  = 101
	epochSweeps = 60
	sweepNodes  = 40 // in a sweep, at most
)

// epochs returns into how many parts a run is divided. In every second one a node that is
// awake is shunned: its units cost more the more of it they take. In half of those, one that
// sleeps lures: that it is awake costs nothing. So the search climbs out of a valley by a way
// that leads somewhere: to a state without the one node, or with the other instead. The epoch
// after it looks whether the state is better by its true price.
func (r *Ruiner) epochs() int {
	sweep := len(r.units) * min(len(r.nodes), sweepNodes)
	return min(max(r.budget/(epochSweeps*sweep), leastEpochs), mostEpochs) | 1
}

// turn begins an epoch: mostly from the best state so far.
func (r *Ruiner) turn(epoch int) {
	r.shun, r.lure = -1, -1
	if epoch%2 == 0 {
		if r.random.IntN(4) > 0 {
			r.s.restore(r.best, r.units)
		}
		r.undo.restore(r.s, r.units)
		return
	}
	j, k := r.awake(), r.awake()
	if r.v.Nodes[k].IdleW > r.v.Nodes[j].IdleW {
		j = k
	}
	if len(r.s.at[j]) > 0 {
		r.shun = j
	}
	if k := r.nodes[r.random.IntN(len(r.nodes))]; epoch%4 == 1 && len(r.s.at[k]) == 0 {
		r.lure = k
	}
}

// epoch anneals until so much of the budget is left, and returns the grade of the best
// state so far, which is in r.best.
func (r *Ruiner) epoch(best float64, until int) float64 {
	s := r.s
	span := float64(max(r.left-max(until, 0), 1))
	current := r.grade(s) + r.shunned(s)
	for r.left > max(until, 0) {
		before := r.left
		r.ruin()
		r.recreate()
		if r.left == before {
			r.left-- // nothing could be taken, as all nodes are gone: no reason to go on for ever
		}
		grade := r.grade(s)
		next := grade + r.shunned(s)
		// Temperature falls linearly to none.
		heat := 0.003 * s.watt * float64(max(r.left-until, 0)) / span
		if next > current && next > current+heat*r.random.ExpFloat64() {
			s.restore(r.undo, r.units)
			continue
		}
		current = next
		r.undo.restore(s, r.units)
		if grade < best-1e-9 {
			best = grade
			r.best.restore(s, r.units)
		}
	}
	return best
}

// shunned returns what the units of the node that is shunned cost more, and those of the one
// that lures less.
func (r *Ruiner) shunned(s *State) float64 {
	watts := 0.0
	if r.shun >= 0 {
		watts = r.surcharge(s.load[r.shun].CPU)
	}
	if r.lure >= 0 && s.load[r.lure].Units > 0 {
		watts -= r.v.awake(r.lure)
	}
	return watts
}

// awake returns what a node takes awake with nothing to do, above its sleep.
func (v *View) awake(j int32) float64 { return v.Nodes[j].IdleW - v.Nodes[j].SleepW }

// surcharge is twice the idle power of the shunned node, by the share of it that is used.
func (r *Ruiner) surcharge(cpu float64) float64 {
	n := &r.v.Nodes[r.shun]
	return 2 * n.IdleW * cpu / (r.v.Limits.CPU * n.Cores)
}

// restore makes the places of some units those of another state that is equal elsewhere.
// Energies are taken over, so that they stay equal to the last bit.
func (s *State) restore(o *State, units []int32) {
	for _, u := range units {
		if s.place[u] != o.place[u] {
			s.Remove(int(u))
		}
	}
	for _, u := range units {
		if s.place[u] != o.place[u] {
			s.Put(int(u), o.place[u])
		}
	}
	s.watt, s.wire = o.watt, o.wire
}

// ruin takes all units from one to four nodes that are awake, near each other or of one
// kind or any, and a few more units; and draws which nodes are liked better this time.
func (r *Ruiner) ruin() {
	r.out, r.near = r.out[:0], r.near[:0]
	first := r.awake()
	r.empty(first)
	more := r.random.IntN(4)
	if r.random.IntN(8) == 0 {
		more = 2 + r.random.IntN(8)
	}
	for range min(more, len(r.nodes)-1) {
		k := r.awake()
		for range 3 { // the nearest of a few
			if o := r.awake(); r.related(first, o) > r.related(first, k) {
				k = o
			}
		}
		r.empty(k)
	}
	for range r.random.IntN(4) {
		r.take(r.units[r.random.IntN(len(r.units))])
	}
	for _, u := range r.units {
		if r.s.place[u].Node < 0 && !slices.Contains(r.out, u) {
			r.out = append(r.out, u)
		}
	}
	for _, j := range r.nodes {
		r.bonus[j] = 0
	}
	r.look()
	// A node that sleeps, or was just emptied, is woken up now and then although that
	// costs at first: its idle power counts nothing for the first unit.
	switch r.random.IntN(4) {
	case 0:
		j := r.near[r.random.IntN(len(r.near))]
		r.bonus[j] = r.v.Nodes[j].IdleW
	case 1:
		r.bonus[first] = -2 * r.v.Nodes[first].IdleW // and another one stays asleep
	}
}

// fewNodes is up to how many nodes all of them are looked at each time: as many as exchange units
// in a plan of an agent. Agents that look at fewer find more to exchange, and a zone of them does
// not always come to rest.
const fewNodes = Coalition

// look draws to which nodes the units that were taken out may come: those that they were on,
// two to eight that have units, one or two of any, and the one that lures. With all nodes to
// choose from, units would go back to the one best place of each nearly every time, and a node
// that is a little dearer would never get enough of them to be worth its idle power.
func (r *Ruiner) look() {
	if len(r.nodes) <= fewNodes {
		r.near = append(r.near[:0], r.nodes...)
		return
	}
	for range 2 << r.random.IntN(3) {
		r.visit(r.awake())
	}
	for range 1 + r.random.IntN(2) {
		r.visit(r.nodes[r.random.IntN(len(r.nodes))])
	}
	if r.lure >= 0 {
		r.visit(r.lure)
	}
}

// visit adds a node to those that are looked at this time.
func (r *Ruiner) visit(j int32) {
	if !slices.Contains(r.near, j) {
		r.near = append(r.near, j)
	}
}

// awake returns a random node that has units, or any node if none is found soon.
func (r *Ruiner) awake() int32 {
	j := int32(0)
	for range 20 {
		j = r.nodes[r.random.IntN(len(r.nodes))]
		if len(r.s.at[j]) > 0 {
			break
		}
	}
	return j
}

// related is larger for nodes between which units could be exchanged with profit: of one
// site, with links between their units, or of one kind.
func (r *Ruiner) related(j, k int32) float64 {
	a, b := &r.v.Nodes[j], &r.v.Nodes[k]
	score := r.random.Float64()
	if a.X == b.X && a.Y == b.Y {
		score += 0.5
	}
	if a.IdleW != b.IdleW {
		score += 0.5
	}
	return score
}

// empty takes all units from a node, unless it is gone and keeps them.
func (r *Ruiner) empty(j int32) {
	for !r.s.gone[j] && len(r.s.at[j]) > 0 {
		r.take(r.s.at[j][len(r.s.at[j])-1])
	}
}

func (r *Ruiner) take(u int32) {
	if r.s.place[u].Node < 0 || r.s.gone[r.s.place[u].Node] {
		return
	}
	r.visit(r.s.place[u].Node)
	r.s.Remove(int(u))
	r.out = append(r.out, u)
}

// recreate puts the units that were taken out back, the larger ones first but for a random
// factor, each where its price is least.
func (r *Ruiner) recreate() {
	noise := []float64{0.1, 0.5, 1.5}[r.random.IntN(3)]
	for _, u := range r.out {
		r.size[u] = math.Log(1e-3+r.v.size(u)) + noise*r.random.NormFloat64()
	}
	slices.SortFunc(r.out, func(a, b int32) int { return cmp.Compare(r.size[b], r.size[a]) })
	// Either a node's whole idle power is the price of its first unit, or each unit pays
	// the share of it that its work is of the node.
	amortised := r.random.IntN(2) == 0
	blink := r.random.Float64() * 0.1 // of the places, which are not looked at
	for _, u := range r.out {
		best, least := Nowhere, math.Inf(1)
		for _, j := range r.near {
			if r.random.Float64() < blink {
				continue
			}
			for mode := range r.v.Units[u].Modes {
				p := Place{j, int8(mode)}
				r.left--
				watts, refused := r.s.Cost(int(u), p)
				if !refused.OK() {
					continue
				}
				if amortised {
					watts = r.s.amortised(int(u), p, watts)
				}
				if j == r.home[u].Node {
					watts -= r.stay
				}
				if j == r.shun {
					watts += r.surcharge(r.v.own(u, j, p.Mode).CPU)
				}
				if j == r.lure && r.s.load[j].Units == 0 {
					watts -= r.v.awake(j)
				}
				if watts -= r.bonus[j]; watts < least {
					best, least = p, watts
				}
			}
		}
		if best.Node >= 0 {
			r.s.Put(int(u), best)
			r.bonus[best.Node] = 0
		}
	}
}

// amortised returns the price of a place at which idle power is paid by use: a unit pays
// the share of it that its work is of what the node may work, whether the node is awake
// already or not.
func (s *State) amortised(u int, p Place, watts float64) float64 {
	v := s.view
	n, l := &v.Nodes[p.Node], &s.load[p.Node]
	one := v.own(int32(u), p.Node, p.Mode)
	idle := n.IdleW - n.SleepW
	share := max(one.CPU/(v.Limits.CPU*n.Cores), one.Memory/max(n.Memory, 1))
	if l.Units == 0 {
		watts -= idle
	}
	watts += idle * share
	if one.AcceleratorUnits > 0 {
		a := n.Accelerator
		if l.AcceleratorUnits == 0 {
			watts -= a.IdleW
		}
		watts += a.IdleW * max(one.Accelerator/v.Limits.Accelerator, one.AcceleratorMemory/max(a.Memory, 1))
	}
	return watts
}
