// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// ingress is the node at which the radio is: slots go in here, and blocks come out here. It
// lends nothing, so the cell is always at another one.
type ingress struct {
	c      *config
	air    *air
	chain  *uplink.Chain
	node   *placement.Node
	dep    *placement.Deployment
	cell   *placement.Unit
	others map[sfaas.NodeID]*other
	spec   placement.Spec
	cuts   []uplink.Edge

	mu    sync.Mutex
	slots []slotLog
	old   int                   // outputs of a tenure after one of a newer one
	epoch uint32                // newest of an output
	turns map[uint32]sfaas.Time // when the route of an epoch was heard of
	wake  chan struct{}

	next    atomic.Int64 // slot
	stop    context.CancelFunc
	playing chan error
}

// slotLog is what has become of a slot.
type slotLog struct {
	pushed sfaas.Time // 0: not at all
	sent   sfaas.Time // the push has returned
	err    error      // of it
	due    sfaas.Time
	first  sfaas.Time // block
	last   sfaas.Time
	epoch  uint32 // of the last block
	blocks []blockLog
}

type blockLog struct {
	process
	sum sum
}

// open starts all nodes, and returns when the cell has an owner and its standbys, and slots
// have been played for a while. What it returns is closed also after an error.
func open(ctx context.Context, c *config, spec placement.Spec, cuts ...uplink.Edge) (*ingress, error) {
	g := &ingress{c: c, others: map[sfaas.NodeID]*other{}, spec: spec, cuts: cuts, turns: map[uint32]sfaas.Time{}, wake: make(chan struct{}, 1)}
	var err error
	if g.air, err = openAir(c.recording); err != nil {
		return nil, err
	}
	if err := g.air.rehearse(ctx, c.receiver); err != nil {
		return nil, err
	}
	if g.chain, err = g.air.chain(c.receiver, cuts...); err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	g.node, err = placement.Join(ctx, placement.Config{Listen: "127.0.0.1:0", Token: token, Node: 1, Resources: resource.Inventory{}, Logger: log})
	if err != nil {
		return g, err
	}
	g.dep, err = g.node.Deploy(g.chain.App, spec, placement.WithOutput(g.chain.Out, g.receive), placement.WithRuntime(sfaas.WithMode(sfaas.Replay)))
	if err != nil {
		return g, err
	}
	g.dep.Runtime().WatchRoutes(func(r sfaas.Route) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if _, known := g.turns[r.Epoch]; !known && r.Owner != g.node.ID() {
			g.turns[r.Epoch] = sfaas.Now()
		}
	})
	for id := sfaas.NodeID(2); id <= 3; id++ {
		if err := g.start(id); err != nil {
			return g, err
		}
	}
	g.cell = g.dep.Unit(g.air.key())
	if err := g.cell.Ensure(ctx); err != nil {
		return g, err
	}
	if err := g.dep.Receive(ctx, g.air.key()); err != nil {
		return g, err
	}
	g.play(ctx)
	return g, g.pass(ctx, settleSlots)
}

// start starts the process of a node.
func (g *ingress) start(id sfaas.NodeID) (err error) {
	if old := g.others[id]; old != nil {
		old.stop()
	}
	g.others[id], err = startOther(role{Node: id, Seed: g.node.Address(), Recording: g.c.recording, Receiver: g.c.receiver, Cuts: g.cuts, Spec: g.spec})
	return err
}

func (g *ingress) close(ctx context.Context) error {
	var errs []error
	if g.stop != nil {
		g.stop()
		if err := <-g.playing; !errors.Is(err, context.Canceled) {
			errs = append(errs, err)
		}
	}
	for _, o := range g.others {
		if o != nil {
			o.stop()
		}
	}
	if g.node != nil {
		errs = append(errs, g.node.Leave(ctx))
	}
	if g.chain != nil {
		errs = append(errs, g.chain.Close())
	}
	return errors.Join(errs...)
}

