// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/sfaas"
)

// world is one zone: its agents, as they are, the network between them, and what is true.
// Agents see nothing of the truth but their own nodes. Everything happens at a moment of
// virtual time, in the order of a queue; equal seeds give equal histories.
type world struct {
	cfg    Config
	view   *plan.View // of the zone, at the load that is announced
	random *rand.Rand
	now    sfaas.Time
	queue  queue
	order  uint64
	nodes  []*node

	scale  []float64             // by unit: the load that is announced, which admission counts with
	load   []float64             // by unit: the load that is there
	truth  *plan.State           // where units are, at the load that is there
	owner  []int32               // by unit: its owner, -1 for nobody
	epoch  []uint32              // by unit: of its owner
	wisher []int32               // by unit: the node at which it is fed
	ending []int32               // by unit: the node that takes it out of service, -1 for none
	think  *thinker              // what all agents of this world think with, one after another
	seat   *seat                 // the planner
	parted func(a, b int32) bool // while the zone is in two halves

	count  Counts
	energy meter
}

// Counts is what has happened in a run.
type Counts struct {
	Letters       uint64 // that agents have sent
	Ticks         uint64 // rounds of all nodes
	Moves         int    // units that have gone from one node to another
	LateMoves     int    // moves outside the settling of a load step, see Config.Settle
	Rejects       int    // leases that a target has refused
	ShieldRejects int    // plans that a shield has stopped
	Crashes       int    // of nodes
	Partitions    int    // of the zone
	Retired       int    // units that were taken out of service
	PolicyErrors  int    // choices that best fit made as the policy failed
	Violations    int    // lines that the true state has failed, counted once per round and line
}

// newWorld starts the agents of a zone, which know each other, and no unit.
func newWorld(cfg Config, in *plan.Instance) (*world, error) {
	v, err := plan.NewView(in)
	if err != nil {
		return nil, err
	}
	if len(in.Nodes) > int(agent.MaxNode) {
		return nil, fmt.Errorf("sim: zone %d: got %d nodes, want at most %d", in.Nodes[0].Zone, len(in.Nodes), agent.MaxNode)
	}
	w := &world{
		cfg: cfg, random: rand.New(rand.NewPCG(cfg.Seed, uint64(in.Nodes[0].Zone)+1000)),
		scale: make([]float64, len(in.Units)), load: make([]float64, len(in.Units)),
		owner: make([]int32, len(in.Units)), epoch: make([]uint32, len(in.Units)), wisher: make([]int32, len(in.Units)), ending: make([]int32, len(in.Units)),
	}
	for u := range in.Units {
		w.scale[u], w.load[u], w.owner[u], w.ending[u] = 1, 1, -1, -1
	}
	w.view = v.Scaled(w.scale)
	w.truth = plan.NewState(v.Scaled(w.load))
	w.think = newThinker(w)
	for j := range in.Nodes {
		n, err := w.begin(int32(j), 1)
		if err != nil {
			return nil, err
		}
		w.nodes = append(w.nodes, n)
		w.enter(n)
	}
	w.meet()
	if cfg.Planner {
		w.seat = &seat{w: w, improver: plan.NewImprover(w.view, cfg.Policy)}
		w.seat.sit(int32(w.random.IntN(len(w.nodes))))
		w.after(0, w.seat.plan)
		if cfg.KillPlanner > 0 {
			w.after(cfg.KillPlanner, w.seat.keepDying)
		}
	}
	w.makeTrouble()
	return w, nil
}

// meet lets all agents hear of all others, in their first moment.
func (w *world) meet() {
	for _, n := range w.nodes {
		for _, o := range w.nodes {
			if o != n {
				w.step(n, &agent.Event{Kind: agent.MemberUp, Node: o.id, Incarnation: o.life})
			}
		}
	}
}

// someDelay is the time that a letter takes: as much as is configured, at least, and now
// and then several times that.
func (w *world) someDelay() time.Duration {
	return w.cfg.Delay/2 + time.Duration(w.random.ExpFloat64()*float64(w.cfg.Delay)/2)
}

