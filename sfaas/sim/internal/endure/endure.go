// SPDX-License-Identifier: Apache-2.0

// Package endure is the world in which kept units have to survive the nodes that own
// them: [Run] draws a program, disks, a network and crashes from a seed, and says which
// promises were broken. With more than one node units are handed over between them, most
// of all when one is about to crash, over connections that break, and images may be late.
//
// Its oracle needs no history of its own, for the program checks itself: every message
// bears the number of its stream, which is what one instance makes for one consumer, and
// both ends keep that number in their cells. A number that is too high is a message that
// got lost, one that is too low came twice, whatever crashed in between. What a sink has
// got is committed: the instance that made it never falls behind that. In the end all
// nodes crash once more, everything is pushed once more, and what producers have made is
// what their consumers have taken.
package endure

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// Config says which world a seed draws.
type Config struct {
	Seed    uint64        // draws everything
	Virtual time.Duration // for how long messages are pushed; 0: 1 to 4 seconds, as the seed draws
	Plant   string        // the bug that is planted
	Trace   bool          // keep the history as text
}

// Result is what one seed has shown.
type Result struct {
	Violations []Violation // the first ones
	Count      int         // of all
	Messages   uint64      // taken by handlers, again after crashes too
	Crashes    int         // of single nodes, and of all
	Moves      int         // that have brought a unit to another node
	Stayed     int         // that have not
	Virtual    time.Duration
	History    string   // hash of everything that happened
	Trace      []string // the same as text, if it was asked for
}

// Violation is one broken promise.
type Violation struct {
	At   time.Duration // virtual
	Text string        // what the oracle has to say
}

// String tells it in one line.
func (v Violation) String() string { return fmt.Sprintf("%v %s", v.At, v.Text) }

// run is one world.
type run struct {
	cfg    Config
	draw   *rand.Rand
	w      *sim.World
	p      *program
	end    sfaas.Time
	result *Result
	down   []bool
	feeds  []*feed
	every  time.Duration     // between two pushes
	acked  map[[2]int]uint64 // by sink and key: what has come out
	failed map[[3]uint64]bool
}

const (
	settleTime = 3 * time.Second
	mostEvents = 60_000 // in a tenth of a second: messages go in circles
)

// Run runs the world of one seed.
func Run(cfg Config) (*Result, error) {
	bugs, err := core.Plant(cfg.Plant)
	if err != nil {
		return nil, err
	}
	r := &run{cfg: cfg, draw: rand.New(rand.NewPCG(cfg.Seed, 3)), result: &Result{}, acked: map[[2]int]uint64{}, failed: map[[3]uint64]bool{}}
	if r.cfg.Virtual == 0 {
		r.cfg.Virtual = r.span(time.Second, 4*time.Second)
	}
	nodes := 1 + r.draw.IntN(4)
	r.down = make([]bool, nodes)
	r.every = r.span(10*time.Millisecond, 100*time.Millisecond)
	if err := r.drawProgram(nodes); err != nil {
		return nil, fmt.Errorf("endure: seed %d: %w", cfg.Seed, err)
	}
	sc := sim.Config{
		Seed: cfg.Seed, Nodes: nodes, Cores: 1 + r.draw.IntN(3), Disks: true, Log: r.draw.IntN(2) * (5 + r.draw.IntN(200)), Trace: cfg.Trace, Bugs: bugs,
		Link: r.span(2*time.Microsecond, 50*time.Microsecond), Spread: r.span(0, 500*time.Microsecond),
		Commit: sim.Commit{
			Delay: r.span(0, 500*time.Microsecond), Jitter: r.span(0, 3*time.Millisecond), Refuse: 0.1 * r.draw.Float64(), Lose: 0.1 * r.draw.Float64(),
			Twice: 0.1 * r.draw.Float64(), Again: 5 * time.Millisecond,
		},
		Bytes: r.draw.IntN(3) == 0, Rows: 1 + r.draw.IntN(3000), Cut: 0.2 * r.draw.Float64(), Vain: 0.2 * r.draw.Float64(), Silent: 0.5 * r.draw.Float64(),
		Bulk: r.span(1, []time.Duration{100 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond}[r.draw.IntN(4)]),
		TwoOwners: func(u sfaas.Unit, epoch uint32, one, other sfaas.NodeID) {
			r.violate("%v is owned by nodes %d and %d under epoch %d", u, one, other, epoch)
		},
	}
	if r.draw.IntN(2) == 0 {
		sc.Faults = []sim.Fault{{Jitter: r.span(0, 300*time.Microsecond), Loss: 0.002 * r.draw.Float64(), Double: 0.1 * r.draw.Float64()}}
	}
	opts := append(r.p.options, sfaas.WithLogger(slog.New(slog.DiscardHandler)), sfaas.WithMode(sfaas.Replay), sfaas.WithSealer(sfaas.NewSealer([32]byte{1})),
		sfaas.WithCommitRetry(r.span(50*time.Microsecond, 2*time.Millisecond)), sfaas.WithSourceLimit(16+r.draw.IntN(200)), sfaas.WithIdleKeys(r.span(time.Second, 20*time.Second)))
	if r.w, err = sim.New(r.p.app, sc, opts...); err != nil {
		return nil, fmt.Errorf("endure: seed %d: %w", cfg.Seed, err)
	}
	r.live()
	r.result.Virtual, r.result.History, r.result.Trace = time.Duration(r.w.Now()), r.w.History(), r.w.Trace()
	return r.result, r.w.Close()
}

