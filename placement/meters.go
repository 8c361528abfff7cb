// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// meters is what one node counts of units, and what it holds them to.
//
// Limits are kept where messages enter: by the handle of a unit, at whatever node that is. A
// push passes three gates, and is charged at once with what pushes of the unit have used:
//
//	push ──> gate of the unit ──> share of its tenant at the owner's node ──> gate of the tenant ──> runtime
//	              ▲                         ▲                                       ▲
//	              └──── what was used: of this node's runtime, and of usage letters ┘
//
// What a push has used is counted by the owner. If that is this node, it is known within a tick;
// if not, with the owner's next usage letter, which it writes once per round to all who push
// into its units (see usage_letter.go). Until then the charge stands for it.
//
// A tenant's limits are of all its units on all nodes: each node holds its own pushes to what
// letters say of all of them together. Its share is divided by who pushes, for each owner's
// node apart: see [meter.Sharing]. Nobody coordinates this; where two nodes push into a third
// one, each of them shares the whole of it among the tenants, by the same virtual times.
type meters struct {
	self    sfaas.NodeID
	usage   *meter.Ledger
	tenants []meter.Tenant
	own     meter.Amounts // what this node has, per second

	look sync.Mutex // around reading a runtime's rows and taking them in: in order
	rows []sfaas.UnitStats

	mu       sync.Mutex
	units    map[gateName]*gated
	whole    map[string]*meter.Gate          // limits of tenants on all nodes together
	shares   map[sfaas.NodeID]*meter.Sharing // of tenants, by the node that does the work
	others   map[sfaas.NodeID]*otherMeter    // what other nodes tell
	accounts [2][]meter.Account              // scratch of tick
	rates    rates
	presumed map[shareName]float64         // pushes that will have been done by now
	refused  map[shareName]uint64          // pushes for the share of others, by the last tick
	wants    map[shareName]sfaas.Time      // when that was more than before
	began    chan struct{}                 // has room for one: there is something to hold to limits
	served   map[sfaas.NodeID][]servedSlot // outputs of slots that others have pushed
}

// gateName names the gate of what a deployment has under one key.
type gateName struct {
	deployment string
	root       sfaas.Key
}

// shareName names the share of a tenant at a node.
type shareName struct {
	node   sfaas.NodeID
	tenant string
}

// otherMeter is what another node has told of its meters.
type otherMeter struct {
	has   meter.Amounts // what it has, per second
	asOf  sfaas.Time    // when it looked at what it has told, by the clock of this node
	asked sfaas.Time    // when it last said that it pushes to here
	asks  sfaas.Time    // when this node last said so to it
	told  uint64        // version of the ledger up to which it has been told
	met   bool          // it has been told what others have used, too
	whole sfaas.Time    // when it was told everything that is this node's
}

// newMeters returns the meters of a node with so many cores.
func newMeters(self sfaas.NodeID, cfg *Config, cores int) (*meters, error) {
	m := &meters{
		self: self, usage: meter.NewLedger(self, cfg.Resources.Power, cores), tenants: slices.Clone(cfg.Tenants),
		units: map[gateName]*gated{}, whole: map[string]*meter.Gate{}, shares: map[sfaas.NodeID]*meter.Sharing{},
		others: map[sfaas.NodeID]*otherMeter{}, presumed: map[shareName]float64{}, refused: map[shareName]uint64{}, wants: map[shareName]sfaas.Time{}, began: make(chan struct{}, 1), served: map[sfaas.NodeID][]servedSlot{},
	}
	m.own[meter.CPU] = float64(cores)
	for _, l := range cfg.Resources.Links {
		if l.Up {
			m.own[meter.Transferred] += float64(l.BitsPerSecond) / 8
		}
	}
	if len(m.tenants) > 0 && !slices.ContainsFunc(m.tenants, func(t meter.Tenant) bool { return t.Name == "" }) {
		m.tenants = append(m.tenants, meter.Tenant{Weight: 1}) // who is nobody in particular
	}
	for _, t := range m.tenants {
		g, err := meter.NewGate(tenantName(t.Name), t.Limits, nil)
		if err != nil {
			return nil, err
		}
		m.whole[t.Name] = g
	}
	return m, nil
}

