// SPDX-License-Identifier: Apache-2.0

package agent

import "slices"

// A unit that is out of service leaves a row without an owner. For a while that is needed: what
// is still under way and speaks of the owner before is refused by its epoch. It is not needed for
// ever, or an agent would grow with every unit that it has ever heard of:
//
//   - Nothing that agents do with each other waits for longer than a lease: a letter that comes
//     later finds no deal, and no lease, that it could be about.
//   - An owner that was cut off for longer, and still has the unit, hears from the runtime of
//     somebody else that it is out of service, when they meet again. Runtimes keep the epochs, and
//     a host says what its runtime knows with each Wish and each Retire. So a later owner gets a
//     newer epoch, whatever agents have forgotten.
//
// So a row that nobody owns, wants, has a lease for or deals with is forgotten when it has been so
// for the time of a lease. That time is counted in rounds: letters wait too, where a process is
// stopped and goes on. Who hears that a unit is out of service of which it has no row notes it, and
// does not pass it on: else those that have forgotten it, and those that have not, would tell each
// other for ever.

// forget looks at some rows per round, and at all of them within the time of a lease.
func (a *Agent) forget() {
	rounds := max(int(a.cfg.LeaseTTL/a.cfg.Round), 1)
	for range (len(a.units) + rounds - 1) / rounds {
		if a.hand++; a.hand >= len(a.units) {
			a.hand = 0
		}
		r, t := &a.units[a.hand], &a.spread[a.hand]
		switch {
		case r.Owner != 0 || t.left > 0 || a.needs(r.Unit):
			t.since = 0
		case t.since == 0 || t.epoch != r.Epoch:
			t.since, t.epoch = a.round, r.Epoch
		case a.round-t.since >= uint64(rounds):
			a.forgetUnit(a.hand)
			a.hand-- // another one is there now
		}
	}
}

// needs reports whether something here is about a unit.
func (a *Agent) needs(u UnitID) bool {
	return a.wishOf(u) != nil || a.retirementOf(u) != nil ||
		slices.ContainsFunc(a.holds, func(h *hold) bool { return h.item.Row.Unit == u }) ||
		slices.ContainsFunc(a.deals, func(d *deal) bool {
			return slices.ContainsFunc(d.items, func(it dealItem) bool { return it.Row.Unit == u })
		})
}

// forgetUnit removes a row; the last one takes its place.
func (a *Agent) forgetUnit(i int) {
	u, last := a.units[i].Unit, len(a.units)-1
	a.units[i], a.spread[i] = a.units[last], a.spread[last]
	a.place[a.units[i].Unit] = int32(i)
	a.units, a.spread = a.units[:last], a.spread[:last]
	delete(a.place, u)
	a.out = append(a.out, Effect{Kind: Forgot, Unit: u})
}
