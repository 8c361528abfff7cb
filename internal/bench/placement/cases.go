// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// quantiles are of a list of durations, in microseconds.
type quantiles struct {
	P50 float64 `json:"p50_us"`
	P95 float64 `json:"p95_us"`
	P99 float64 `json:"p99_us"`
	Max float64 `json:"max_us"`
}

func quantilesOf(all []time.Duration) (q quantiles) {
	if len(all) == 0 {
		return q
	}
	slices.Sort(all)
	at := func(p float64) float64 {
		return float64(all[min(int(p*float64(len(all))), len(all)-1)].Microseconds())
	}
	return quantiles{at(0.5), at(0.95), at(0.99), at(1)}
}

// cellSpec is how the cell is deployed. It promises no deadline, since nodes move what does not
// keep its own, and this program is the one that moves here.
func (c *config) cellSpec(mode sfaas.MoveMode, standbys int) placement.Spec {
	return placement.Spec{Unit: sfaas.KindCell, Slot: c.slot, Mode: mode, SLA: placement.SLA{Standbys: standbys}}
}

// movesResult is what planned moves cost, beside the same without them in the same run.
type movesResult struct {
	Case     string    `json:"case"`
	Moves    int       `json:"moves"`
	Still    tally     `json:"still"`
	Moving   tally     `json:"moving"`
	MoreLate float64   `json:"more_late_points"` // share of late slots with moves less that without, in points
	Took     quantiles `json:"move"`             // from the request until the unit is there
}

// moves moves the cell between two other nodes, in blocks of a few moves that take turns with
// as many slots without.
func moves(ctx context.Context, c *config, mode sfaas.MoveMode) (r movesResult, err error) {
	r.Case = mode.String()
	g, err := open(ctx, c, c.cellSpec(mode, 0))
	defer func() { err = errors.Join(err, closeAll(g)) }()
	if err != nil {
		return r, err
	}
	var took []time.Duration
	for r.Moves < c.n {
		var begins []int
		for range min(movesInTurn, c.n-r.Moves) {
			from := g.at()
			begins = append(begins, from-underMove)
			d, err := g.moveOn(ctx)
			if err != nil {
				return r, err
			}
			took = append(took, d)
			r.Moves++
			c.progress("%s: move %d, from slot %d on, takes %v", r.Case, r.Moves, from, d)
			if err := g.pass(ctx, betweenMoves); err != nil {
				return r, err
			}
		}
		middle := g.at()
		if err := g.pass(ctx, middle-begins[0]+c.ahead()); err != nil {
			return r, err
		}
		ends := append(begins[1:], middle)
		for i, begin := range begins { // each by itself: what a move costs a process is asked
			r.Moving.add(g.count(begin, ends[i]))
		}
		r.Still.add(g.count(middle, g.at()-c.ahead()))
	}
	r.Took, r.MoreLate = quantilesOf(took), 100*(r.Moving.late()-r.Still.late())
	return r, nil
}

const (
	settleSlots  = 400 // before anything is counted
	movesInTurn  = 5
	betweenMoves = 60               // slots
	underMove    = 8                // slots that may be under way when a move begins, and are hurt by it
	before       = 40               // slots before a loss may be lost with it
	underWay     = time.Second      // slots that are younger may still be under way, and are counted later
	answerTime   = 20 * time.Second // after which something that was asked for is not expected any more
)

// ahead returns how many slots may be under way.
func (c *config) ahead() int { return max(before, int(underWay/c.slot)) }

// moveOn moves the cell to the other one of the two.
func (g *ingress) moveOn(ctx context.Context) (time.Duration, error) {
	owner, _ := g.owner()
	begin := time.Now()
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	err := g.cell.Move(ctx, 5-owner)
	for refused := (*placement.UnplacedError)(nil); errors.As(err, &refused) && pause(ctx, 20*time.Millisecond); {
		begin, err = time.Now(), g.cell.Move(ctx, 5-owner) // its nodes have not heard of the last one yet
	}
	if err != nil {
		return 0, fmt.Errorf("move from node %d: routes are %v: %w\n%v", owner, g.cell.Routes(), err, g.node.Report())
	}
	return time.Since(begin), nil
}

// lossesResult is what the loss of an owner costs.
type lossesResult struct {
	Case     string    `json:"case"`
	Losses   int       `json:"losses"`
	Next     quantiles `json:"next_block"` // from the loss to the standby's next block whose CRC holds, at the ingress
	Over25ms float64   `json:"over_25ms"`  // share
	Blocks   quantity  `json:"blocks_lost"`
	Rounds   int       `json:"rounds_of_a_process"` // most HARQ rounds of one process that one loss has hurt
	Old      int       `json:"old_accepted"`        // outputs of an old owner that were taken after one of the new
	Refused  uint64    `json:"old_refused"`         // and those that were not
	Path     []stage   `json:"path"`                // from the loss to the next block, step by step
	Usual    quantiles `json:"usual_block"`         // from the push of a slot until its last block, while nothing is lost
}

type quantity struct {
	Mean float64 `json:"mean"`
	Max  int     `json:"max"`
}