func tenantName(name string) string { return "tenant " + cmp.Or(name, "nobody") }

// knows reports whether a tenant may have units here: any may where none are named.
func (m *meters) knows(tenant string) bool { return len(m.tenants) == 0 || m.whole[tenant] != nil }

// survey reads what units of a deployment have used here into the ledger, and returns the rows,
// which are the caller's until the next call under look.
func (m *meters) survey(c carrier) []sfaas.UnitStats {
	m.rows = c.stats(m.rows[:0])
	tenant := c.spec().Tenant
	m.usage.Observe(c.name(), func(sfaas.Unit) string { return tenant }, m.rows)
	return m.rows
}

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
	for _, u := range units {
		all := m.usage.Total(resource.Owner{App: c.name(), Tenant: cfg.Tenant, Unit: u})
		g.began += all.Invocations
		owner := resource.Owner{App: c.name(), Tenant: cfg.Tenant, Unit: u}
		used := m.usage.Heard(owner)
		before.Add(&used)
		g.owners = append(g.owners, owner)
	}
	gate.Resume(before)
	if cfg.promises() {
		g.kept = newPromise(cfg.SLA, before.Slots)
	}
	m.units[name] = g
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
}

// Between two looks at what units have used: a slot, within these; and where there are none.
const (
	shortTick = time.Millisecond
	longTick  = 20 * time.Millisecond
	idleTick  = 5 * time.Millisecond
)

