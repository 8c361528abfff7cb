// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"cmp"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// Config says who an agent is and how it paces itself. Zero durations and counts mean the
// values that the fields name.
type Config struct {
	Node        NodeID // 1 to MaxNode
	Incarnation uint32 // above that of every earlier life of the node

	Round       time.Duration // between two Ticks; 20 ms
	Fanout      int           // nodes to which rows go per round; 3
	ReserveTTL  time.Duration // what a reserved lease holds without a Commit; 500 ms
	LeaseTTL    time.Duration // what a lease holds without being extended; 10 s
	Retry       time.Duration // after which a letter without an answer is sent again; 3 rounds
	Heartbeat   time.Duration // after which a row is told again, changed or not; 500 ms
	Grace       time.Duration // for standbys to claim before a wish places a unit anew; 1 s
	Settle      time.Duration // for which a unit that has moved is not moved again; 2 s
	ThinkRounds int           // rounds between two calls of Planner.Think; 0 never calls it
	Seed        uint64        // of the choice of nodes to tell

	Ledger  Ledger  // leases of this node
	Planner Planner // what would be good; nil asks nodes by number and never thinks
}

// Validate returns an error that names the first field which is out of its range.
func (c *Config) Validate() error {
	switch {
	case c.Node == 0 || c.Node > MaxNode:
		return fmt.Errorf("agent: node: got %d, want 1 to %d", c.Node, MaxNode)
	case c.Ledger == nil:
		return fmt.Errorf("agent: ledger: got none, want one")
	}
	for _, f := range []struct {
		name string
		d    time.Duration
	}{
		{"round", c.Round}, {"reserve ttl", c.ReserveTTL}, {"lease ttl", c.LeaseTTL}, {"retry", c.Retry},
		{"heartbeat", c.Heartbeat}, {"grace", c.Grace}, {"settle", c.Settle},
	} {
		if f.d < 0 {
			return fmt.Errorf("agent: %s: got %v, want 0 or more", f.name, f.d)
		}
	}
	if c.Fanout < 0 || c.ThinkRounds < 0 {
		return fmt.Errorf("agent: fanout and think rounds: got %d and %d, want 0 or more", c.Fanout, c.ThinkRounds)
	}
	return nil
}

// defaults returns c with a value where it has none.
func (c Config) defaults() Config {
	c.Round = cmp.Or(c.Round, 20*time.Millisecond)
	c.Fanout = cmp.Or(c.Fanout, 3)
	c.ReserveTTL = cmp.Or(c.ReserveTTL, 500*time.Millisecond)
	c.LeaseTTL = cmp.Or(c.LeaseTTL, 10*time.Second)
	c.Retry = cmp.Or(c.Retry, 3*c.Round)
	c.Heartbeat = cmp.Or(c.Heartbeat, 500*time.Millisecond)
	c.Grace = cmp.Or(c.Grace, time.Second)
	c.Settle = cmp.Or(c.Settle, 2*time.Second)
	return c
}

// Agent is the state of one node's agent. It is for one goroutine at a time.
type Agent struct {
	cfg   Config
	now   sfaas.Time
	round uint64
	rng   uint64
	out   []Effect // of the Step that runs

	nodes  []NodeRow // members that are there, by number; this one is among them
	peers  []peer    // what else is known of each of nodes
	units  []UnitRow // in no order
	spread []spread  // of each of units
	place  map[UnitID]int32
	rumor  rumors
	hand   int // place of the unit that forget has looked at last

	holds   []*hold
	deals   []*deal
	wishes  []*wish
	retires []*retirement
	number  uint64 // of the last deal

	drain drain
	pace  pace

	letters []*Letter // to be used again
	queue   []*Letter // to this node itself
	oldHold []*hold   // to be used again
	oldDeal []*deal
	order   []NodeID // scratch of candidates
	seen    []bool   // by place of a node, the same
	moves   []Move   // scratch of Think
}

// New returns an agent that knows nobody but itself.
func New(cfg Config) (*Agent, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	a := &Agent{cfg: cfg.defaults(), place: map[UnitID]int32{}}
	a.number = uint64(a.cfg.Incarnation) << 32
	a.rng = a.cfg.Seed ^ uint64(a.cfg.Node)*0x9e3779b97f4a7c15 | 1
	a.nodes = []NodeRow{{Node: a.cfg.Node, Incarnation: a.cfg.Incarnation, Version: 1}}
	a.peers = []peer{{}}
	return a, nil
}

