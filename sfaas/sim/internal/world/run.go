// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// run is one seed under way.
type run struct {
	cfg    Config
	draw   draw // of the program
	chaos  draw // of what happens to it
	nodes  int
	p      *program
	m      *machine
	ledger *ledger
	result *Result
	end    sfaas.Time // of pushing

	feeders     []*feeder
	feeding     map[[2]int]*feeder // by flow and key
	bursts      float64            // of all sources per second
	subscribe   sfaas.Input[token]
	subscribers []int // keys that hear the topic

	incarnation []int  // by node
	down        []bool // by node
	leaving     int    // node that is being emptied, -1 for none
	busy        bool   // something that must not be interrupted is under way
	stopped     bool   // a node has been stopped: counters of the machine are lost
	last        *moment
	hot         int           // function and key of the last invocation, see machine.piece
	outage      time.Duration // for which all sources were paused
	scratches   int           // declared resources
	opened      int           // those that are open
	exits       int           // handlers that did not return
}

// slack is by how much an answer in time is earlier than the timeout of a commit: that
// runs from the start of an invocation, the answer's delay from its end.
const slack = 200 * time.Microsecond

// mostEvents is how many events in a while are too many: messages go in circles.
const mostEvents = 20_000

// while is how often the world looks for that.
const while = 100 * time.Millisecond

// watch halts a world that runs away.
func (r *run) watch() {
	r.m.haltAfter(mostEvents, func() {
		r.violate(Endless, "%d events within %v: messages go in circles", mostEvents, while)
	})
	r.m.after(while, func() {
		r.watchSoft()
		r.watch()
	})
}

// mostViolations is how many a world may show before it ends.
const mostViolations = 200

// rest is for how long the world may run on after the last push.
const rest = 4 * time.Second

// Run runs the world of one seed and returns what the oracles say. It returns an
// error only if the world itself could not be made.
func Run(cfg Config) (*Result, error) {
	r, err := begin(cfg)
	if err != nil {
		return nil, fmt.Errorf("world: seed %d: %w", cfg.Seed, err)
	}
	r.startChaos()
	r.m.run(r.end.Add(rest))
	r.finish()
	if err := r.m.close(); err != nil {
		return nil, fmt.Errorf("world: seed %d: %w", cfg.Seed, err)
	}
	if r.opened > r.exits*r.scratches { // those of a lost handler may be in use, and stay open
		r.violate(Broken, "%d resources are open after the end", r.opened)
	}
	return r.result, nil
}

// begin makes the world of one seed, in which all sources begin to push and nothing
// happens to it yet.
func begin(cfg Config) (*run, error) {
	bugs, err := core.Plant(cfg.Plant)
	if err != nil {
		return nil, err
	}
	r := &run{cfg: cfg, draw: newDraw(cfg.Seed, 1), chaos: newDraw(cfg.Seed, 2), result: &Result{Seed: cfg.Seed}, leaving: -1, feeding: map[[2]int]*feeder{}}
	r.nodes = r.draw.between(cfg.Nodes[0], cfg.Nodes[1])
	r.incarnation, r.down = make([]int, r.nodes), make([]bool, r.nodes)
	if err := r.drawProgram(); err != nil {
		return nil, err
	}
	r.ledger = newLedger(r)
	if err := r.start(bugs); err != nil {
		return nil, err
	}
	for _, key := range r.subscribers {
		if err := r.subscribe.PushValue(r.m.host(0), r.p.keys[key], 0, &token{}); err != nil {
			return nil, fmt.Errorf("subscribe: %w", err)
		}
	}
	r.m.run(sfaas.Time(0).Add(100 * time.Millisecond)) // subscriptions have arrived
	r.end = r.m.now().Add(cfg.Virtual)
	r.watch()
	r.startFeeding()
	return r, nil
}

// start starts the machine with the links and the engine that the seed draws.
func (r *run) start(bugs core.Bugs) error {
	cfg := sim.Config{
		Seed: r.cfg.Seed, Nodes: r.nodes, Cores: r.draw.between(1, r.cfg.Cores), Trace: r.cfg.Trace,
		Link: r.draw.span(2*time.Microsecond, 50*time.Microsecond), Spread: r.draw.span(0, 500*time.Microsecond),
		Faults: r.p.faults, Committed: r.committed, Bugs: bugs, Bytes: r.cfg.Bytes,
	}
	retry, timeout := r.draw.span(50*time.Microsecond, 400*time.Microsecond), r.draw.span(time.Millisecond, 5*time.Millisecond)
	if r.cfg.Engine {
		cfg.Commit = sim.Commit{
			Delay: r.draw.span(0, 100*time.Microsecond), Jitter: r.draw.span(0, time.Millisecond),
			Refuse: 0.1 * r.draw.Float64(), Lose: 0.1 * r.draw.Float64(),
		}
		cfg.Commit.Jitter = min(cfg.Commit.Jitter, timeout-retry-cfg.Commit.Delay-slack)
	}
	if r.cfg.Answers {
		cfg.Commit.Twice, cfg.Commit.Again = 0.1*r.draw.Float64(), 2*timeout
		if r.draw.chance(0.3) {
			cfg.Commit.Jitter = r.draw.span(timeout, 3*timeout)
		}
	}
	var err error
	r.m, err = newMachine(r.p, cfg, sfaas.WithCommitRetry(retry),
		sfaas.WithSourceLimit(r.draw.between(16, 1024)), sfaas.WithIdleKeys(r.draw.span(time.Second, 10*time.Second)))
	return err
}

// committed is told what the engine has made durable.
func (r *run) committed(b *core.Batch) {
	for i := range b.Outbox {
		o := &b.Outbox[i]
		if o.Msg == nil {
			r.violate(Broken, "batch %d of %s[%v] was recycled while the engine had it", b.ID, b.Function, b.Key)
			return
		}
		if c := r.p.consumer[o.Edge]; c >= 0 {
			r.ledger.committed(c, o.Msg.Body().(*token))
		}
	}
}

// finish compares what has arrived with what was sent.
func (r *run) finish() {
	for _, f := range r.feeders {
		if !f.done {
			r.violate(Endless, "%s could not push its last token at key %d", r.p.outlets[f.flow.outlet], f.key)
		}
	}
	for _, p := range r.m.pieces {
		if opinions := r.m.disputed(p); opinions != nil {
			r.violate(Owned, "nodes do not agree: %v", opinions)
		}
	}
	if err := r.m.metered(); err != nil {
		r.violate(Broken, "%v", err)
	}
	dropped := r.m.dropped()
	if r.cfg.Forgets > 0 { // what is published is lost once, and missed by each subscriber
		dropped *= uint64(max(1, len(r.subscribers)))
	}
	r.ledger.settle(dropped, r.stopped, r.m.now())
	x := r.result
	x.Events = r.m.w.Events()
	x.Messages, x.Virtual = r.ledger.taken, time.Duration(r.m.now())
	x.History, x.Trace = r.m.w.History(), r.m.w.Trace()
}

// violate notes a broken promise.
func (r *run) violate(kind Kind, format string, args ...any) {
	if r.result.Count++; r.result.Count == mostViolations && r.m != nil {
		r.m.halt()
	}
	if len(r.result.Violations) < 20 {
		at := time.Duration(0)
		if r.m != nil {
			at = time.Duration(r.m.now())
		}
		r.result.Violations = append(r.result.Violations, Violation{at, kind, fmt.Sprintf(format, args...)})
	}
}
