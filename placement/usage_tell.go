// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"maps"
	"slices"
	"time"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Who tells whom, and how often. A node tells once per round all who have pushed into its units
// lately, since their gates wait for it, and, if tenants share the zone, some members in turns;
// without tenants each member about once per second. It tells of its own units; only who is met for
// the first time hears of all others too, since they may have ended.
const (
	askFor      = 3 * time.Second // for which who has pushed is told
	askEvery    = time.Second / 2 // at least, while it pushes
	tellTenants = 4               // members per round, in turns
	wholeEvery  = 5 * time.Second // everything is told again, in case a letter was lost
)

// tellUsage writes the usage letters of a round.
func (n *Node) tellUsage(now sfaas.Time) {
	m := n.meters
	n.mu.Lock()
	members := n.sortedLinks()
	carriers := n.sortedCarriers()
	n.mu.Unlock()
	for _, c := range carriers {
		c.readNotes()
	}
	if len(members) == 0 {
		return
	}
	turns := min(len(members), tellTenants)
	if len(m.tenants) == 0 {
		turns = int((time.Duration(len(members))*n.cfg.Round + time.Second - 1) / time.Second)
		if n.tellTurn++; len(members)*int(n.cfg.Round) < int(time.Second) && n.tellTurn%uint64(max(1, int(time.Second/n.cfg.Round)/len(members))) != 0 {
			turns = 0
		}
	}
	to := map[sfaas.NodeID]bool{}
	for range turns {
		to[members[n.tellNext%len(members)]] = true
		n.tellNext++
	}
	pushes := m.pushes()
	var asked []sfaas.NodeID
	m.mu.Lock()
	for _, id := range members {
		o := m.other(id)
		if o.asked > 0 && now.Sub(o.asked) < askFor {
			asked, to[id] = append(asked, id), true
		}
		if m.served.waits(id) || o.owed || (pushes[id] && now.Sub(o.asks) > askEvery) {
			to[id] = true
		}
		if now.Sub(o.whole) > wholeEvery {
			o.whole, o.told = now, 0
		}
	}
	m.mu.Unlock()
	for _, c := range carriers {
		c.pushedBy(asked)
	}
	if len(to) == 0 {
		return
	}
	waiting := map[resource.Owner]int{}
	m.look.Lock()
	for _, c := range carriers {
		for _, s := range m.survey(c) {
			if s.Owned {
				waiting[resource.Owner{App: c.name(), Tenant: c.spec().Tenant, Unit: s.Unit}] = s.Queued
			}
		}
	}
	m.look.Unlock()
	looked := sfaas.Now()
	for id := range to {
		n.tellOne(id, now, looked, pushes[id], waiting)
	}
}

// tellOne writes to one member: what is new to it, as far as there is room; the rest follows.
func (n *Node) tellOne(to sfaas.NodeID, now, looked sfaas.Time, pushes bool, waiting map[resource.Owner]int) {
	m := n.meters
	m.mu.Lock()
	o := m.other(to)
	after := o.told
	wants := m.wanted(now)
	met, lost, inherited := o.met, maps.Clone(m.lost), m.inherited
	m.mu.Unlock()
	served := m.served.take(to)
	rows, version := n.rowsFor(met, lost, after)
	l := usageLetter{incarnation: n.incarnation, pushes: pushes, has: m.own, age: sfaas.Now().Sub(looked)}
	bytes := 0
	flush := func(last bool) bool {
		if last {
			l.served, l.wants = served, wants
			for i := range l.served {
				l.served[i].age = sfaas.Now().Sub(l.served[i].at)
			}
		}
		b, err := l.append(nil)
		if err == nil {
			err = n.push(to, classUsage, b)
		}
		l.rows, bytes = l.rows[:0], 0
		return err == nil
	}
	sent := true
	for i := range rows {
		x := usageRow{Row: rows[i]}
		if x.Node == n.id {
			x.waiting = min(waiting[x.Owner], maxWaiting)
		}
		l.rows = append(l.rows, x)
		if bytes += 160 + len(x.Owner.App) + len(x.Owner.Tenant) + len(x.Owner.Unit.Part); len(l.rows) == maxUsageRows || bytes > maxUsageBytes {
			sent = flush(false) && sent
		}
	}
	if sent = flush(true) && sent; !sent {
		return // it is told again
	}
	m.mu.Lock()
	o = m.other(to)
	if m.inherited == inherited { // else it has to be told of what has come meanwhile
		o.told, o.met, o.owed = version, true, false
	}
	if pushes {
		o.asks = now
	}
	m.mu.Unlock()
}

