// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Recreate improves a state by ruin and recreate: again and again it takes all units from
// a few nodes, and some others, and puts them back in an order and by a price that are
// drawn at random; what is not worse stays, and at first also what is a little worse
// (simulated annealing). Units without a place are part of every ruin. Nodes that are gone
// and units of other zones than the given one stay as they are.
//
// Budget is the number of places that are priced: about 5 million per second of a
// processor. Equal states, budgets and seeds give equal results. The best state found is
// left in s; s is never worse, by unplaced units first and energy then, than it was.
//
// After Schrimpf et al., Record Breaking Optimization Results Using the Ruin and Recreate
// Principle, 2000.
func Recreate(s *State, zone int, budget int, seed uint64) {
	r := ruin{
		s: s, v: s.view, zone: s.view.Zone(zone), random: rand.New(rand.NewPCG(seed, 0)),
		best: NewState(s.view), undo: NewState(s.view), left: budget, budget: budget,
	}
	for u := range s.place {
		if s.view.Units[u].Zone == zone && !s.ghost[u] {
			r.units = append(r.units, int32(u))
		}
	}
	if len(r.units) == 0 || len(r.zone) == 0 {
		return
	}
	r.run()
}

// ruin is one run of Recreate.
type ruin struct {
	s, best, undo *State
	v             *View
	zone          []int32 // its nodes
	units         []int32 // its units
	random        *rand.Rand
	budget, left  int // places that may be priced, in all and still

	out   []int32 // units taken out
	size  []float64
	bonus []float64 // by node of the zone: watts by which it is liked better this time
}

// grade is what two states are compared by: watts, and so many for a unit without a place
// that none is ever given up.
func (r *ruin) grade(s *State) float64 {
	missing := 0
	for _, u := range r.units {
		if s.place[u].Node < 0 {
			missing++
		}
	}
	return s.watt + 1e6*float64(missing)
}

func (r *ruin) run() {
	r.bonus = make([]float64, len(r.v.Nodes))
	r.size = make([]float64, len(r.v.Units))
	r.best.Copy(r.s)
	r.undo.Copy(r.s)
	current := r.grade(r.s)
	best := current
	for r.left > 0 {
		r.ruin()
		r.recreate()
		next := r.grade(r.s)
		// Temperature falls linearly from half a percent of the energy to none.
		heat := 0.005 * r.s.watt * float64(max(r.left, 0)) / float64(r.budget)
		if next > current+heat*r.random.ExpFloat64()*0.3 && next > current {
			r.s.restore(r.undo)
			continue
		}
		current = next
		r.undo.restore(r.s)
		if next < best-1e-9 {
			best = next
			r.best.restore(r.s)
		}
	}
	r.s.Copy(r.best)
}

// restore makes s equal to o by moving the units that differ, which are few. Energies are
// taken over, so that they stay equal to the last bit.
func (s *State) restore(o *State) {
	for u := range s.place {
		if s.place[u] != o.place[u] {
			s.Remove(u)
		}
	}
	for u := range s.place {
		if s.place[u] != o.place[u] {
			s.Put(u, o.place[u])
		}
	}
	s.watt, s.wire = o.watt, o.wire
}

// ruin takes all units from one to four nodes that are awake, near each other or of one
// kind or any, and a few more units; and draws which nodes are liked better this time.
func (r *ruin) ruin() {
	r.out = r.out[:0]
	first := r.awake()
	r.empty(first)
	for range r.random.IntN(4) {
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
	for _, j := range r.zone {
		r.bonus[j] = 0
	}
	// A node that sleeps, or was just emptied, is woken up now and then although that
	// costs at first: its idle power counts nothing for the first unit.
	switch r.random.IntN(4) {
	case 0:
		j := r.zone[r.random.IntN(len(r.zone))]
		r.bonus[j] = r.v.Nodes[j].IdleW
	case 1:
		r.bonus[first] = -2 * r.v.Nodes[first].IdleW // and another one stays asleep
	}
}

// awake returns a random node that has units, or any node if none is found soon.
func (r *ruin) awake() int32 {
	j := int32(0)
	for range 20 {
		j = r.zone[r.random.IntN(len(r.zone))]
		if len(r.s.at[j]) > 0 {
			break
		}
	}
	return j
}

// related is larger for nodes between which units could be exchanged with profit: of one
// site, with links between their units, or of one kind.
func (r *ruin) related(j, k int32) float64 {
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

func (r *ruin) empty(j int32) {
	for len(r.s.at[j]) > 0 {
		r.take(r.s.at[j][len(r.s.at[j])-1])
	}
}

func (r *ruin) take(u int32) {
	if r.s.place[u].Node < 0 || r.s.gone[r.s.place[u].Node] {
		return
	}
	r.s.Remove(int(u))
	r.out = append(r.out, u)
}

// recreate puts the units that were taken out back, the larger ones first but for a random
// factor, each where its price is least.
func (r *ruin) recreate() {
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
		for _, j := range r.zone {
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
