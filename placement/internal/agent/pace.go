// SPDX-License-Identifier: Apache-2.0

package agent

// pace says when an agent thinks about its own units, besides once per Config.ThinkRounds.
//
// Who has led a stage of a plan goes on with the next one as soon as it may have heard in which
// modes the units work that have moved: until then the zone may take more than before, and
// others make other plans. Who was refused was in the way of another plan, as a rule: if all
// tried again in step they would be in each other's way for ever. So it waits for a time drawn at
// random, longer each time.
type pace struct {
	soon  uint64 // round in which it thinks anyway
	later uint64 // round before which it does not
	fails int    // deals in a row
}

// mostFails bounds how long an agent waits that was refused: that many times twice as long.
const mostFails = 3

// due reports whether the agent should think in this round.
func (a *Agent) due() bool {
	turn := (a.round+uint64(a.cfg.Node)*7)%uint64(a.cfg.ThinkRounds) == 0 // not all think in one round
	return a.round >= a.pace.later && (turn || a.round == a.pace.soon)
}

// thought takes in how a deal has ended of which this agent has thought itself.
func (a *Agent) thought(d *deal) {
	p := &a.pace
	if !d.failures() {
		p.soon, p.fails = a.round+uint64(a.turns()), 0
		return
	}
	p.fails = min(p.fails+1, mostFails)
	p.later = a.round + uint64(a.random(a.cfg.ThinkRounds<<p.fails))
}