// rowsFor returns what a member is to hear that has been told up to a version: of its own if they
// have met, and of lost owners whose last words this node has.
func (n *Node) rowsFor(met bool, lost map[sfaas.NodeID]uint64, after uint64) ([]meter.Row, uint64) {
	usage := n.meters.usage
	if !met {
		return usage.Rows(nil, after)
	}
	rows, version := usage.RowsOn(nil, n.id, after)
	for node, life := range lost {
		begun := len(rows)
		rows, _ = usage.RowsOn(rows, node, after)
		rest := slices.DeleteFunc(rows[begun:], func(r meter.Row) bool { return r.Life > life })
		rows = rows[:begun+len(rest)]
	}
	return rows, version
}

// wantFor is for how long a share counts as wanted after a push was refused for it: some letters.
const wantFor = 100 * time.Millisecond

// wanted returns the shares for which pushes were refused lately; m.mu is held.
func (m *meters) wanted(now sfaas.Time) (all []shareName) {
	for name, at := range m.wants {
		if now.Sub(at) < wantFor && len(all) < maxUsageWants && len(name.tenant) <= maxName {
			all = append(all, name)
		}
	}
	return all
}

// pushes returns the nodes that own what has a gate here.
func (m *meters) pushes() map[sfaas.NodeID]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	to := map[sfaas.NodeID]bool{}
	for _, g := range m.units {
		for _, u := range g.units {
			to[g.plane.route(u).Owner] = true
		}
	}
	return to
}

// other returns what is known of another node's meters; m.mu is held.
func (m *meters) other(node sfaas.NodeID) *otherMeter {
	o := m.others[node]
	if o == nil {
		o = &otherMeter{}
		m.others[node] = o
	}
	return o
}

// inherit lets this node tell all others what a lost node had used: they have not heard its last
// words. What a later life of it uses it says by itself.
func (m *meters) inherit(node sfaas.NodeID) {
	rows, _ := m.usage.RowsOn(nil, node, 0)
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range rows {
		m.lost[node] = max(m.lost[node], rows[i].Life)
	}
	m.inherited++
	for _, o := range m.others {
		o.told, o.owed = 0, true
	}
}

// readUsage takes in a letter of a member.
func (n *Node) readUsage(from sfaas.NodeID, b []byte) {
	l, err := parseUsage(b)
	if err != nil {
		n.log.Warn("placement: what a node says of usage cannot be read", "from", from, "err", err)
		return
	}
	if from == n.id || !n.trusts(from, l.incarnation) {
		return
	}
	n.meters.take(from, l, sfaas.Now())
	n.mu.Lock()
	carriers := n.sortedCarriers()
	n.mu.Unlock()
	for i := range l.rows {
		for _, c := range carriers {
			if row := &l.rows[i].Row; row.Node == from && row.Owner.App == c.name() {
				c.covered(row)
			}
		}
	}
}

// take takes in what another node has told at a moment.
func (m *meters) take(from sfaas.NodeID, l *usageLetter, now sfaas.Time) {
	rows := make([]meter.Row, len(l.rows))
	for i := range l.rows {
		rows[i] = l.rows[i].Row
	}
	m.usage.Merge(rows)
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.other(from)
	o.asOf = max(o.asOf, now.Add(-l.age))
	if l.pushes {
		o.asked = now
	}
	if o.has != l.has {
		o.has = l.has
		m.resize()
	}
	for i := range l.rows {
		if x := &l.rows[i]; x.Node == from {
			if g := m.units[gateName{x.Owner.App, x.Owner.Unit.Root}]; g != nil {
				for k := range g.owners {
					if g.owners[k] == x.Owner {
						g.waits[k] = x.waiting
					}
				}
			}
		}
	}
	for _, w := range l.wants {
		if s := m.shares[w.node]; s != nil {
			s.Rival(w.tenant, now.Add(wantFor))
		}
	}
	for _, s := range l.served {
		if p := m.served.promise(s.promiseName); p != nil {
			p.service.Done(s.slot, now.Add(-s.age))
		}
	}
}
