// SPDX-License-Identifier: Apache-2.0

package agent

import "math/bits"

// Rows spread as rumours do. A row that is news to an agent goes, for a few rounds, to a
// few members chosen anew in each; so it reaches n of them in about log n rounds, and each
// hears it a few times. Rows that nobody sends any more cost nothing. A row that was lost
// on all ways comes with the next heartbeat of who says it.

// rumors is the rows that are still being told, in three lines: of nodes, of units of which
// something has changed, and of units of which nothing has. What has changed does not wait for
// heartbeats, of which there are many in a large zone.
type rumors struct {
	nodes       line[NodeID]
	news, beats line[UnitID]
}

// line is rows that wait, first come first served, by the names of what they are of.
type line[T any] struct {
	rows []T
	head int
}

func (r *line[T]) add(x T) {
	if r.head > 0 && len(r.rows) == cap(r.rows) {
		r.rows = r.rows[:copy(r.rows, r.rows[r.head:])]
		r.head = 0
	}
	r.rows = append(r.rows, x)
}

// take returns the first one, of which there is one.
func (r *line[T]) take() (x T) {
	x = r.rows[r.head]
	r.head++
	return x
}

func (r *line[T]) len() int { return len(r.rows) - r.head }

// spread is how often the row of a unit is still told, and since when it need not be kept.
type spread struct {
	left  uint8
	news  bool   // it waits in the line of news, and not in that of heartbeats
	epoch uint32 // under which nobody owned or wanted the unit
	since uint64 // round in which that was seen first; 0: it was not
}

// turns returns for how many rounds a row is told: with three listeners per round, nine
// in ten thousand members of a zone of 200 miss it, until its next heartbeat.
func (a *Agent) turns() uint8 { return uint8(1 + (bits.Len(uint(len(a.nodes)))+2)/3) }

func (a *Agent) spreadNode(i int) {
	if a.peers[i].spare == 0 {
		a.rumor.nodes.add(a.nodes[i].Node)
	}
	a.peers[i].spare = a.turns()
}

// spreadUnit lets the row of a unit be told, as news or as a heartbeat. Where nobody is to be told
// it does not wait: who comes is introduced.
func (a *Agent) spreadUnit(i int32, news bool) {
	t := &a.spread[i]
	switch {
	case len(a.nodes) == 1:
		return
	case news && !t.news:
		a.rumor.news.add(a.units[i].Unit) // where it waits as a heartbeat, it is passed over
		t.news = true
	case !news && t.left == 0:
		a.rumor.beats.add(a.units[i].Unit)
	}
	t.left = a.turns()
}

// gossip tells a few members what is new.
func (a *Agent) gossip() {
	n := min(a.cfg.Fanout, len(a.nodes)-1)
	if n <= 0 || a.rumor.nodes.len()+a.rumor.news.len()+a.rumor.beats.len() == 0 {
		return
	}
	l := a.letter(Gossip, n)
	a.gossipNodes(l)
	a.gossipUnits(l, &a.rumor.news, true)
	a.gossipUnits(l, &a.rumor.beats, false)
	// Members in a row from a random one on are as good as members chosen one by one, since
	// the next round begins elsewhere.
	for i, sent := a.random(len(a.nodes)), 0; sent < n; i++ {
		if to := a.nodes[i%len(a.nodes)].Node; to != a.cfg.Node {
			a.out = append(a.out, Effect{Kind: Send, Node: to, Letter: l})
			sent++
		}
	}
}

func (a *Agent) gossipNodes(l *Letter) {
	for waiting := a.rumor.nodes.len(); waiting > 0 && len(l.Nodes) < MaxRows; waiting-- {
		x := a.rumor.nodes.take()
		i, ok := a.at(x)
		if !ok {
			continue // it is gone
		}
		l.Nodes = append(l.Nodes, a.nodes[i])
		if a.peers[i].spare--; a.peers[i].spare > 0 {
			a.rumor.nodes.add(x)
		}
	}
}