// losses takes the owner away again and again: kills it, or stops it for a while; with signal
// 0 the standby claims the cell though its owner lives.
func losses(ctx context.Context, c *config, name string, signal syscall.Signal) (r lossesResult, err error) {
	r.Case = name
	g, err := open(ctx, c, c.cellSpec(sfaas.Fed, 1))
	defer func() { err = errors.Join(err, closeAll(g)) }()
	if err != nil {
		return r, err
	}
	var next []time.Duration
	var all []loss
	var usual []time.Duration
	lost := 0
	for range c.n {
		if err := g.pass(ctx, settleSlots); err != nil {
			return r, err
		}
		usual = append(usual, g.latencies(g.at()-settleSlots/2, g.at()-before)...)
		x, err := g.lose(ctx, signal)
		if err != nil {
			return r, fmt.Errorf("loss %d: %w", r.Losses+1, err)
		}
		next, all = append(next, x.next), append(all, x)
		r.Losses++
		lost += x.absent + x.failed
		r.Blocks.Max, r.Rounds = max(r.Blocks.Max, x.absent+x.failed), max(r.Rounds, x.rounds)
		if x.next > 25*time.Millisecond {
			r.Over25ms++
		}
		c.progress("%s %d: %v, %d blocks lost", name, r.Losses, x.next.Round(10*time.Microsecond), x.absent+x.failed)
	}
	r.Path, r.Usual = stages(all), quantilesOf(usual)
	r.Next, r.Over25ms, r.Blocks.Mean = quantilesOf(next), r.Over25ms/float64(max(r.Losses, 1)), float64(lost)/float64(max(r.Losses, 1))
	g.mu.Lock()
	r.Old = g.old
	g.mu.Unlock()
	r.Refused = g.dep.Refused()
	for _, s := range g.dep.Runtime().Stats() {
		r.Refused += s.Stale
	}
	return r, nil
}

// loss is what one of them has cost.
type loss struct {
	begin                  time.Time
	path                   steps
	next                   time.Duration
	absent, failed, rounds int
}

// stopTime is for how long a node is stopped.
const stopTime = 300 * time.Millisecond

// lose takes the owner away once, waits until the cell goes on, and gives it a standby again.
func (g *ingress) lose(ctx context.Context, signal syscall.Signal) (x loss, err error) {
	owner, epoch := g.owner()
	o := g.others[owner]
	if o == nil {
		return x, fmt.Errorf("node %d owns the cell", owner)
	}
	from := g.at()
	begin := sfaas.Now()
	x.begin = wall(begin)
	if signal == 0 {
		go func() { _, _ = g.others[5-owner].ask("claim") }()
	} else if err := o.signal(signal); err != nil {
		return x, err
	}
	slot, at, err := g.turned(ctx, epoch, from)
	if err != nil {
		return x, err
	}
	x.next = at.Sub(begin)
	if x.path, err = g.path(g.others[5-owner], x.begin, slot); err != nil {
		return x, err
	}
	if signal == syscall.SIGSTOP {
		if !pause(ctx, stopTime) {
			return x, ctx.Err()
		}
		if err := o.signal(syscall.SIGCONT); err != nil {
			return x, err
		}
	}
	upTo := g.at() + before
	if err := g.pass(ctx, before+g.c.ahead()); err != nil {
		return x, err
	}
	t := g.count(max(from-before, 0), upTo)
	x.absent, x.failed, x.rounds = t.Absent, t.Failed+t.Other, t.Most
	if signal == syscall.SIGKILL {
		if err := g.start(owner); err != nil {
			return x, err
		}
	}
	return x, g.settle(ctx)
}

// settle waits until the cell has its standby again.
func (g *ingress) settle(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	for {
		err := g.cell.Ensure(ctx)
		if err == nil {
			return nil
		}
		if !errors.As(err, new(*placement.UnplacedError)) || !pause(ctx, 20*time.Millisecond) {
			err = fmt.Errorf("%w\n%v", err, g.node.Report())
			for id, o := range g.others {
				text, _ := o.ask("report")
				err = fmt.Errorf("%w\nnode %d says: %s", err, id, text)
			}
			return err
		}
	}
}

// watchResult is what happens while nothing does.
type watchResult struct {
	Case    string         `json:"case"`
	Minutes float64        `json:"minutes"`
	Flips   int            `json:"false_flips"`
	Events  map[string]int `json:"events"` // of owner and standby, on the failure path
	Slots   tally          `json:"slots"`
	Late    float64        `json:"late"` // share
}