// Step takes one event at a moment that is not before that of the last one, and appends
// what is to be done to effects. Letters among them are the caller's until it releases
// them. It does not allocate once its tables have grown to their size.
func (a *Agent) Step(now sfaas.Time, e *Event, effects []Effect) []Effect {
	a.now, a.out = max(now, a.now), effects
	switch e.Kind {
	case Tick:
		a.tick()
	case Arrived:
		a.receive(e.Letter)
	case MemberUp:
		a.memberUp(e.Node, e.Incarnation)
	case MemberSuspect:
		a.memberSuspect(e.Node)
	case MemberDown:
		a.memberDown(e.Node)
	case Wish:
		a.wish(e)
	case Stand:
		a.stands(e.Row.Unit, e.Token)
	case Withdraw:
		a.withdraw(e.Row.Unit, e.Token)
	case Retire:
		a.retire(e)
	case Owned:
		a.owned(e)
	case Routed:
		a.routed(e.Row.Unit, e.Node, e.Epoch)
	case Measured:
		a.measured(e.Row.Unit, &e.Row.Columns)
	case Changed:
		a.changed(e)
	case Outcome:
		a.outcome(e)
	case Drain:
		a.beginDrain()
	case Proposed:
		a.propose(e.Moves, forEnergy)
	case Relocate:
		a.relocate(e)
	}
	for len(a.queue) > 0 { // letters to this node itself
		l := a.queue[0]
		a.queue = a.queue[:copy(a.queue, a.queue[1:])]
		a.receive(l)
		l.Release()
	}
	effects, a.out = a.out, nil
	return effects
}

// View returns what the agent knows, until the next Step.
func (a *Agent) View() View { return View{Self: a.cfg.Node, Nodes: a.nodes, Units: a.units} }

// Leads returns how many deals the agent leads now.
func (a *Agent) Leads() int { return len(a.deals) }

// Wants returns how many units the host of this node wants in service.
func (a *Agent) Wants() int { return len(a.wishes) }

// Holds appends the items for which this node has granted leases: those that it is active
// for, or all.
func (a *Agent) Holds(dst []Item, all bool) []Item {
	for _, h := range a.holds {
		if all || h.state == active {
			dst = append(dst, h.item)
		}
	}
	return dst
}

// tick is a round: what has expired ends, what got no answer is sent again, and rows go
// round. Each part bounds what it does per round.
func (a *Agent) tick() {
	a.round++
	a.expire()
	a.pressDeals()
	a.pressRetirements()
	if a.round%repairRounds == uint64(a.cfg.Node)%repairRounds {
		a.repair()
		a.lookAfterWishes()
		a.goOnDraining()
	}
	a.refresh()
	a.forget()
	a.think()
	a.gossip()
}

// repairRounds is how many rounds lie between two looks at what is missing.
const repairRounds = 5

// receive handles a letter. What makes no sense is ignored: it is from another version, or
// too late.
func (a *Agent) receive(l *Letter) {
	switch l.Kind {
	case Gossip:
		a.hear(l)
	case Reserve:
		a.onReserve(l)
	case Commit:
		a.onCommit(l)
	case Abort:
		a.onAbort(l)
	case Order:
		a.onOrder(l)
	case Standing:
		a.onStanding(l)
	case Release:
		a.onRelease(l)
	case Reserved, Refused, Committed, Done:
		a.onAnswer(l)
	case Propose:
		a.propose(l.Moves, forEnergy)
	case End:
		a.onEnd(l)
	case Retired:
		a.onRetired(l)
	case Noted:
		a.onNoted(l)
	}
}

// send lets a letter go to a node.
func (a *Agent) send(to NodeID, l *Letter) {
	if to == a.cfg.Node {
		a.queue = append(a.queue, l)
		return
	}
	a.out = append(a.out, Effect{Kind: Send, Node: to, Letter: l})
}

// random returns a number below n.
func (a *Agent) random(n int) int {
	a.rng ^= a.rng << 13
	a.rng ^= a.rng >> 7
	a.rng ^= a.rng << 17
	return int(a.rng % uint64(n))
}
