// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
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
// into its units (see usage_tell.go). Until then the charge stands for it.
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

	served *served

	look   sync.Mutex // around reading a runtime's rows and taking them in: in order
	rows   []sfaas.UnitStats
	queued map[sfaas.Unit]int // messages that wait for units of one deployment here: scratch of tick

	mu        sync.Mutex
	units     map[gateName]*gated
	whole     map[string]*meter.Gate          // limits of tenants on all nodes together
	shares    map[sfaas.NodeID]*meter.Sharing // of tenants, by the node that does the work
	others    map[sfaas.NodeID]*otherMeter    // what other nodes tell
	accounts  [2][]meter.Account              // scratch of tick
	inherited uint64                          // lost owners, one after the other
	rates     rates
	presumed  map[shareName]float64    // pushes that will have been done by now
	refused   map[shareName]uint64     // pushes for the share of others, by the last tick
	wants     map[shareName]sfaas.Time // when that was more than before
	began     chan struct{}            // has room for one: there is something to hold to limits
	lost      map[sfaas.NodeID]uint64  // owners whose last words this node has, as their standby: up to which life
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
	owed  bool          // it has not been told of an owner that was lost
}

// newMeters returns the meters of a node with so many cores.
func newMeters(self sfaas.NodeID, cfg *Config, cores int) (*meters, error) {
	m := &meters{
		self: self, usage: meter.NewLedger(self, cfg.Resources.Power, cores), tenants: slices.Clone(cfg.Tenants),
		queued: map[sfaas.Unit]int{}, units: map[gateName]*gated{}, whole: map[string]*meter.Gate{}, shares: map[sfaas.NodeID]*meter.Sharing{},
		others: map[sfaas.NodeID]*otherMeter{}, presumed: map[shareName]float64{}, refused: map[shareName]uint64{}, wants: map[shareName]sfaas.Time{}, began: make(chan struct{}, 1), served: newServed(), lost: map[sfaas.NodeID]uint64{},
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
		clear(m.queued)
		for _, s := range m.survey(g.plane) {
			if s.Owned {
				m.queued[s.Unit] = s.Queued
			}
		}
		for _, x := range m.units {
			if x.plane == g.plane {
				x.wait(m.queued)
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