func (w *world) push(d time.Duration, e event) {
	w.order++
	e.at, e.order = w.now.Add(d), w.order
	w.queue.push(e)
}

// after lets something happen later.
func (w *world) after(d time.Duration, run func()) { w.push(d, event{kind: rare, run: run}) }

// run lets time pass.
func (w *world) run(d time.Duration) {
	end := w.now.Add(d)
	for len(w.queue) > 0 && w.queue[0].at <= end {
		e := w.queue.pop()
		w.energy.pass(w, e.at)
		w.now = e.at
		w.happen(&e)
	}
	w.energy.pass(w, end)
	w.now = end
}

func (w *world) happen(e *event) {
	switch e.kind {
	case tick:
		n := w.nodes[e.node]
		if n.dead || n.life != e.life {
			return
		}
		w.count.Ticks++
		n.lookAfterModes()
		w.step(n, &agent.Event{Kind: agent.Tick})
		w.push(w.cfg.Round, *e)
	case arrive:
		n := w.nodes[e.node]
		if !n.dead {
			w.step(n, &agent.Event{Kind: agent.Arrived, Letter: e.letter})
		}
		e.letter.Release()
	case outcome:
		if n := w.nodes[e.node]; !n.dead && n.life == e.life {
			n.outcome(e.effect)
		}
	case rare:
		e.run()
	}
}

// step gives an event to an agent and does what it says.
func (w *world) step(n *node, e *agent.Event) {
	if n.dead {
		return
	}
	effects := n.agent.Step(w.now, e, n.effects[:0])
	n.effects = nil // an effect may step the agent again
	for i := range effects {
		w.do(n, &effects[i])
	}
	n.effects = effects[:0]
}

func (w *world) do(n *node, x *agent.Effect) {
	switch x.Kind {
	case agent.Send:
		w.send(n, x)
	case agent.Own:
		w.end(n, *x, w.someDelay())
	case agent.MoveUnit:
		// Both work for the slots that are fed ahead; then the ingress turns.
		fed := time.Duration(w.view.Move.FedSlots * float64(w.cfg.Slot))
		w.end(n, *x, fed+3*w.someDelay())
	case agent.LetGo:
		w.end(n, *x, w.someDelay())
	case agent.Placed:
		if u := unitOf(x.Unit); x.Token == retireToken && w.ending[u] == n.index {
			w.wantAgain(u)
		}
	case agent.Prepare, agent.Unprepare, agent.Follow, agent.Forgot, agent.Drained:
		// Standbys are units of the instance; nobody waits for an answer.
	}
}

// end lets an effect end later.
func (w *world) end(n *node, x agent.Effect, d time.Duration) {
	w.push(d, event{kind: outcome, node: n.index, life: n.life, effect: &x})
}

// send brings a letter, twice now and then, or loses it.
func (w *world) send(n *node, x *agent.Effect) {
	w.count.Letters++
	to := int32(x.Node) - 1
	if w.random.Float64() < w.cfg.Loss || w.parted != nil && w.parted(n.index, to) {
		x.Letter.Release()
		return
	}
	if x.Letter.Kind == agent.Refused {
		w.count.Rejects++
	}
	w.push(w.someDelay(), event{kind: arrive, node: to, letter: x.Letter})
	if w.cfg.Repeat > 0 && w.random.Float64() < w.cfg.Repeat {
		x.Letter.Retain()
		w.push(w.someDelay(), event{kind: arrive, node: to, letter: x.Letter})
	}
}

// settle makes a node the owner of a unit, as far as that is true.
func (w *world) settleAt(u int, n *node, epoch uint32) {
	if before := w.owner[u]; before >= 0 && before != n.index {
		w.nodes[before].lose(u)
		w.count.Moves++
		if w.now.Sub(w.energy.step) > w.cfg.Settle {
			w.count.LateMoves++
		}
		w.energy.move(w, u, n.index)
	}
	w.owner[u], w.epoch[u] = n.index, epoch
	n.gain(u)
	w.truth.Put(u, n.state.Place(u))
	w.energy.changed(w)
}

// violations counts the lines that the true state fails.
func (w *world) violations() int {
	return len(w.truth.Violations(nil))
}
