// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"math"
	"slices"
)

// choice is a search for the modes in which units of one node take least together: branch and
// bound, units that win most by the accelerator for their share of it first. What is left is
// bounded as if it could be on the accelerator in part (Dantzig, Discrete-Variable Extremum
// Problems, 1957).
type choice struct {
	view  *View
	node  int32
	units []choices
	rest  []Load // by unit: what it and those after it, and what the node holds, take at least
	here  Load   // of units whose mode is not to choose
	now   []int8 // by unit: the way that is tried
	best  []int8 // by unit: the way of the best solution
	least float64
	found bool
	left  int // steps that may still be done
	back  []Move
}

// mostSteps bounds a search: nodes with more units than about a dozen settle for what is found
// until then.
const mostSteps = 2000

// choices is a unit, and the ways in which it may work at a node.
type choices struct {
	unit  int32
	n     int // number of ways
	ways  [MaxModes]way
	plain float64 // watts of the best way without the accelerator, infinite for none
	wins  float64 // watts that the best one with it takes less
	share float64 // of the accelerator, for that
}

// way is one mode of a unit at a node.
type way struct {
	mode  int8
	load  Load
	watts float64 // of processors and accelerator, without idle power
}

// begin takes in the units of a node whose modes are to choose, and one that comes, -1 for none.
func (c *choice) begin(s *State, j int32, units []int32, comes int) {
	c.view, c.node = s.view, j
	c.units, c.rest, c.now, c.best = c.units[:0], c.rest[:0], c.now[:0], c.best[:0]
	c.here = s.base[j]
	for _, u := range s.at[j] {
		if !slices.Contains(units, u) {
			one := s.own[u]
			s.addHops(u, j, &one)
			c.here.add(&one)
		} else {
			c.add(s, u)
		}
	}
	if comes >= 0 {
		c.add(s, int32(comes))
	}
	slices.SortFunc(c.units, func(a, b choices) int { // whoever foresees it must not depend on the order in which units came
		return cmp.Or(cmp.Compare(b.wins*max(a.share, 1e-12), a.wins*max(b.share, 1e-12)), cmp.Compare(a.unit, b.unit))
	})
	held := NoLoad()
	if s.anchored && len(s.homes[j]) > 0 {
		if held = s.held[j]; comes >= 0 && s.home[comes].Node == j {
			held = s.heldAt(j, int32(comes))
		}
	}
	c.rest = append(c.rest, held)
	for i := range c.units {
		least := c.units[len(c.units)-1-i].least()
		least.add(&held)
		held = least
		c.rest = append(c.rest, held)
	}
	slices.Reverse(c.rest)
	c.now = append(c.now, make([]int8, len(c.units))...)
	c.best = append(c.best, c.now...)
}

// add adds a unit with all ways in which it can meet its own deadline.
func (c *choice) add(s *State, u int32) {
	v, j := s.view, c.node
	n := &v.Nodes[j]
	o := choices{unit: u, plain: math.Inf(1)}
	quick := math.Inf(1)
	for mode := range v.Units[u].Modes {
		p := Place{j, int8(mode)}
		if !v.allows(u, j, p.Mode) || !s.ownLine(int(u), p).OK() {
			continue
		}
		w := way{mode: p.Mode, load: v.own(u, j, p.Mode)}
		s.addHops(u, j, &w.load)
		w.watts = (n.MaxW - n.IdleW) * w.load.CPU / n.Cores
		if w.load.AcceleratorUnits == 0 {
			o.plain = min(o.plain, w.watts)
		} else if w.watts += (n.Accelerator.MaxW - n.Accelerator.IdleW) * w.load.Accelerator; w.watts < quick {
			quick, o.share = w.watts, w.load.Accelerator
		}
		i := o.n
		o.ways[i], o.n = w, o.n+1
		for ; i > 0 && o.ways[i].watts < o.ways[i-1].watts; i-- {
			o.ways[i], o.ways[i-1] = o.ways[i-1], o.ways[i]
		}
	}
	o.wins = o.plain - quick
	c.units = append(c.units, o)
}

