// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/placement/plan"
)

// Config says how to run an instance. Zero values mean what the fields name; [Run] sets
// them.
type Config struct {
	Policy  plan.Policy // orders the targets of units; best fit by energy if nil
	Planner bool        // each zone has a planner; without it agents look after themselves
	Seed    uint64      // of the network and of all choices

	Round       time.Duration // of agents; 20 ms
	Delay       time.Duration // of letters, mean; 1 ms
	Loss        float64       // share of letters that are lost
	Repeat      float64       // share of letters that come twice
	Partition   time.Duration // between two times that a zone is in two halves, a second each; 0 for none
	Crash       time.Duration // between two deaths of a node; 0 for none
	Retire      time.Duration // between two times that a unit goes out of service, for two seconds; 0 for none
	ThinkRounds int           // rounds between two thoughts of an agent; 25
	NodeBudget  int           // places that an agent prices per thought; 150 000
	PlanBudget  int           // places that a planner prices per thought; 1 000 000, of a day 100 000, and more as it finds nothing
	StepBudget  int           // places that are priced in search of the best state of a step, with which a day is compared; 300 000
	Hysteresis  float64       // watts that a plan must save per move; 0.1, in a day 2
	LeaseTTL    time.Duration // of leases; 10 s
	Rest        time.Duration // for which a unit that has moved is not moved again; 100 ms
	Eager       time.Duration // after a change in which a planner takes any saving; 12 s, in a day 1.2 s
	Reluctance  float64       // share of a zone's watts that a plan must save later; 0.05, in a day 0.5
	Settle      time.Duration // after a load step in which moves belong to the step; 2 s
	KillPlanner time.Duration // between two deaths of the planner; 0 for none
	Most        time.Duration // virtual time of a run without steps, at most; 30 s
	Quiet       time.Duration // without a move, after which a run is over; 3 s

	Slot time.Duration // of the instance
}

func (c Config) defaults(in *plan.Instance) Config {
	c.Round = cmp.Or(c.Round, 20*time.Millisecond)
	c.Delay = cmp.Or(c.Delay, time.Millisecond)
	c.ThinkRounds = cmp.Or(c.ThinkRounds, 25)
	c.NodeBudget = cmp.Or(c.NodeBudget, 150000)
	c.PlanBudget = cmp.Or(c.PlanBudget, 1000000)
	c.Hysteresis = cmp.Or(c.Hysteresis, 0.1)
	c.LeaseTTL = cmp.Or(c.LeaseTTL, 10*time.Second)
	c.Rest = cmp.Or(c.Rest, 100*time.Millisecond)
	c.Eager = cmp.Or(c.Eager, 12*time.Second)
	c.Reluctance = cmp.Or(c.Reluctance, 0.05)
	c.Settle = cmp.Or(c.Settle, 2*time.Second)
	c.Most = cmp.Or(c.Most, 30*time.Second)
	c.Quiet = cmp.Or(c.Quiet, 3*time.Second)
	c.Slot = cmp.Or(c.Slot, time.Duration(in.SlotUS*float64(time.Microsecond)))
	return c
}

// Validate returns an error that names the first field which is out of its range.
func (c *Config) Validate() error {
	for _, f := range []struct {
		name string
		d    time.Duration
	}{
		{"round", c.Round}, {"delay", c.Delay}, {"lease ttl", c.LeaseTTL}, {"rest", c.Rest}, {"settle", c.Settle}, {"eager", c.Eager},
		{"kill planner", c.KillPlanner}, {"partition", c.Partition}, {"crash", c.Crash}, {"retire", c.Retire}, {"most", c.Most}, {"quiet", c.Quiet}, {"slot", c.Slot},
	} {
		if f.d < 0 {
			return fmt.Errorf("sim: %s: got %v, want 0 or more", f.name, f.d)
		}
	}
	switch {
	case !(c.Loss >= 0 && c.Loss < 1):
		return fmt.Errorf("sim: loss: got %g, want 0 or more, and below 1", c.Loss)
	case !(c.Repeat >= 0 && c.Repeat <= 1):
		return fmt.Errorf("sim: repeat: got %g, want 0 to 1", c.Repeat)
	case c.ThinkRounds < 0 || c.NodeBudget < 0 || c.PlanBudget < 0 || c.StepBudget < 0:
		return errors.New("sim: think rounds, node budget, plan budget, step budget: want 0 or more")
	case !(c.Hysteresis >= 0 && c.Reluctance >= 0):
		return fmt.Errorf("sim: hysteresis and reluctance: got %g and %g, want 0 or more", c.Hysteresis, c.Reluctance)
	}
	return nil
}
