// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"cmp"
	"time"

	"github.com/neuroran/neuroran/placement/plan"
)

// Day is what a run over a day has shown: kilowatt-hours above the sleep of all nodes, and
// those of others for the same day.
type Day struct {
	KWh              float64 // of the run, with what moves and waking up take
	KWhMoves         float64 // the part of it that moves and waking up take
	KWhStatic        float64 // of the best placement for the peak of every unit, for the whole day
	KWhMostAllocated float64 // of MostAllocated, run anew at each step, moves for nothing
	KWhAllOn         float64 // of the static placement with every node awake
	KWhCentral       float64 // of ruin and recreate that sees everything, run at each step, moves for nothing
	MovesPerUnitHour float64 // outside the settling of load steps
	AllPerUnitHour   float64 // all of them
	SettleWorst      float64 // seconds, of the steps but the first
	SettleP50        float64 // seconds
}

// stepTime is the length of a step of a day.
const stepTime = 24 * time.Hour / Steps

// RunDay runs an instance over its day. In each step agents are told beforehand what their
// units will need until the end of the next one, the larger of both, as a forecast would
// tell them: so a step in load finds room, and what is to be done for the one after has a
// quarter of an hour. A step is simulated until it is quiet, and counts with its length.
func RunDay(cfg Config, in *plan.Instance) (*Result, error) {
	eager := cfg.Eager
	cfg.Hysteresis, cfg.Reluctance = cmp.Or(cfg.Hysteresis, 2), cmp.Or(cfg.Reluctance, 0.5)
	if cfg.PlanBudget == 0 {
		cfg.PlanBudget = 100000 // of each of a hundred steps
	}
	cfg, zones, err := prepare(cfg, in)
	if err != nil {
		return nil, err
	}
	v, err := plan.NewView(in)
	if err != nil {
		return nil, err
	}
	begin := cpuTime()
	steps := max(v.Steps(), 1)
	sum := &Result{Day: new(Day), Assignments: make([]Assignment, steps)}
	for t := range sum.Assignments {
		step := t
		sum.Assignments[t] = Assignment{Seed: cfg.Seed, Step: &step}
	}
	var settled []float64
	for _, zone := range zones {
		w, err := newWorld(cfg, zone)
		if err != nil {
			return nil, err
		}
		for t := range steps {
			if w.cfg.Eager = cfg.Eager; t > 0 && eager == 0 {
				w.cfg.Eager = 1200 * time.Millisecond
			}
			w.daytime(t, steps)
			if t == 0 {
				w.count.LateMoves = 0 // deploying is no load step
			} else {
				settled = append(settled, w.energy.settled().Seconds())
			}
			a := &sum.Assignments[t]
			a.add(w)
			a.EnergyW += w.truth.Energy()
		}
		sum.add(w)
		sum.Day.KWh += (w.energy.joules + w.energy.extra) / 3.6e6
		sum.Day.KWhMoves += w.energy.extra / 3.6e6
		sum.Day.MovesPerUnitHour += float64(w.count.LateMoves)
		sum.Day.AllPerUnitHour += float64(w.count.Moves)
	}
	hours := float64(len(in.Units)) * 24 * float64(steps) / Steps
	sum.Day.MovesPerUnitHour /= hours
	sum.Day.AllPerUnitHour /= hours
	sum.Day.SettleP50, sum.Day.SettleWorst = quantile(settled, 0.5), quantile(settled, 1)
	sum.SecondsSettle = sum.Day.SettleWorst
	sum.finish(in, len(zones))
	sum.BoundW = Bound(in)
	sum.CPUSeconds = (cpuTime() - begin).Seconds()
	sum.Day.compare(v, in, cmp.Or(cfg.StepBudget, stepBudget))
	return sum, nil
}

// daytime simulates a step of the day until it is quiet, and counts the rest of it.
func (w *world) daytime(t, steps int) {
	day := func(u, t int) float64 {
		if d := w.view.Units[u].Day; len(d) > 0 {
			return d[t%len(d)]
		}
		return 1
	}
	for u := range w.load {
		w.load[u] = day(u, t)
		w.scale[u] = max(day(u, t), day(u, t+1))
	}
	for u := range w.load {
		w.truth.Put(u, w.truth.Place(u))
	}
	begin := w.now
	w.energy.changed(w)
	w.energy.begin(w)
	if t == 0 {
		w.deploy()
	}
	w.after(0, func() {
		for _, n := range w.nodes {
			n.announced()
		}
	})
	quiet, least := w.cfg.Quiet/2, w.cfg.Settle+w.cfg.Settle/4
	for w.now.Sub(begin) < w.cfg.Most && !(w.now.Sub(w.energy.moved) > quiet && w.now.Sub(begin) > least) {
		w.run(w.cfg.Round)
		w.count.Violations += w.violations()
	}
	w.energy.joules += w.energy.watts * (stepTime - w.now.Sub(begin)).Seconds()
}

// Places that the searches price with which a day is compared: for the peak, and usually per
// step.
const (
	peakBudget = 5000000
	stepBudget = 300000
)

// compare computes what others would take for the same day.
func (d *Day) compare(v *plan.View, in *plan.Instance, perStep int) {
	zones, ruiner := zonesOf(in), plan.NewRuiner(v)
	search := func(s *plan.State, budget int, seed uint64) {
		(&plan.Choice{Policy: plan.Amortised()}).PlaceAll(s)
		for _, zone := range zones {
			ruiner.Zone(s, zone, budget, seed)
		}
	}
	static := plan.NewState(v.Peak())
	search(static, peakBudget, 1)
	idle := 0.0
	for j := range v.Nodes {
		if static.Load(j).Units == 0 {
			idle += v.Nodes[j].IdleW - v.Nodes[j].SleepW
		}
	}
	for t := range max(v.Steps(), 1) {
		hours := stepTime.Hours() / 1000
		now := plan.NewState(v.At(t))
		for u := range v.Units {
			now.Put(u, static.Place(u))
		}
		d.KWhStatic += now.Energy() * hours
		d.KWhAllOn += (now.Energy() + idle) * hours
		now.Reset(v.At(t))
		(&plan.Choice{Policy: plan.MostAllocated()}).PlaceAll(now)
		d.KWhMostAllocated += now.Energy() * hours
		now.Reset(v.At(t))
		search(now, perStep, uint64(t))
		d.KWhCentral += now.Energy() * hours
	}
}

// zonesOf returns the zones of an instance.
func zonesOf(in *plan.Instance) (zones []int) {
	for _, zone := range split(in) {
		zones = append(zones, zone.Nodes[0].Zone)
	}
	return zones
}
