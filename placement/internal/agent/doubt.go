// SPDX-License-Identifier: Apache-2.0

package agent

// Who owns a unit is told by its owner, over and over; what an owner says that dies soon after
// may not have reached everybody. A node that has not heard of the last owner takes the one
// before for the owner: that one lives, and never says otherwise, since it says nothing of
// units that it has given away. If just this node has the unit's wish, nobody serves it for
// ever: others know that the owner is gone, and want nothing; this one wants the unit, and
// takes it for served.
//
// So who has a wish counts how long the owner has been silent. After some heartbeats it tells
// the owner what it takes for true. An owner knows how that is wrong, as it has given the unit
// away, or was told who has claimed it, and answers with what it knows; from there on it goes
// as with any unit whose owner is gone. If it has the unit, its next heartbeat is the answer.

// doubtAfter is how many heartbeats of a unit's row may be missed.
const doubtAfter = 3

// unitHeartbeat is how many of Config.Heartbeat lie between two of a unit's row: units change
// less than nodes.
const unitHeartbeat = 4

// heard notes that a unit's owner has been heard of.
func (a *Agent) heard(u UnitID) {
	if w := a.wishOf(u); w != nil {
		w.heard = a.now
	}
	a.fulfil(u)
}

// doubt asks the owner of a wish's unit that has been silent for too long.
func (a *Agent) doubt(w *wish, r *UnitRow) {
	if r.Owner == a.cfg.Node || a.now.Sub(w.heard) < doubtAfter*unitHeartbeat*a.cfg.Heartbeat {
		return
	}
	w.heard = a.now // it is asked again if it stays silent
	a.tellOne(r.Owner, r)
}

// tellOne tells one node the row of a unit.
func (a *Agent) tellOne(to NodeID, r *UnitRow) {
	l := a.letter(Gossip, 1)
	l.Units = append(l.Units, *r)
	a.send(to, l)
}

// knowsBetter reports whether a row takes this node for the owner of a unit of which it knows
// a newer one.
func (a *Agent) knowsBetter(r *UnitRow) bool {
	i, ok := a.place[r.Unit]
	if !ok || r.Owner != a.cfg.Node {
		return false
	}
	o := &a.units[i]
	return o.Owner != a.cfg.Node && newer(o.Epoch, o.Owner, r.Epoch, r.Owner)
}
