// SPDX-License-Identifier: Apache-2.0

package agent

// think asks the planner, once in a while, what would be good, and leads it if nothing
// else is under way.
func (a *Agent) think() {
	if a.cfg.ThinkRounds == 0 || a.cfg.Planner == nil || a.drain.on || len(a.deals) > 0 || !a.due() {
		return
	}
	v := a.View()
	a.moves = a.cfg.Planner.Think(a.moves[:0], a.now, &v)
	a.propose(a.moves, forThought)
}

// propose leads moves as one deal: all targets admit them, or nothing moves. A proposal
// that is out of date is dropped as a whole: what it would save was counted with all of it.
//
// A move of a standby is its owner's to do, by itself: nothing is served or lost by it.
func (a *Agent) propose(moves []Move, why purpose) {
	if len(moves) == 0 || len(moves) > MaxMoves || len(a.deals) >= MaxDeals {
		return
	}
	for _, m := range moves {
		if !a.sensible(m) {
			return
		}
	}
	d := a.newDeal(why, 0)
	for _, m := range moves {
		r := &a.units[a.place[m.Unit]]
		switch h := a.activeHold(m.Unit, RoleOwner); {
		case r.Owner == m.From:
			d.add(r, RoleOwner, m.To, 0, a.nameOf(m.Unit))
		case h != nil:
			a.replaceStandby(h, m.From, m.To)
		default:
			l := a.letter(Propose, 1)
			l.Moves = append(l.Moves, m)
			a.send(r.Owner, l)
		}
	}
	if len(d.items) == 0 {
		a.oldDeal = append(a.oldDeal, d)
		return
	}
	a.begin(d)
}

// sensible reports whether a proposed move is of what there is, and not too soon after the
// last one.
func (a *Agent) sensible(m Move) bool {
	i, ok := a.place[m.Unit]
	if !ok || m.To == m.From || !a.open(m.To) {
		return false
	}
	r := &a.units[i]
	if !a.served(r) || (r.Owner != m.From && r.StandsBy(m.From) < 0) {
		return false
	}
	h := a.activeHold(m.Unit, RoleOwner)
	return h == nil || (h.leaving == (DealID{}) && a.now.Sub(h.settled) >= a.cfg.Settle)
}

// relocate leads a move that the host wants.
func (a *Agent) relocate(e *Event) {
	r := &a.units[a.unit(e.Row.Unit)]
	say := func(line, got, want string) {
		a.out = append(a.out, Effect{Kind: Placed, Unit: e.Row.Unit, Name: e.Name, Token: e.Token, Refusals: []Refusal{{e.Node, line, got, want}}})
	}
	switch {
	case !a.served(r):
		say("owner", "none", "one that can give the unit away")
	case r.Owner == e.Node:
		a.out = append(a.out, Effect{Kind: Placed, Unit: e.Row.Unit, Name: e.Name, Token: e.Token, Node: r.Owner, Epoch: r.Epoch})
	case !a.open(e.Node):
		say("state", "not a member, or draining", "open")
	default:
		d := a.newDeal(forHost, e.Row.Unit)
		d.token = e.Token
		d.add(r, RoleOwner, e.Node, 0, e.Name)
		a.begin(d)
	}
}

// relocated answers the host.
func (a *Agent) relocated(d *deal) {
	it := &d.items[0]
	e := Effect{Kind: Placed, Unit: d.unit, Name: it.Name, Token: d.token}
	if it.state == itemDone {
		e.Node, e.Epoch = it.To, it.Row.Epoch+1
	} else {
		e.Refusals = []Refusal{it.refusal}
	}
	a.out = append(a.out, e)
}

// nameOf returns the name of a unit that this node owns, or "": then its owner names it.
func (a *Agent) nameOf(u UnitID) string {
	if h := a.activeHold(u, RoleOwner); h != nil {
		return h.item.Name
	}
	return ""
}
