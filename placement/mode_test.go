// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// modes is what nodes have told programs about the modes of their units.
type modes struct {
	mu   sync.Mutex
	told map[sfaas.NodeID][]string
}

func (m *modes) option(n *Node) DeployOption {
	return WithMode(func(_ sfaas.Unit, kind string) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.told[n.ID()] = append(m.told[n.ID()], kind)
	})
}

// last returns what a node has told last, or "-" for nothing.
func (m *modes) last(n sfaas.NodeID) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if all := m.told[n]; len(all) > 0 {
		return all[len(all)-1]
	}
	return "-"
}

// say lets the owner of a unit say what the unit takes, as if it had been measured: so the test
// does not depend on how fast the machine is. A unit that rests is not measured.
func (z *zone) say(owner *Node, d *Deployment, u sfaas.Unit, work float32) {
	z.t.Helper()
	row, err := owner.row(d, u)
	if err != nil {
		z.t.Fatal(err)
	}
	owner.mu.Lock()
	row.Columns[unitMode] = float32(owner.modes[row.Unit])
	owner.mu.Unlock()
	row.Columns[unitWork], row.Columns[unitQuantile], row.Columns[unitRate] = work, 1.2*work, 1000
	owner.post(agent.Event{Kind: agent.Measured, Row: row})
}

// TestAcceleratorOfAnotherNode has two nodes, the second of which has declared an accelerator. A
// unit that can work with it, and comes to take much, goes there and is told to; its lease
// covers a part of the device. When it takes little again, it leaves the device, which costs
// more than it saves then.
func TestAcceleratorOfAnotherNode(t *testing.T) {
	z := &zone{t: t}
	z.join(nil)
	z.join(func(c *Config) {
		c.Resources.Accelerators = []resource.Accelerator{{ID: "gpu-0", Kind: "gpu", Memory: 1 << 30, Power: resource.PowerModel{IdleWatts: 1, BusyWatts: 2}}}
	})
	for _, n := range z.nodes {
		z.await(n, 2)
	}
	spec := Spec{
		Unit: sfaas.KindCell, Slot: time.Millisecond, SLA: SLA{Deadline: time.Millisecond},
		Modes: []Mode{{Accelerator: resource.AcceleratorNeed{Kind: "gpu", Share: 100, Memory: 1 << 20}, Work: 0.1}},
	}
	sums, told := newSums(t), &modes{told: map[sfaas.NodeID][]string{}}
	var deps []*Deployment
	for _, n := range z.nodes {
		d, err := n.Deploy(sums.app, spec, told.option(n))
		if err != nil {
			t.Fatal(err)
		}
		deps = append(deps, d)
	}
	u := sfaas.Unit{Part: "add", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	if err := deps[0].Unit(u.Root).Ensure(z.context()); err != nil {
		t.Fatal(err)
	}
	owner := func() sfaas.NodeID { return deps[0].route(u).Owner }
	if owner() != 1 {
		t.Errorf("the unit begins at node %d, want 1: both take the same for it", owner())
	}
	// gpu says how much of a device the lease of the unit covers.
	gpu := func() (share resource.Milli) {
		for _, l := range z.nodes[1].Report().Leases {
			for i, a := range l.Need.Accelerators {
				if l.On[i] == 0 && a.Kind == "gpu" {
					share += a.Share
				}
			}
		}
		return share
	}
	z.say(z.nodes[0], deps[0], u, 700)
	z.eventually(func() string {
		if owner() == 2 && told.last(2) == "gpu" && gpu() == 100 {
			return ""
		}
		return fmt.Sprintf("the unit is at node %d, told %q, its lease has %v of the device", owner(), told.last(2), gpu())
	})
	if told.last(1) != "" {
		t.Errorf("node 1 has told %q, want processors alone", told.last(1))
	}
	z.say(z.nodes[1], deps[1], u, 1)
	z.nodes[1].measure() // at once, not in a second
	z.eventually(func() string {
		if owner() == 2 && told.last(2) == "" && gpu() == 0 {
			return ""
		}
		return fmt.Sprintf("the unit is at node %d, told %q, its lease has %v of the device", owner(), told.last(2), gpu())
	})
}

// TestModesRefused looks at modes that cannot be.
func TestModesRefused(t *testing.T) {
	gpu := resource.AcceleratorNeed{Kind: "gpu", Share: 100}
	for _, c := range []struct {
		field string
		spec  Spec
	}{
		{"placement.Spec.Modes", Spec{Modes: make([]Mode, MaxModes+1)}},
		{"placement.Spec.Modes", Spec{Modes: []Mode{{gpu, 1}}, Needs: resource.Need{Accelerators: []resource.AcceleratorNeed{gpu}}}},
		{"placement.Spec.Modes[0].Work", Spec{Modes: []Mode{{Accelerator: gpu}}}},
		{"placement.Spec.Modes[1].Accelerator.Kind", Spec{Modes: []Mode{{gpu, 1}, {gpu, 0.5}}}},
	} {
		c.spec.Unit = sfaas.KindCell
		var option *sfaas.OptionError
		if err := c.spec.Validate(newSums(t).app); !errors.As(err, &option) || option.Option != c.field {
			t.Errorf("%s: %v", c.field, err)
		}
	}
	var field *resource.FieldError
	bad := Spec{Unit: sfaas.KindCell, Modes: []Mode{{resource.AcceleratorNeed{}, 1}}}
	if err := bad.Validate(newSums(t).app); !errors.As(err, &field) {
		t.Errorf("a mode without a kind: %v", err)
	}
}