// watch counts how often the cell gets another owner though its owner lives.
func watch(ctx context.Context, c *config, name string, spinners int) (r watchResult, err error) {
	r.Case = name
	g, err := open(ctx, c, c.cellSpec(sfaas.Fed, 1))
	defer func() { err = errors.Join(err, closeAll(g)) }()
	if err != nil {
		return r, err
	}
	stop, err := spin(spinners)
	if err != nil {
		return r, err
	}
	defer stop()
	if _, err := g.happened(); err != nil { // while the cell was placed
		return r, err
	}
	begin, from := time.Now(), g.at()
	_, epoch := g.owner()
	for time.Since(begin) < c.time && pause(ctx, 20*time.Millisecond) {
		if _, now := g.owner(); now != epoch {
			r.Flips++
			epoch = now
			c.progress("%s: a flip after %v", name, time.Since(begin).Round(time.Millisecond))
		}
	}
	r.Minutes = time.Since(begin).Minutes()
	r.Slots = g.count(from, g.at()-c.ahead())
	r.Late = r.Slots.late()
	r.Events, err = g.happened()
	return r, err
}

// happened counts what has happened on the failure path at the other nodes since it was asked
// last.
func (g *ingress) happened() (map[string]int, error) {
	counts := map[string]int{}
	for _, o := range g.others {
		all, err := o.events()
		if err != nil {
			return nil, err
		}
		for _, e := range all {
			counts[e.Kind]++
		}
	}
	return counts, nil
}

// cutResult is what a hop between two nodes costs at the soft bits.
type cutResult struct {
	Case      string    `json:"case"`
	Whole     tally     `json:"whole"`
	Cut       tally     `json:"cut"`
	WholeTook quantiles `json:"whole_block"` // from the push of a slot until its last block has come
	CutTook   quantiles `json:"cut_block"`
	HopP50    float64   `json:"hop_p50_us"` // what the second is more than the first
	HopP99    float64   `json:"hop_p99_us"`
	WholeCPU  float64   `json:"whole_cpu_us"` // of all nodes but the ingress, per slot
	CutCPU    float64   `json:"cut_cpu_us"`
	Bytes     float64   `json:"cut_bytes"` // from node to node over the cut, per slot
	Moves     int       `json:"moves"`
	MovesTook quantiles `json:"move"`
}

// cutAtLLRs compares the cell at one node with the cell on two, in turns, by moving its second
// half; so the moves of a part are measured too.
func cutAtLLRs(ctx context.Context, c *config) (r cutResult, err error) {
	r.Case = "llrs"
	g, err := open(ctx, c, c.cellSpec(sfaas.Fed, 0), uplink.EdgeLLRs)
	defer func() { err = errors.Join(err, closeAll(g)) }()
	if err != nil {
		return r, err
	}
	var took, whole, cut []time.Duration
	var bytes uint64
	var spent [2]time.Duration
	for r.Moves < c.n {
		routes := g.cell.Routes()
		to := 5 - routes[1].Owner
		begin := time.Now()
		if err := g.cell.Move(ctx, to, "phy/recover"); err != nil {
			return r, err
		}
		took = append(took, time.Since(begin))
		r.Moves++
		if err := g.pass(ctx, before); err != nil {
			return r, err
		}
		from, used, err := g.uses()
		if err != nil {
			return r, err
		}
		if err := g.pass(ctx, 3*betweenMoves); err != nil {
			return r, err
		}
		upTo, after, err := g.uses()
		if err != nil {
			return r, err
		}
		if err := g.pass(ctx, c.ahead()); err != nil {
			return r, err
		}
		if to == routes[0].Owner {
			r.Whole.add(g.count(from, upTo))
			whole = append(whole, g.latencies(from, upTo)...)
			spent[0] += after.CPU - used.CPU
			r.WholeCPU += float64(upTo - from)
		} else {
			r.Cut.add(g.count(from, upTo))
			cut = append(cut, g.latencies(from, upTo)...)
			spent[1] += after.CPU - used.CPU
			r.CutCPU += float64(upTo - from)
			bytes += after.over("phy/demap") - used.over("phy/demap")
		}
	}
	r.Bytes = float64(bytes) / max(r.CutCPU, 1)
	r.WholeCPU, r.CutCPU = float64(spent[0].Microseconds())/max(r.WholeCPU, 1), float64(spent[1].Microseconds())/max(r.CutCPU, 1)
	r.WholeTook, r.CutTook, r.MovesTook = quantilesOf(whole), quantilesOf(cut), quantilesOf(took)
	r.HopP50, r.HopP99 = r.CutTook.P50-r.WholeTook.P50, r.CutTook.P99-r.WholeTook.P99
	return r, nil
}

// uses sums what the other nodes have used, as of a slot.
func (g *ingress) uses() (slot int, sum use, err error) {
	sum.Edges = map[string]uint64{}
	for _, o := range g.others {
		u, err := o.use()
		if err != nil {
			return 0, sum, err
		}
		sum.CPU += u.CPU
		for name, n := range u.Edges {
			sum.Edges[name] += n
		}
	}
	return g.at(), sum, nil
}

// latencies returns, for each of a range of slots, the time from its push to its last block.
func (g *ingress) latencies(from, to int) (all []time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n := from; n < min(to, len(g.slots)); n++ {
		if x := &g.slots[n]; len(x.blocks) > 0 {
			all = append(all, x.last.Sub(x.pushed))
		}
	}
	return all
}

func closeAll(g *ingress) error {
	if g == nil {
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	return g.close(ctx)
}