func (a *Agent) gossipUnits(l *Letter, from *line[UnitID], news bool) {
	for waiting := from.len(); waiting > 0 && len(l.Units) < MaxRows; waiting-- {
		u := from.take()
		i, ok := a.place[u]
		if !ok {
			continue // it is forgotten
		}
		t := &a.spread[i]
		if t.news != news || t.left == 0 {
			continue
		}
		l.Units = append(l.Units, a.units[i])
		if t.left--; t.left > 0 {
			from.add(u)
			continue
		}
		t.news = false
	}
}

// introduce tells a member that is new all that this node is the source of: its own row,
// those of the units that it owns, and of those that are out of service, which nobody else is.
func (a *Agent) introduce(to NodeID) {
	self, _ := a.at(a.cfg.Node)
	l := a.letter(Gossip, 1)
	l.Nodes = append(l.Nodes, a.nodes[self])
	for i := range a.units {
		if r := &a.units[i]; r.Owner != a.cfg.Node && (r.Owner != 0 || r.Epoch == 0) {
			continue
		}
		if len(l.Units) == MaxRows {
			a.send(to, l)
			l = a.letter(Gossip, 1)
		}
		l.Units = append(l.Units, a.units[i])
	}
	a.send(to, l)
}

// hear takes in the rows of a letter.
func (a *Agent) hear(l *Letter) {
	for i := range l.Nodes {
		r := &l.Nodes[i]
		at, ok := a.at(r.Node)
		if !ok || r.Node == a.cfg.Node || !r.newerThan(&a.nodes[at]) {
			continue
		}
		if r.Incarnation > a.nodes[at].Incarnation {
			a.memberUp(r.Node, r.Incarnation)
			at, _ = a.at(r.Node)
		}
		a.nodes[at] = *r
		a.spreadNode(at)
	}
	for i := range l.Units {
		if r := &l.Units[i]; a.knowsBetter(r) {
			a.tellOne(l.From, &a.units[a.place[r.Unit]])
			continue
		}
		a.hearUnit(&l.Units[i])
	}
}

// hearUnit takes in what the owner of a unit says of it.
func (a *Agent) hearUnit(r *UnitRow) {
	i, ok := a.place[r.Unit]
	if ok && !r.newerThan(&a.units[i]) {
		return
	}
	if r.Owner == a.cfg.Node && r.Life == a.cfg.Incarnation {
		return // this node knows better
	}
	i = a.unit(r.Unit)
	news := a.units[i]
	news.Version = r.Version
	a.letGo(r.Unit, r.Owner, r.Epoch)
	a.units[i] = *r
	if ok || r.Owner != 0 { // else there is nothing here that it could end, nor, by and by, anywhere: see forget
		a.spreadUnit(i, news != *r)
	}
	if r.Owner == 0 {
		a.ended(i)
	} else {
		a.stand(r)
	}
	a.heard(r.Unit)
}

// unit returns the place of a unit among the rows, which it gets if it has none.
func (a *Agent) unit(id UnitID) int32 {
	i, ok := a.place[id]
	if !ok {
		i = int32(len(a.units))
		a.units, a.spread = append(a.units, UnitRow{Unit: id}), append(a.spread, spread{})
		a.place[id] = i
	}
	return i
}

// tellUnit lets everybody know the row of a unit that this node owns as it is now.
func (a *Agent) tellUnit(i int32) {
	a.units[i].Version++
	a.spreadUnit(i, true)
}

// refresh tells the rows of this node and of its units again, once per heartbeat.
func (a *Agent) refresh() {
	if i, _ := a.at(a.cfg.Node); a.now.Sub(a.peers[i].told) >= a.cfg.Heartbeat {
		a.tellNode(i)
	}
	for _, h := range a.holds {
		if h.state == active && h.item.Role == RoleOwner && a.now.Sub(h.told) >= unitHeartbeat*a.cfg.Heartbeat {
			h.told = a.now
			i := a.unit(h.item.Row.Unit)
			a.units[i].Version++
			a.spreadUnit(i, false)
		}
	}
}
