// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"time"

	"github.com/neuroran/neuroran/placement/plan"
)

// Result is what a run has shown. It is what placement/sim/cmd prints as JSON.
type Result struct {
	EnergyW        float64 `json:"energy_w"`          // in the end, above the sleep of all nodes
	BoundW         float64 `json:"bound_w"`           // no assignment can be below
	Placed         int     `json:"placed"`            // units
	Unplaced       int     `json:"unplaced"`          // units that no node has admitted
	Violations     int     `json:"sla_violations"`    // lines failed by the true state, per round
	SecondsSettle  float64 `json:"seconds_to_settle"` // until within 1 % of the end for good
	LettersPerS    float64 `json:"msgs_per_node_s"`   // letters per node and second
	Moves          int     `json:"moves"`             // of units from node to node
	Rejects        int     `json:"rejects"`           // leases that targets have refused
	ShieldRejects  int     `json:"shield_rejects"`    // plans that the shield has stopped
	CPUSeconds     float64 `json:"cpu_s"`             // of the process, for the whole run
	Day            *Day    `json:"-"`                 // of a run over a day
	Crashes        int     `json:"-"`                 // of nodes
	Retired        int     `json:"-"`                 // units that were taken out of service for a while
	Partitions     int     `json:"-"`                 // of zones
	PolicyErrors   int     `json:"-"`                 // choices in which the policy has failed
	VirtualSeconds float64 `json:"-"`                 // that have been simulated, per zone

	Assignments []Assignment `json:"-"` // in the end; of a day one per step
}

// Run deploys all units of an instance and runs its agents until nothing moves any more.
// Zones, which have nothing to do with each other, run one after the other.
func Run(cfg Config, in *plan.Instance) (*Result, error) {
	cfg, zones, err := prepare(cfg, in)
	if err != nil {
		return nil, err
	}
	begin := cpuTime()
	sum := &Result{BoundW: Bound(in)}
	assignment := Assignment{Seed: cfg.Seed}
	for _, zone := range zones {
		w, err := newWorld(cfg, zone)
		if err != nil {
			return nil, err
		}
		w.deploy()
		for w.now < sfaasTime(cfg.Most) && !(w.now.Sub(w.energy.moved) > cfg.Quiet && w.now > sfaasTime(cfg.Quiet) && cfg.Crash == 0 && cfg.Partition == 0 && cfg.Retire == 0) {
			w.run(cfg.Round)
			w.count.Violations += w.violations()
		}
		sum.add(w)
		assignment.add(w)
	}
	sum.finish(in, len(zones))
	assignment.EnergyW = sum.EnergyW
	sum.Assignments = []Assignment{assignment}
	sum.CPUSeconds = (cpuTime() - begin).Seconds()
	return sum, nil
}

// prepare checks what is to be run, and splits it into zones.
func prepare(cfg Config, in *plan.Instance) (Config, []*plan.Instance, error) {
	if err := cfg.Validate(); err != nil {
		return cfg, nil, err
	}
	if err := in.Validate(); err != nil {
		return cfg, nil, err
	}
	return cfg.defaults(in), split(in), nil
}

// deploy wishes every unit somewhere, in the course of the first second, each at a node of
// its own.
func (w *world) deploy() {
	for u := range w.scale {
		n := w.nodes[w.random.IntN(len(w.nodes))]
		w.wisher[u] = n.index
		w.after(time.Duration(w.random.Int64N(int64(time.Second))), func() {
			n.wish(u)
		})
	}
}

// add adds what one zone has shown.
func (r *Result) add(w *world) {
	r.EnergyW += w.truth.Energy()
	r.Placed += len(w.scale) - w.truth.Unplaced()
	r.Violations += w.count.Violations
	r.SecondsSettle = max(r.SecondsSettle, w.energy.settled().Seconds())
	r.Moves += w.count.Moves
	r.Rejects += w.count.Rejects
	r.ShieldRejects += w.count.ShieldRejects
	r.PolicyErrors += w.count.PolicyErrors
	r.Crashes += w.count.Crashes
	r.Retired += w.count.Retired
	r.Partitions += w.count.Partitions
	r.VirtualSeconds += time.Duration(w.now).Seconds()
	r.LettersPerS += float64(w.count.Letters) / time.Duration(w.now).Seconds()
}

func (r *Result) finish(in *plan.Instance, zones int) {
	r.Unplaced = len(in.Units) - r.Placed
	r.LettersPerS /= float64(len(in.Nodes))
	r.VirtualSeconds /= float64(zones)
}

// Bound returns watts below which no assignment of an instance can be: those that an exact
// solver has found, if the instance has them, and otherwise the sum of what each unit takes
// at least of any node, idle power by use.
func Bound(in *plan.Instance) float64 {
	if in.BoundW > 0 {
		return in.BoundW
	}
	v, err := plan.NewView(in)
	if err != nil {
		return 0
	}
	return v.Bound()
}