// live pushes and crashes, and looks at the end.
func (r *run) live() {
	r.end = r.w.Now().Add(r.cfg.Virtual)
	r.watch()
	for _, f := range r.feeds {
		f.tick()
	}
	rate := 0.5 + 3*r.draw.Float64()
	r.after(r.wait(rate), func() { r.crashes(rate) })
	if len(r.down) > 1 {
		moves := 2 + 20*r.draw.Float64()
		r.after(r.wait(moves), func() { r.moves(moves) })
	}
	r.w.RunUntil(r.end.Add(settleTime))
	for i := range r.down { // once more, all
		r.stop(i)
	}
	for i := range r.down {
		r.start(i)
	}
	r.w.RunFor(settleTime)
	r.end = r.w.Now().Add(time.Second)
	last := uint64(0)
	for _, f := range r.feeds {
		last = max(last, f.next+1)
	}
	for _, f := range r.feeds {
		f.last = last // the same for all: some are joined
		f.tick()
	}
	for range 20 { // until the last one has come
		r.w.RunFor(settleTime)
		if !slices.ContainsFunc(r.feeds, func(f *feed) bool { return f.next <= f.last }) {
			break
		}
	}
	r.w.RunFor(settleTime)
	r.compare()
}

// crashes lets nodes crash, one or now and then all.
func (r *run) crashes(rate float64) {
	if r.w.Now() >= r.end {
		return
	}
	node := r.draw.IntN(len(r.down))
	for i := range r.down {
		if i == node || r.draw.IntN(8) == 0 {
			r.crash(i)
		}
	}
	r.after(r.wait(rate), func() { r.crashes(rate) })
}

// moves lets units move, one or a few at once, and nodes crash meanwhile.
func (r *run) moves(rate float64) {
	if r.w.Now() >= r.end {
		return
	}
	to := r.draw.IntN(len(r.down))
	for range 1 + r.draw.IntN(4) {
		r.move(r.p.units[r.draw.IntN(len(r.p.units))], to)
	}
	r.after(r.wait(rate), func() { r.moves(rate) })
}

// move lets a unit move from whoever thinks that it owns it.
func (r *run) move(u sfaas.Unit, to int) {
	mode := sfaas.MoveConfig{Mode: []sfaas.MoveMode{sfaas.Kept, sfaas.Kept, sfaas.Soft}[r.draw.IntN(3)]}
	for i := range r.down {
		from := r.w.Node(i)
		if i == to || r.down[i] || r.down[to] || from.Owner(u) != sfaas.NodeID(i+1) {
			continue
		}
		r.w.MoveUnit(from, r.w.Node(to), u, mode, func(err error) {
			if err == nil {
				r.result.Moves++
			} else {
				r.result.Stayed++
			}
		})
		for _, node := range []int{i, to} {
			if r.draw.IntN(20) == 0 {
				r.after(r.span(0, 10*time.Millisecond), func() { r.crash(node) })
			}
		}
	}
}

// crash lets a node crash, and start again a while later.
func (r *run) crash(node int) {
	if !r.down[node] {
		r.stop(node)
		r.after(r.span(0, 200*time.Millisecond), func() { r.start(node) })
	}
}

// soon is how soon after its start a node crashes again, now and then: before it has committed
// anything, or while it does what it has recovered.
const soon = 10 * time.Millisecond

func (r *run) stop(node int) {
	r.result.Crashes++
	r.down[node] = true
	if err := r.w.Stop(r.w.Node(node)); err != nil {
		r.violate("stop: %v", err)
	}
}

func (r *run) start(node int) {
	if err := r.w.Start(r.w.Node(node)); err != nil {
		r.violate("start of node %d: %v", node+1, err)
		r.w.Halt()
	}
	r.down[node] = false
	if r.w.Now() < r.end && r.draw.IntN(6) == 0 {
		r.after(r.span(0, soon), func() { r.crash(node) })
	}
	for _, f := range r.feeds {
		if f.node == node {
			f.goOn()
		}
	}
}

// watch halts a world that runs away.
func (r *run) watch() {
	r.w.HaltAfter(r.w.Events()+mostEvents, func() { r.violate("messages go in circles") })
	r.after(100*time.Millisecond, r.watch)
}

func (r *run) after(d time.Duration, f func()) { r.w.At(r.w.Now().Add(d), f) }

// wait draws how long it takes until something happens that happens so often a second.
func (r *run) wait(rate float64) time.Duration {
	return time.Duration(r.draw.ExpFloat64() / rate * float64(time.Second))
}

// span draws a duration.
func (r *run) span(least, most time.Duration) time.Duration {
	return least + time.Duration(r.draw.Int64N(int64(most-least)+1))
}

func (r *run) violate(format string, args ...any) {
	if r.result.Count++; len(r.result.Violations) < 10 {
		at := time.Duration(0)
		if r.w != nil {
			at = time.Duration(r.w.Now())
		}
		r.result.Violations = append(r.result.Violations, Violation{at, fmt.Sprintf(format, args...)})
	}
	if r.result.Count == 50 && r.w != nil {
		r.w.Halt()
	}
}
