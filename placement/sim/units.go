// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/placement/plan"
)

// cellKind is a size of cell: what a slot of it takes, in microseconds of a core, and how
// large its samples (split 7.2 with block floating point) and soft bits are, in 1000 bytes.
type cellKind struct {
	name               string
	share              float64
	least, most        float64 // work per slot
	samples, soft      float64
	chain              float64 // shortest longest chain
	memory             float64
	deadline, loosened float64 // the shortest deadline, and how much longer it may be
}

func cellKinds() []cellKind {
	return []cellKind{
		{"cell-24", 0.3, 360, 480, 18, 28, 90, 256, 800, 700},
		{"cell-106", 0.4, 850, 1300, 80, 122, 140, 512, 900, 700},
		{"cell-273", 0.3, 1900, 2900, 205, 315, 200, 1024, 1100, 700},
	}
}

// units makes the units of the zone, and then scales their work so that it is as large as
// the load says.
func (g *generator) units(n int, load float64) {
	first := len(g.in.Units)
	for len(g.in.Units) < first+n {
		left := first + n - len(g.in.Units)
		// A cell, and as long as there is room what belongs to it.
		cell := g.cell(left >= 2 && g.random.Float64() < 0.15)
		left = first + n - len(g.in.Units)
		if left > 0 && g.random.Float64() < 0.15 {
			g.standby(cell)
			left--
		}
		if left > 0 && g.random.Float64() < 0.65 {
			g.follower(cell)
		}
	}
	g.scale(g.in.Units[first:], load)
}

func (g *generator) add(u plan.Unit) int {
	u.ID, u.Zone = fmt.Sprintf("u%d", len(g.in.Units)), g.zone
	g.in.Units = append(g.in.Units, u)
	return len(g.in.Units) - 1
}

// cell makes a cell at a radio site: one unit, or two that are cut at the soft bits. It
// returns the unit that has the blocks.
func (g *generator) cell(cut bool) int {
	draw, kinds, k := g.random.Float64(), cellKinds(), 0
	for draw >= kinds[k].share && k < len(kinds)-1 {
		draw -= kinds[k].share
		k++
	}
	c := kinds[k]
	site := g.sites[g.random.IntN(len(g.sites))]
	work, peak := g.between(c.least, c.most, 1), g.between(1.2, 1.5, 0.01)
	chain := g.between(c.chain, c.chain+80, 1)
	u := plan.Unit{
		Kind: c.name, X: round(site[0]+g.between(-3, 3, 0.1), 0.1), Y: round(site[1]+g.between(-3, 3, 0.1), 0.1),
		IngressKB: c.samples, EgressMicros: 30, PerSecond: 2000, Slotted: true,
		Deadline: round(c.deadline+g.random.Float64()*c.loosened, 0.1), Memory: c.memory, Day: g.day(),
	}
	// Decoding is 45 % of the work, and what a decoder card takes off the cores; a GPU
	// takes a further fifth.
	mode := func(share float64) []plan.Mode {
		whole := plan.Mode{Kind: plan.CPU, WorkMicros: work * share, QuantileMicros: work * share * peak, ChainMicros: chain * share}
		decode := work * 0.45
		rest := work*share - decode
		card := plan.Mode{
			Kind: "ldpc", WorkMicros: rest, QuantileMicros: rest * peak, ChainMicros: chain*share*0.6 + 30,
			AcceleratorMicros: decode * 0.06, AcceleratorMemory: 128,
		}
		rest = work*share*0.8 - decode*0.8
		gpu := plan.Mode{
			Kind: "gpu", WorkMicros: rest, QuantileMicros: rest * peak, ChainMicros: chain*share*0.6 + 40,
			AcceleratorMicros: decode * 0.12, AcceleratorMemory: 512,
		}
		return []plan.Mode{whole, card, gpu}
	}
	if !cut {
		u.Modes = mode(1)
		return g.add(u)
	}
	// The lower half has no use for a decoder; each half has a deadline of its own.
	low, high := u, u
	low.Kind, low.Modes = c.name+"-low", mode(0.5)[:1]
	low.Deadline, low.Memory = round(u.Deadline*0.75, 0.1), c.memory/2
	high.Kind, high.Modes = c.name+"-high", mode(0.5)
	high.X, high.Y, high.IngressKB = 0, 0, 0
	high.Deadline, high.Memory = round(u.Deadline*0.75, 0.1), c.memory/2
	from, to := g.add(low), g.add(high)
	g.link(from, to, c.soft, 2000)
	return to
}

