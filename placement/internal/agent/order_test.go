// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// call is one call of a host that wants a unit in service, or out of it.
type call struct {
	unit       UnitID
	node       *worldNode
	token      uint64
	retire     bool
	begin, end uint64 // of all that happens; 0: it is under way
	ok         bool
}

// never is the end of a call that was given up: what it has begun may still come.
const never = math.MaxUint64

// calls is what the hosts of a world want, and in which order they were told that they have it.
type calls struct {
	*world
	all    []*call
	clock  uint64
	follow bool // somebody else wants the contrary as soon as a call is answered
}

func newCalls(t *testing.T, seed uint64, nodes, room int) *calls {
	c := &calls{world: newWorld(t, seed, nodes, room)}
	c.told = c.answered
	return c
}

func (c *calls) tick() uint64 { c.clock++; return c.clock }

// want begins a call at a node, and returns it.
func (c *calls) want(at NodeID, u UnitID, retire bool) *call {
	x := &call{unit: u, node: c.nodes[at], token: uint64(len(c.all) + 1), retire: retire, begin: c.tick()}
	if x.node.dead || len(x.node.agent.nodes) < c.alive() { // or others and it have not met
		return x
	}
	c.all = append(c.all, x)
	r := x.node.routes[u]
	e := Event{Kind: Wish, Row: UnitRow{Unit: u, Deployment: 64, Want: 1}, Name: fmt.Sprint(u), Token: x.token, Node: r.Owner, Epoch: r.Epoch}
	if retire {
		e.Kind = Retire
	}
	c.step(x.node, e)
	return x
}

func (c *calls) alive() (n int) {
	for _, o := range c.nodes {
		if !o.dead {
			n++
		}
	}
	return n
}

// answered takes in the answer to a call.
func (c *calls) answered(n *worldNode, e Effect) {
	if e.Token == 0 || int(e.Token) > len(c.all) {
		return
	}
	x := c.all[e.Token-1]
	if x.end != 0 {
		return
	}
	x.end, x.ok = c.tick(), len(e.Refusals) == 0
	if x.ok && !x.retire {
		c.step(n, Event{Kind: Stand, Row: UnitRow{Unit: x.unit}, Token: x.token})
	}
	if c.follow && c.rng.IntN(2) == 0 {
		at := NodeID(c.rng.IntN(len(c.nodes)) + 1)
		c.after(0, func() { c.want(at, x.unit, !x.retire) })
	}
}

// giveUp takes a call back.
func (c *calls) giveUp(x *call) {
	if x.end == 0 {
		x.end = never
		c.step(x.node, Event{Kind: Withdraw, Row: UnitRow{Unit: x.unit}, Token: x.token})
	}
}

// over ends all calls: what was under way at a node that has died, or was given up, is over
// after a quiet time.
func (c *calls) over() {
	c.t.Helper()
	now := c.tick()
	for _, x := range c.all {
		if x.end == 0 && !x.node.dead {
			c.t.Errorf("seed %d: unit %d: a call at node %d has no answer: %+v", c.seed, x.unit, x.node.id, *x)
		}
		if x.end == 0 || x.end == never {
			x.end = now
		}
	}
}

// inOrder checks that a unit is where its calls want it: of two calls one of which had been
// answered before the other one began, the later one counts.
func (c *calls) inOrder(u UnitID) {
	c.t.Helper()
	inService, wanted := false, false
	for _, n := range c.sorted() {
		if !n.dead {
			inService = inService || n.agent.activeHold(u, RoleOwner) != nil
			wanted = wanted || n.agent.wishOf(u) != nil
		}
	}
	for _, x := range c.all {
		counts := x.unit == u && x.ok && (x.retire || !x.node.dead && c.nodes[x.node.id] == x.node)
		for _, o := range c.all {
			counts = counts && (o.unit != u || o.retire == x.retire || o.end < x.begin)
		}
		if counts && (x.retire == inService || x.retire == wanted) {
			c.t.Errorf("seed %d: unit %d: in service %v, wanted %v, after %+v", c.seed, u, inService, wanted, *x)
			for _, o := range c.all {
				if o.unit == u {
					c.t.Logf("node %d, token %d, retire %v: %d to %d, ok %v", o.node.id, o.token, o.retire, o.begin, o.end, o.ok)
				}
			}
			return
		}
	}
	if inService {
		c.settled(1, u)
	}
}

