// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/neuroran/neuroran/placement/internal/field"
)

// Bounds of what an instance may hold.
const (
	MaxNodes     = 1 << 20 // nodes
	MaxUnits     = 1 << 20 // units
	MaxLinks     = 1 << 21 // links
	MaxUnitLinks = 64      // links of one unit
	MaxModes     = 8       // modes of one unit
	MaxZones     = 1 << 16 // zones
)

// FieldError says which field of an instance is wrong: Field names it, such as
// "units[3].modes[0].work_us", Got is what it holds, and Want what it must hold.
type FieldError = field.Error

// checker keeps the first error of a series of checks. What a field is called is put together
// when it is wrong, and only then: views are made again and again.
type checker struct {
	err  error
	list string // to which the fields belong, "" for the instance itself
	i    int    // place there
	mode int    // of the unit, -1 for the unit itself
}

// in says to what the next fields belong.
func (c *checker) in(list string, i int) { c.list, c.i, c.mode = list, i, -1 }

func (c *checker) fail(name string, got any, want string) {
	if c.err != nil {
		return
	}
	if c.list != "" && c.mode >= 0 {
		name = fmt.Sprintf("modes[%d].%s", c.mode, name)
	}
	if c.list != "" {
		name = strings.TrimSuffix(fmt.Sprintf("%s[%d].%s", c.list, c.i, name), ".")
	}
	c.err = &FieldError{Of: "plan: instance", Field: name, Got: fmt.Sprint(got), Want: want}
}

// within demands least ≤ v ≤ most, which no NaN does.
func (c *checker) within(field string, v, least, most float64) {
	if c.err == nil && !(v >= least && v <= most) {
		c.fail(field, v, fmt.Sprintf("a number from %g to %g", least, most))
	}
}

// atMost bounds the length of a list.
func (c *checker) atMost(field string, n, most int) {
	if n > most {
		c.fail(field, n, fmt.Sprintf("at most %d", most))
	}
}

// Largest values that are taken for numbers and not for mistakes.
const (
	mostKM     = 1e5
	mostMicros = 1e9
	mostWatts  = 1e6
	mostMB     = 1e9
	mostRate   = 1e6
)

// Validate returns a [*FieldError] for the first field that makes no sense: numbers out of
// their range, names that are empty, used twice or not known, lists that are too long.
func (in *Instance) Validate() error {
	var c checker
	if in.Version != InstanceVersion {
		c.fail("version", in.Version, fmt.Sprint(InstanceVersion))
	}
	c.within("slot_us", in.SlotUS, 1, 1e6)
	c.atMost("nodes", len(in.Nodes), MaxNodes)
	c.atMost("units", len(in.Units), MaxUnits)
	c.atMost("links", len(in.Links), MaxLinks)
	if len(in.Nodes) == 0 {
		c.fail("nodes", "none", "one or more")
	}
	in.checkParameters(&c)
	in.checkNodes(&c)
	units := in.checkUnits(&c)
	in.checkLinks(&c, units)
	return c.err
}

func (in *Instance) checkParameters(c *checker) {
	c.within("hop.cpu_us", in.Hop.CPUMicros, 0, mostMicros)
	c.within("hop.cpu_us_per_kb", in.Hop.CPUMicrosPerKB, 0, mostMicros)
	c.within("hop.latency_us", in.Hop.LatencyMicros, 0, mostMicros)
	c.within("hop.latency_us_per_kb", in.Hop.LatencyMicrosPerKB, 0, mostMicros)
	c.within("hop.us_per_km", in.Hop.MicrosPerKM, 0, mostMicros)
	c.within("hop.nj_per_bit", in.Hop.NanojoulesPerBit, 0, mostMicros)
	c.within("limits.cpu", in.Limits.CPU, 0.01, 1)
	c.within("limits.accelerator", in.Limits.Accelerator, 0.01, 1)
	c.within("limits.margin_us", in.Limits.MarginMicros, 0, mostMicros)
	c.within("move.joules", in.Move.Joules, 0, mostMicros)
	c.within("move.fed_slots", in.Move.FedSlots, 0, mostMicros)
	c.within("move.horizon_s", in.Move.Horizon, 0, mostMicros)
	c.within("bound_w", in.BoundW, 0, math.MaxFloat64)
	c.within("best_w", in.BestW, 0, math.MaxFloat64)
}

func (in *Instance) checkNodes(c *checker) {
	seen := make(map[string]bool, len(in.Nodes))
	for i := range in.Nodes {
		n := &in.Nodes[i]
		c.in("nodes", i)
		if n.ID == "" || seen[n.ID] {
			c.fail("id", fmt.Sprintf("%q", n.ID), "a name that no other node has")
		}
		seen[n.ID] = true
		if n.Zone < 0 || n.Zone >= MaxZones {
			c.fail("zone", n.Zone, fmt.Sprintf("0 to %d", MaxZones-1))
		}
		c.within("x_km", n.X, -mostKM, mostKM)
		c.within("y_km", n.Y, -mostKM, mostKM)
		c.within("cores", n.Cores, 0.001, 1e5)
		c.within("speed", n.Speed, 0.001, 1000)
		c.within("memory_mb", n.Memory, 0, mostMB)
		c.within("sleep_w", n.SleepW, 0, mostWatts)
		c.within("idle_w", n.IdleW, n.SleepW, mostWatts)
		c.within("max_w", n.MaxW, n.IdleW, mostWatts)
		c.within("wake_joules", n.WakeJoules, 0, mostMicros)
		if a := n.Accelerator; a != nil {
			if a.Kind == "" || a.Kind == CPU {
				c.fail("accelerator.kind", fmt.Sprintf("%q", a.Kind), "a name other than cpu")
			}
			c.within("accelerator.idle_w", a.IdleW, 0, mostWatts)
			c.within("accelerator.max_w", a.MaxW, a.IdleW, mostWatts)
			c.within("accelerator.memory_mb", a.Memory, 0, mostMB)
		}
		if c.err != nil {
			return
		}
	}
}