// run looks, settles and shares until ctx ends. It sleeps as long as nothing has a gate here.
func (m *meters) run(ctx context.Context) {
	for {
		pace := m.pace()
		if pace == 0 {
			select {
			case <-m.began:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(pace):
			m.tick(sfaas.Now())
		case <-ctx.Done():
			return
		}
	}
}

// pace returns how long a tick is, 0 for none.
func (m *meters) pace() (pace time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.units {
		tick := idleTick
		switch {
		case len(m.tenants) == 0 && !g.limited:
			tick = longTick
		case g.slot > 0:
			tick = min(max(g.slot, shortTick), longTick)
		}
		if pace == 0 || tick < pace {
			pace = tick
		}
	}
	return pace
}

// tick takes in what was used, and shares what there is. In this order:
//
//  1. The runtimes of this node are looked at: what units here have used is in the ledger.
//  2. The gate of each unit settles; if its owner has changed, it counts for another share.
//  3. The gates of tenants hear what all of their units have used, and each node is shared.
func (m *meters) tick(now sfaas.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.look.Lock()
	var done []carrier
	for _, g := range m.units {
		if slices.Contains(done, g.plane) {
			continue
		}
		done = append(done, g.plane)
		rows := m.survey(g.plane)
		for _, x := range m.units {
			if x.plane == g.plane {
				x.wait(rows, m.self)
			}
		}
	}
	m.look.Unlock()
	clear(m.presumed)
	for _, g := range m.units {
		m.settle(g, now)
	}
	if len(m.tenants) > 0 {
		m.share(now)
	}
}

// wait notes how much waits for units of this node.
func (g *gated) wait(rows []sfaas.UnitStats, self sfaas.NodeID) {
	for i, u := range g.units {
		for k := range rows {
			if rows[k].Unit == u && rows[k].Owned {
				g.waits[i] = rows[k].Queued
			}
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
	var total, all meter.Usage
	waiting := 0
	for i := range g.owners {
		used, ever := m.usage.Heard(g.owners[i]), m.usage.Total(g.owners[i])
		total.Add(&used)
		all.Add(&ever)
		waiting += g.waits[i]
	}
	_, taken := g.gate.Passed()
	g.marks.add(now, taken)
	done := g.done(now, taken, uint64(waiting), all.Invocations, m.others[owner], owner == m.self)
	if o := m.others[owner]; owner != m.self && o != nil {
		g.pace.told(o.asOf, done)
		m.presumed[shareName{owner, g.tenant}] += min(g.pace.since(now), float64(taken-done))
	}
	g.gate.Settle(now, total, int(taken-done))
	if g.kept != nil {
		g.kept.count(total.Slots)
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

// share lets tenants have what there is; m.mu is held.
func (m *meters) share(now sfaas.Time) {
	all := heard(m.usage.Tenants(m.accounts[0]))
	for _, a := range all {
		if g := m.whole[a.Tenant]; g != nil {
			g.Account(now, a.Usage)
		}
	}
	m.accounts[0] = all
	for node, s := range m.shares {
		for _, t := range m.tenants {
			s.Gate(t.Name).Presume(m.presumed[shareName{node, t.Name}])
		}
		there := heard(m.usage.TenantsOn(m.accounts[0], node))
		for _, a := range there {
			if g := s.Gate(a.Tenant); g != nil {
				g.Account(now, a.Usage)
			}
		}
		m.accounts[0], m.accounts[1] = there, heard(m.usage.TenantsOff(m.accounts[1], node))
		s.Tick(now, m.accounts[1])
		for _, t := range m.tenants {
			name := shareName{node, t.Name}
			if n := s.Gate(t.Name).Refused()[meter.NumQuantities]; n != m.refused[name] {
				m.refused[name], m.wants[name] = n, now
			}
		}
	}
}

// heard leaves of accounts what gates settle.
func heard(accounts []meter.Account) []meter.Account {
	for i := range accounts {
		accounts[i].Usage = accounts[i].Heard
	}
	return accounts
}

// Work of other nodes is counted some rounds later than that of this one, so more of it may be
// let in ahead.
const (
	ownWindow   = 4 * time.Millisecond
	otherWindow = 60 * time.Millisecond
)

// sharing returns how a node is shared by what is pushed from here; m.mu is held.
func (m *meters) sharing(node sfaas.NodeID) *meter.Sharing {
	if s := m.shares[node]; s != nil {
		return s
	}
	cfg := meter.SharingConfig{Window: otherWindow, Cluster: m.cluster(), Node: m.has(node)}
	if node == m.self {
		cfg.Window = ownWindow
	}
	for _, t := range m.tenants {
		cfg.Tenants = append(cfg.Tenants, meter.Tenant{Name: t.Name, Weight: t.Weight, Limits: meter.Limits{Class: t.Limits.Class}})
	}
	s, err := meter.NewSharing(cfg)
	if err != nil {
		panic(err) // names and weights have been validated
	}
	for _, t := range m.tenants {
		s.Gate(t.Name).Under(m.whole[t.Name])
	}
	m.shares[node] = s
	return s
}

// has returns what a node has, nothing if it has not told: then nothing there is scarce.
func (m *meters) has(node sfaas.NodeID) meter.Amounts {
	if node == m.self {
		return m.own
	}
	if o := m.others[node]; o != nil {
		return o.has
	}
	return meter.Amounts{}
}

// cluster returns what all nodes have.
func (m *meters) cluster() meter.Amounts {
	sum := m.own
	for _, o := range m.others {
		for q := range sum {
			sum[q] += o.has[q]
		}
	}
	return sum
}

// resize says anew what there is to share, since a node has come, gone or changed; m.mu is held.
func (m *meters) resize() {
	all := m.cluster()
	for node, s := range m.shares {
		s.Resize(all, m.has(node))
	}
}

// gone forgets a node, but for what it has used.
func (m *meters) gone(node sfaas.NodeID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.others, node)
	delete(m.served, node)
	m.resize()
}
