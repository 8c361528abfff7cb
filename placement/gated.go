// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// gated is what a deployment has under one key, as this node pushes into it.
type gated struct {
	gate    *meter.Gate
	plane   carrier // of the deployment
	slot    time.Duration
	limited bool
	tenant  string
	units   []sfaas.Unit
	owners  []resource.Owner // names of the units in the ledger
	waits   []int            // messages that wait for each of them, as last told
	at      sfaas.NodeID     // whose share its tenant's is
	began   uint64           // invocations before the gate
	lost    uint64           // pushes that have not become any, or more than one
	marks   marks
	pace    pace
	kept    *promise // nil if nothing is promised
}

// of returns the gate of what a deployment has under a key, nil if nothing is to be held or
// measured.
func (m *meters) of(c carrier, units []sfaas.Unit) (*gated, error) {
	cfg := c.spec()
	if !cfg.metered() && len(m.tenants) == 0 || len(units) == 0 {
		return nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	name := gateName{c.name(), units[0].Root}
	if g := m.units[name]; g != nil && g.plane == c {
		return g, nil
	}
	gate, err := meter.NewGate(c.name()+" "+units[0].Root.String(), cfg.Limits, m.whole[cfg.Tenant])
	if err != nil {
		return nil, err
	}
	g := &gated{gate: gate, plane: c, slot: cfg.Slot, limited: cfg.limited(), tenant: cfg.Tenant, units: units, waits: make([]int, len(units))}
	var before meter.Usage
	worked := uint64(0)
	for _, u := range units {
		owner := resource.Owner{App: c.name(), Tenant: cfg.Tenant, Unit: u}
		ever := m.usage.Account(owner)
		g.began += ever.Invocations
		worked = max(worked, ever.Slots)
		before.Add(&ever.Heard)
		g.owners = append(g.owners, owner)
	}
	gate.Resume(before)
	if cfg.promises() {
		g.kept = newPromise(cfg.SLA, worked)
	}
	m.units[name] = g
	m.keep()
	select {
	case m.began <- struct{}{}:
	default:
	}
	return g, nil
}

// forget ends the gates of a deployment that closes.
func (m *meters) forget(c carrier) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, g := range m.units {
		if g.plane == c {
			delete(m.units, name)
		}
	}
	m.keep()
}

// wait notes how much waits for units of this node.
func (g *gated) wait(queued map[sfaas.Unit]int) {
	for i, u := range g.units {
		if waiting, owned := queued[u]; owned {
			g.waits[i] = waiting
		}
	}
}

// settle tells the gate of a unit what was used; m.mu is held.
func (m *meters) settle(g *gated, now sfaas.Time) {
	owner := g.plane.route(g.units[0]).Owner
	if owner != 0 && owner != g.at && len(m.tenants) > 0 {
		g.at = owner
		g.gate.Under(m.sharing(owner).Gate(g.tenant))
	}
	var total meter.Usage
	waiting, invocations, worked := 0, uint64(0), uint64(0)
	for i := range g.owners {
		ever := m.usage.Account(g.owners[i])
		total.Add(&ever.Heard)
		invocations += ever.Invocations
		worked = max(worked, ever.Slots)
		waiting += g.waits[i]
	}
	_, taken := g.gate.Passed()
	g.marks.add(now, taken)
	done := g.done(now, taken, uint64(waiting), invocations, m.others[owner], owner == m.self)
	if o := m.others[owner]; owner != m.self && o != nil {
		g.pace.told(o.asOf, done)
		m.presumed[shareName{owner, g.tenant}] += min(g.pace.since(now), float64(taken-done))
	}
	g.gate.Settle(now, total, int(taken-done))
	if g.kept != nil {
		g.kept.count(worked)
	}
}

// done returns how many of the pushes that were let in are done, and counted in what is known: those
// that had been let in when the owner looked, but for what waited there. Each becomes an
// invocation at least, so there are no more of them than of those; what has not become any
// within some time was lost.
func (g *gated) done(now sfaas.Time, taken, waiting, invocations uint64, owner *otherMeter, here bool) uint64 {
	old := g.marks.at(now.Add(-forgetPush))
	counted := invocations - min(g.began, invocations) + g.lost
	if old > counted {
		g.lost += old - counted
		counted = old
	}
	switch {
	case here:
	case owner == nil:
		return old
	default:
		taken = g.marks.at(owner.asOf)
	}
	return max(min(taken-min(waiting, taken), counted), old)
}