// standby makes the prepared standby of a unit: memory, heartbeats, and another node.
func (g *generator) standby(of int) {
	u := g.in.Units[of]
	g.add(plan.Unit{
		Kind: "standby", PerSecond: 200, Deadline: 5000, EgressMicros: 30, Memory: u.Memory,
		Modes: []plan.Mode{{Kind: plan.CPU, WorkMicros: 40, QuantileMicros: 60, ChainMicros: 60}},
		Apart: []string{u.ID}, Day: u.Day,
	})
}

// follower makes a unit that works on what a cell gives: channel analytics, control, or
// an application of a user.
func (g *generator) follower(of int) {
	day := g.in.Units[of].Day
	u := plan.Unit{EgressMicros: 30, Day: day}
	kb := 0.0
	switch g.random.IntN(3) {
	case 0:
		work := g.between(1500, 2100, 1)
		u.Kind, u.PerSecond, u.Deadline, u.Memory, kb = "csi", 200, 10000, 256, 40
		u.Modes = []plan.Mode{
			{Kind: plan.CPU, WorkMicros: work, QuantileMicros: 1.3 * work, ChainMicros: work},
			{Kind: "gpu", WorkMicros: 60, QuantileMicros: 90, ChainMicros: 60, AcceleratorMicros: work / 40, AcceleratorMemory: 512},
		}
	case 1:
		work := g.between(4000, 6000, 1)
		u.Kind, u.PerSecond, u.Deadline, u.Memory, kb = "control", 100, 50000, 512, 10
		u.Modes = []plan.Mode{{Kind: plan.CPU, WorkMicros: work, QuantileMicros: 1.5 * work, ChainMicros: work}}
	default:
		work := g.between(45000, 75000, 1)
		u.Kind, u.PerSecond, u.Deadline, u.Memory, kb = "vision", 30, 100000, 2048, 250
		u.Modes = []plan.Mode{
			{Kind: plan.CPU, WorkMicros: work, QuantileMicros: 1.3 * work, ChainMicros: work / 4},
			{Kind: "gpu", WorkMicros: 900, QuantileMicros: 1200, ChainMicros: 900, AcceleratorMicros: work / 24, AcceleratorMemory: 2048},
		}
	}
	g.link(of, g.add(u), kb, u.PerSecond)
}

func (g *generator) link(from, to int, kb, perSecond float64) {
	in := g.in
	in.Links = append(in.Links, plan.Link{From: in.Units[from].ID, To: in.Units[to].ID, KB: kb, PerSecond: perSecond})
}

// day draws the load of a day: low at night, busy hours before noon and in the evening,
// each cell with hours and heights of its own. The largest factor is 1.
func (g *generator) day() []float64 {
	night := 0.12 + 0.1*g.random.Float64()
	noon, evening := 11+2*g.random.NormFloat64(), 19+1.5*g.random.NormFloat64()
	home := g.random.Float64() // how much of it is at home in the evening
	day := make([]float64, Steps)
	most := 0.0
	for t := range day {
		hour := float64(t) * 24 / Steps
		bump := func(at, width float64) float64 {
			d := math.Abs(hour - at)
			d = min(d, 24-d)
			return math.Exp(-d * d / (2 * width * width))
		}
		day[t] = night + (1-home)*bump(noon, 3.5) + home*bump(evening, 3) + 0.25*bump(15, 5)
		day[t] *= 1 + 0.04*g.random.NormFloat64()
		most = max(most, day[t])
	}
	for t := range day {
		day[t] = math.Max(0.01, round(day[t]/most, 0.001))
	}
	return day
}

// scale multiplies the work of the units so that the whole, on processors alone, is the
// given share of what the zone's processors may be busy.
func (g *generator) scale(units []plan.Unit, load float64) {
	sum := 0.0
	for i := range units {
		sum += units[i].Modes[0].WorkMicros * units[i].PerSecond * 1e-6
	}
	factor := load * g.in.Limits.CPU * g.cores / sum
	for i := range units {
		for k := range units[i].Modes {
			m := &units[i].Modes[k]
			m.WorkMicros = round(m.WorkMicros*factor, 0.01)
			m.QuantileMicros = round(m.QuantileMicros*factor, 0.01)
			m.AcceleratorMicros = round(m.AcceleratorMicros*factor, 0.01)
			m.ChainMicros = round(m.ChainMicros, 0.01)
		}
	}
}