// has reports whether a mode is one of the ways.
func (o *choices) has(mode int8) bool {
	return slices.ContainsFunc(o.ways[:o.n], func(w way) bool { return w.mode == mode })
}

// least returns what a unit takes at least, line by line.
func (o *choices) least() Load {
	l := NoLoad()
	for i := range o.n {
		w := o.ways[i].load
		if i == 0 {
			l = w
			continue
		}
		l.CPU, l.Memory, l.SlotMicros = min(l.CPU, w.CPU), min(l.Memory, w.Memory), min(l.SlotMicros, w.SlotMicros)
		l.Accelerator, l.AcceleratorMemory = min(l.Accelerator, w.Accelerator), min(l.AcceleratorMemory, w.AcceleratorMemory)
		l.AcceleratorMicros, l.AcceleratorUnits = min(l.AcceleratorMicros, w.AcceleratorMicros), min(l.AcceleratorUnits, w.AcceleratorUnits)
		l.Slack, l.AcceleratorSlack = max(l.Slack, w.Slack), max(l.AcceleratorSlack, w.AcceleratorSlack)
	}
	return l
}

// search looks for modes that take less than known, and reports whether there are any.
func (c *choice) search(known float64) bool {
	c.least, c.found, c.left = known, false, mostSteps
	c.from(0, c.here)
	return c.found
}

// from tries all ways of the units from number i on, beside what those before take.
func (c *choice) from(i int, load Load) {
	if c.left--; c.left < 0 {
		return
	}
	all := load
	all.add(&c.rest[i])
	if line, _, _ := c.view.over(c.node, &all); line != "" {
		return
	}
	if i == len(c.units) {
		if watts := c.view.watts(c.node, &load); watts < c.least {
			c.least, c.found = watts, true
			copy(c.best, c.now)
		}
		return
	}
	if c.bound(i, &load) >= c.least {
		return
	}
	for k := range c.units[i].n {
		w := &c.units[i].ways[k]
		next := load
		next.add(&w.load)
		c.now[i] = int8(k)
		c.from(i+1, next)
	}
}

// bound returns watts that no choice for the units from number i on is below.
func (c *choice) bound(i int, load *Load) float64 {
	n := &c.view.Nodes[c.node]
	watts := n.IdleW - n.SleepW + (n.MaxW-n.IdleW)*load.CPU/n.Cores
	room := 0.0
	if a := n.Accelerator; a != nil {
		room = max(c.view.Limits.Accelerator*(1+tolerance)-load.Accelerator, 0)
		if watts += (a.MaxW - a.IdleW) * load.Accelerator; load.AcceleratorUnits > 0 {
			watts += a.IdleW
		}
	}
	for k := i; k < len(c.units); k++ {
		o := &c.units[k]
		switch {
		case o.n == 0:
			return math.Inf(1)
		case o.n > 2 || math.IsInf(o.plain, 1):
			watts += o.ways[0].watts
		case o.wins <= 0:
			watts += o.plain
		case o.share <= room:
			watts += o.plain - o.wins
			room -= o.share
		default:
			watts += o.plain - o.wins*room/o.share
			room = 0
		}
	}
	return watts
}

// apply lets the units work as the best solution says, but for one that is not there yet, and
// returns what has changed. It holds until the next call.
func (c *choice) apply(s *State, comes int) []Move {
	c.back = c.back[:0]
	for i := range c.units {
		u := int(c.units[i].unit)
		if u == comes {
			continue
		}
		if m := (Move{u, s.place[u], c.placeOf(u)}); m.From != m.To {
			c.back = append(c.back, m)
		}
	}
	for _, m := range c.back {
		s.Put(m.Unit, m.To)
	}
	return c.back
}

// placeOf returns the place of a unit in the best solution.
func (c *choice) placeOf(u int) Place {
	i := slices.IndexFunc(c.units, func(o choices) bool { return int(o.unit) == u })
	return Place{c.node, c.units[i].ways[c.best[i]].mode}
}