// receive notes a block.
func (g *ingress) receive(h sfaas.Header, tb *block.TransportBlock) {
	now, s := sfaas.Now(), sumOf(tb)
	g.mu.Lock()
	defer g.mu.Unlock()
	if int(tb.Slot) >= len(g.slots) {
		return
	}
	x := &g.slots[tb.Slot]
	if x.first == 0 {
		x.first = now
	}
	x.last, x.epoch = now, h.Epoch
	x.blocks = append(x.blocks, blockLog{process{tb.RNTI, tb.HARQ}, s})
	if h.Epoch>>8 < g.epoch>>8 {
		g.old++
	}
	g.epoch = max(g.epoch, h.Epoch)
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// play pushes slots at the pace, on a thread that runs before others, until close.
func (g *ingress) play(ctx context.Context) {
	ctx, g.stop = context.WithCancel(ctx)
	g.playing = make(chan error, 1)
	timeline := sfaas.NewTimeline(g.c.slot)
	timeline.Set(0, sfaas.Now().Add(10*time.Millisecond))
	threads := sfaas.Threads{Policy: sfaas.SchedFIFO, Priority: 15, Fallback: true}
	go func() {
		g.playing <- sfaas.OnThread(threads, func() error {
			return sfaas.SlotClock{Timeline: timeline}.Run(ctx, func(n sfaas.Slot, _ time.Duration) error {
				g.mu.Lock()
				for int(n) >= len(g.slots) {
					g.slots = append(g.slots, slotLog{})
				}
				g.slots[n].pushed, g.slots[n].due = sfaas.Now(), timeline.Start(n).Add(g.c.deadline)
				g.mu.Unlock()
				g.next.Store(int64(n) + 1)
				err := g.air.push(g.chain, g.cell, n) // a slot that nobody can be reached for is lost, as on the air
				g.mu.Lock()
				g.slots[n].sent, g.slots[n].err = sfaas.Now(), err
				g.mu.Unlock()
				return nil
			})
		})
	}()
}

// at returns the slot that comes next.
func (g *ingress) at() int { return int(g.next.Load()) }

// pass waits until so many slots more have been pushed.
func (g *ingress) pass(ctx context.Context, slots int) error {
	for until := g.at() + slots; g.at() < until; {
		if !pause(ctx, g.c.slot) {
			return ctx.Err()
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// owner returns which node owns the cell, as far as is known here.
func (g *ingress) owner() (sfaas.NodeID, uint32) {
	r := g.cell.Routes()
	return r[0].Owner, r[0].Epoch
}

// turned waits for the first block whose CRC holds of an owner that is newer than an epoch, and
// returns when it came.
func (g *ingress) turned(ctx context.Context, epoch uint32, from int) (slot int, at sfaas.Time, err error) {
	for {
		g.mu.Lock()
		for n := from; n < len(g.slots); n++ {
			x := &g.slots[n]
			if x.epoch <= epoch {
				continue
			}
			for _, b := range x.blocks {
				if b.sum != (sum{}) {
					g.mu.Unlock()
					return n, x.first, nil
				}
			}
		}
		g.mu.Unlock()
		select {
		case <-g.wake:
		case <-time.After(20 * time.Second):
			o, e := g.owner()
			return 0, 0, fmt.Errorf("no block of a new owner within 20 s; node %d owns the cell, epoch %#x", o, e)
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		}
	}
}

// tally is what has become of a range of slots.
type tally struct {
	Slots   int `json:"slots"`
	Blocks  int `json:"blocks"` // that should have come
	Absent  int `json:"absent"`
	Failed  int `json:"failed"`  // whose CRC does not hold, and does without moves
	Other   int `json:"other"`   // of other bits
	Late    int `json:"late"`    // slots of which a block has come after the deadline, or not at all
	Refused int `json:"refused"` // slots whose push was refused
	Rounds  int `json:"rounds"`  // of HARQ, in which something is absent or fails
	Most    int `json:"most"`    // of them of one process, within one range of slots
}

// count counts slots.
func (g *ingress) count(from, to int) (t tally) {
	g.mu.Lock()
	defer g.mu.Unlock()
	hurt := map[process]map[int]bool{}
	for n := from; n < min(to, len(g.slots)); n++ {
		x := &g.slots[n]
		if x.pushed == 0 {
			continue // the clock has left it out
		}
		t.Slots++
		late := false
		if x.err != nil {
			t.Refused++
			g.c.progress("slot %d is refused: %v", n, x.err)
		}
		i := n % len(g.air.slots)
		for p, want := range g.air.want[i] {
			t.Blocks++
			got, ok := sum{}, false
			for _, b := range x.blocks {
				if b.process == p {
					got, ok = b.sum, true
				}
			}
			switch {
			case ok && got == want:
			case !ok:
				t.Absent++
				late = true
			case got == (sum{}):
				t.Failed++
			case want != (sum{}):
				t.Other++
			}
			if !ok || got != want {
				g.c.progress("slot %d, RNTI %d, process %d: come %v, of epoch %#x", n, p.rnti, p.harq, ok, x.epoch)
				if hurt[p] == nil {
					hurt[p] = map[int]bool{}
				}
				hurt[p][n-i+g.air.rounds[i][p]] = true
			}
		}
		if late || x.last > x.due {
			t.Late++
		}
	}
	for _, rounds := range hurt {
		t.Rounds += len(rounds)
		t.Most = max(t.Most, len(rounds))
	}
	return t
}

func (t *tally) add(o tally) {
	t.Slots, t.Blocks, t.Absent, t.Failed, t.Other = t.Slots+o.Slots, t.Blocks+o.Blocks, t.Absent+o.Absent, t.Failed+o.Failed, t.Other+o.Other
	t.Late, t.Refused, t.Rounds = t.Late+o.Late, t.Refused+o.Refused, t.Rounds+o.Rounds
	t.Most = max(t.Most, o.Most)
}

// late returns the share of late slots.
func (t tally) late() float64 { return float64(t.Late) / float64(max(t.Slots, 1)) }