// Units are wanted and taken out of service at any nodes, at once and one after the other, while
// they move, nodes die and come back, letters are lost and nothing gets across for a while. What
// was wanted after everything else had been answered is so in the end.
func TestOrderOfCalls(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c := newCalls(t, seed, 5, 10)
			c.delay = time.Duration(1+seed%6) * time.Millisecond
			c.run(200 * time.Millisecond)
			for range 6 {
				c.loss, c.follow = 0.1*float64(seed%3), true
				for range 8 + c.rng.IntN(12) {
					c.something()
					c.run(time.Duration(c.rng.IntN(4)*c.rng.IntN(60)) * time.Millisecond)
				}
				c.rest()
				for u := range UnitID(3) {
					c.inOrder(u + 1)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// something lets a random thing happen.
func (c *calls) something() {
	at, u := NodeID(c.rng.IntN(5)+1), UnitID(c.rng.IntN(3)+1)
	switch k := c.rng.IntN(20); {
	case k < 7:
		c.want(at, u, false)
	case k < 12:
		c.want(at, u, true)
	case k < 14 && len(c.all) > 0:
		c.giveUp(c.all[len(c.all)-1])
	case k < 16:
		c.step(c.nodes[at], Event{Kind: Relocate, Row: UnitRow{Unit: u, Deployment: 64}, Node: NodeID(c.rng.IntN(5) + 1), Name: fmt.Sprint(u), Token: 1 << 40})
	case k < 18 && c.parted == nil:
		cut := NodeID(c.rng.IntN(31) + 1)
		c.parted = func(a, b NodeID) bool { return cut>>(a-1)&1 != cut>>(b-1)&1 }
		c.after(time.Duration(c.rng.IntN(1000))*time.Millisecond, c.heal)
	case k >= 18 && !c.nodes[5].dead:
		c.die()
	}
}

// die lets node 5 die, and come back in another life.
func (c *calls) die() {
	n := c.nodes[5]
	c.crash(5)
	c.after(time.Duration(400+c.rng.IntN(1000))*time.Millisecond, func() { c.start(5, n.life+1, 10) })
}

// rest lets all that was begun come to its end.
func (c *calls) rest() {
	c.run(time.Second)
	c.follow, c.loss = false, 0
	c.heal()
	c.run(28 * time.Second)
	c.over()
}

// A unit goes out of service while a node is cut off, and is wanted there as soon as that has
// been answered; or it is wanted there, and goes out of service where nobody has heard of it. The
// node has not heard what has happened, and what was wanted last holds.
func TestOrderAcrossACut(t *testing.T) {
	for seed := range uint64(20) {
		c := newCalls(t, seed, 4, 8)
		c.run(200 * time.Millisecond)
		first := c.want(1, 1, false)
		c.run(time.Second)
		if !first.ok {
			t.Fatalf("seed %d: %+v", seed, *first)
		}
		c.parted = func(a, b NodeID) bool { return (a == 4) != (b == 4) }
		wanted := c.want(4, 2, false) // placed at node 4, which is all that is left there
		end := c.want(1+NodeID(seed%3), 1, true)
		c.run(time.Duration(c.rng.IntN(800)) * time.Millisecond)
		if end.end != 0 {
			t.Errorf("seed %d: out of service before node 4 knows: %+v", seed, *end)
		}
		c.heal()
		told := c.told
		c.told = func(n *worldNode, e Effect) {
			told(n, e)
			switch {
			case e.Token == end.token:
				c.after(0, func() { c.want(4, 1, false) })
			case e.Token == wanted.token && wanted.ok:
				c.after(0, func() { c.want(1, 2, true) })
			}
		}
		c.rest()
		if len(c.all) != 5 && wanted.ok || !end.ok {
			t.Errorf("seed %d: %d calls, %+v, %+v", seed, len(c.all), *wanted, *end)
		}
		c.inOrder(1)
		c.inOrder(2)
	}
}

// A letter that asks for the end of a unit's service and comes late, or twice, does not end what
// has come into service since.
func TestLateEnd(t *testing.T) {
	c := newCalls(t, 1, 3, 4)
	c.run(200 * time.Millisecond)
	row := func() UnitRow { return c.nodes[1].agent.units[c.nodes[1].agent.unit(1)] }
	c.want(1, 1, false)
	c.run(time.Second)
	late := RetireEpoch(row().Epoch, false)
	c.want(2, 1, true)
	c.run(time.Second)
	last := c.want(3, 1, false)
	c.run(time.Second)
	if !last.ok || row().Epoch <= late {
		t.Fatalf("%+v, the row is %+v", *last, row())
	}
	owner := c.nodes[row().Owner]
	for _, kind := range []Kind{End, Retired} {
		l := Letter{Kind: kind, From: owner.id%3 + 1, Incarnation: 1, Item: Item{Row: UnitRow{Unit: 1, Epoch: late}}}
		c.step(owner, Event{Kind: Arrived, Letter: &l})
		c.run(2 * time.Second)
		if owner.agent.activeHold(1, RoleOwner) == nil || c.nodes[3].agent.wishOf(1) == nil {
			t.Errorf("kind %d: a late letter has ended the service of a unit", kind)
		}
	}
}

// A unit that was placed for a call which was given up goes out of service once: when somebody
// else wants it, it stays.
func TestUndoneOnce(t *testing.T) {
	for seed := range uint64(20) {
		c := newCalls(t, seed, 4, 8)
		c.run(200 * time.Millisecond)
		x := c.want(1, 1, false)
		c.run(time.Duration(3000+seed*400) * time.Microsecond) // orders leave
		c.giveUp(x)
		c.run(time.Duration(c.rng.IntN(2000)) * time.Millisecond)
		c.want(2, 1, false)
		c.rest()
		c.inOrder(1)
		if n := len(c.epochs[1]); n > 2 {
			t.Errorf("seed %d: the unit was placed %d times: %v", seed, n, c.epochs[1])
		}
	}
}