// checkUnits returns the numbers of units by name.
func (in *Instance) checkUnits(c *checker) map[string]int {
	index := make(map[string]int, len(in.Units))
	for i := range in.Units {
		u := &in.Units[i]
		c.in("units", i)
		if _, twice := index[u.ID]; twice || u.ID == "" {
			c.fail("id", fmt.Sprintf("%q", u.ID), "a name that no other unit has")
		}
		index[u.ID] = i
		if u.Zone < 0 || u.Zone >= MaxZones {
			c.fail("zone", u.Zone, fmt.Sprintf("0 to %d", MaxZones-1))
		}
		c.within("x_km", u.X, -mostKM, mostKM)
		c.within("y_km", u.Y, -mostKM, mostKM)
		c.within("ingress_kb", u.IngressKB, 0, mostMB)
		c.within("egress_us", u.EgressMicros, 0, mostMicros)
		c.within("per_s", u.PerSecond, 0, mostRate)
		if rate := 1e6 / in.SlotUS; u.Slotted && math.Abs(u.PerSecond-rate) > 1e-6*rate {
			c.fail("per_s", u.PerSecond, fmt.Sprintf("%g, one per slot", rate))
		}
		c.within("deadline_us", u.Deadline, 0, mostMicros)
		c.within("memory_mb", u.Memory, 0, mostMB)
		for t, d := range u.Day {
			if !(d >= 0 && d <= 100) {
				c.within(fmt.Sprintf("day[%d]", t), d, 0, 100)
			}
		}
		if len(u.Day) != len(in.Units[0].Day) {
			c.fail("day", fmt.Sprintf("%d steps", len(u.Day)), fmt.Sprintf("%d as units[0] has", len(in.Units[0].Day)))
		}
		u.checkModes(c)
		if c.err != nil {
			return nil
		}
	}
	for i := range in.Units {
		c.in("units", i)
		for k, id := range in.Units[i].Apart {
			if other, known := index[id]; !known || other == i {
				c.fail(fmt.Sprintf("apart[%d]", k), fmt.Sprintf("%q", id), "the name of another unit")
			}
		}
	}
	return index
}

func (u *Unit) checkModes(c *checker) {
	if n := len(u.Modes); n == 0 || n > MaxModes {
		c.fail("modes", fmt.Sprintf("%d modes", n), fmt.Sprintf("1 to %d", MaxModes))
	}
	for k := range u.Modes {
		m := &u.Modes[k]
		c.mode = k
		if m.Kind == "" || slices.ContainsFunc(u.Modes[:k], func(o Mode) bool { return o.Kind == m.Kind }) {
			c.fail("kind", fmt.Sprintf("%q", m.Kind), "a kind that no other mode of the unit has")
		}
		c.within("work_us", m.WorkMicros, 0, mostMicros)
		c.within("quantile_us", m.QuantileMicros, 0, mostMicros)
		c.within("chain_us", m.ChainMicros, 0, mostMicros)
		c.within("accelerator_us", m.AcceleratorMicros, 0, mostMicros)
		c.within("accelerator_memory_mb", m.AcceleratorMemory, 0, mostMB)
		if m.Kind == CPU && (m.AcceleratorMicros != 0 || m.AcceleratorMemory != 0) {
			c.fail("accelerator_us", "use of an accelerator", "none in mode cpu")
		}
	}
}

func (in *Instance) checkLinks(c *checker, units map[string]int) {
	if c.err != nil {
		return
	}
	ends := make([]int, len(in.Units))
	pairs := make(map[[2]int]bool, len(in.Links))
	for i, l := range in.Links {
		c.in("links", i)
		from, known := units[l.From]
		if !known {
			c.fail("from", fmt.Sprintf("%q", l.From), "the name of a unit")
			return
		}
		to, known := units[l.To]
		if !known || to == from {
			c.fail("to", fmt.Sprintf("%q", l.To), "the name of another unit")
			return
		}
		if pairs[[2]int{from, to}] {
			c.fail("", fmt.Sprintf("%q to %q again", l.From, l.To), "one link from a unit to another")
		}
		pairs[[2]int{from, to}] = true
		if in.Units[from].Zone != in.Units[to].Zone {
			c.fail("to", fmt.Sprintf("%q", l.To), "a unit of the same zone")
		}
		c.within("kb", l.KB, 0, mostMB)
		c.within("per_s", l.PerSecond, 0, mostRate)
		for _, u := range []int{from, to} {
			if ends[u]++; ends[u] > MaxUnitLinks {
				c.list = ""
				c.fail("links", fmt.Sprintf("%d of unit %q", ends[u], in.Units[u].ID), fmt.Sprintf("at most %d", MaxUnitLinks))
			}
		}
	}
}
