// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/placement/gossip"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// radio is the number of the node that the radio is at. It lends nothing: every cell is at
// another one.
const radio = 1

// zone is all nodes, as the one with the radio sees them.
type zone struct {
	table   io.Writer
	began   time.Time
	members *gossip.Members
	chain   *uplink.Chain
	rec     *sigmf.Recording
	node    *placement.Node
	dep     *placement.Deployment
	cells   []*placement.Unit
	others  map[sfaas.NodeID]*other

	slots    []nr.Baseband
	schedule []nr.Schedule

	mu      sync.Mutex
	pushed  int // blocks that should come
	passed  int // blocks whose CRC holds
	joules  float64
	metered time.Time
	stop    context.CancelFunc
	playing chan error
}

// open starts all nodes, and the radio, and lets every cell have an owner and a standby.
func open(ctx context.Context, nodes, cells int, table io.Writer) (*zone, error) {
	z := &zone{table: table, began: time.Now(), others: map[sfaas.NodeID]*other{}}
	var err error
	if z.chain, z.rec, err = receiver(); err != nil {
		return z, err
	}
	if err := z.read(); err != nil {
		return z, err
	}
	z.members = gossip.New(gossip.Config{Listen: "127.0.0.1:0", Token: token})
	z.node, err = placement.Join(ctx, placement.Config{Listen: "127.0.0.1:0", Token: token, Node: radio, Resources: resource.Inventory{}, Membership: z.members, Logger: quiet()})
	if err != nil {
		return z, err
	}
	z.dep, err = z.node.Deploy(z.chain.App, spec(), placement.WithOutput(z.chain.Out, z.receive), placement.WithRuntime(sfaas.WithMode(sfaas.Replay)))
	if err != nil {
		return z, err
	}
	for i := range nodes {
		id := sfaas.NodeID(i + 2)
		if z.others[id], err = startOther(role{Node: id, Gossip: z.members.Address(), Cores: 16}); err != nil {
			delete(z.others, id)
			return z, err
		}
	}
	if err := z.node.Await(ctx, nodes+1); err != nil {
		return z, err
	}
	for i := range cells {
		key := block.CellKey(i + 1)
		cell := z.dep.Unit(key)
		if err := errors.Join(cell.Ensure(ctx), z.dep.Receive(ctx, key)); err != nil {
			return z, err
		}
		z.cells = append(z.cells, cell)
	}
	ctx, z.stop = context.WithCancel(ctx)
	z.playing = make(chan error, 1)
	go func() { z.playing <- z.play(ctx) }()
	return z, nil
}

// read reads the recording.
func (z *zone) read() error {
	for _, s := range z.rec.Slots() {
		var samples nr.Baseband
		if err := z.rec.ReadSlot(&samples, &s); err != nil {
			return err
		}
		var schedule nr.Schedule
		schedule.Set(s.Slot)
		for _, x := range s.Transmissions {
			schedule.Set(s.Slot, append(schedule.Grants, x.Grant)...)
		}
		z.slots, z.schedule = append(z.slots, samples), append(z.schedule, schedule)
	}
	return nil
}

// play pushes the recording's slots in their places of every frame, for all cells: what is
// sent depends on the place in the frame alone.
func (z *zone) play(ctx context.Context) error {
	timeline := sfaas.NewTimeline(pace)
	timeline.Set(0, sfaas.Now().Add(10*time.Millisecond))
	frame := sfaas.Slot(z.rec.Carrier.Numerology().SlotsPerFrame())
	return sfaas.SlotClock{Timeline: timeline}.Run(ctx, func(n sfaas.Slot, _ time.Duration) error {
		for i := range z.slots {
			if n%frame != sfaas.Slot(z.slots[i].Slot)%frame {
				continue
			}
			for _, cell := range z.cells {
				schedule, samples := z.schedule[i], z.slots[i]
				schedule.Slot, samples.Slot = nr.Slot(n), nr.Slot(n)
				z.mu.Lock()
				z.pushed += len(schedule.Grants)
				z.mu.Unlock()
				// A slot that nobody can be reached for is lost, as on the air.
				_ = z.chain.Grants.PushValue(cell, cell.Key(), n, &schedule)
				_ = z.chain.Slots.PushValue(cell, cell.Key(), n, &samples)
			}
		}
		return nil
	})
}

// receive counts a block.
func (z *zone) receive(_ sfaas.Header, tb *block.TransportBlock) {
	if tb.CRC {
		z.mu.Lock()
		z.passed++
		z.mu.Unlock()
	}
}

func (z *zone) count() (blocks, lost int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.pushed, max(0, z.pushed-z.passed)
}

// spread moves the cells to different nodes, as if nobody minded the energy.
func (z *zone) spread(ctx context.Context) error {
	ids := slices.Sorted(maps.Keys(z.others))
	for i, cell := range z.cells {
		var refused *placement.UnplacedError
		if err := cell.Move(ctx, ids[i%len(ids)]); err != nil && !errors.As(err, &refused) {
			return err
		}
	}
	return z.watch(ctx)
}

// watts returns what the nodes take by their power models; those that are gone take nothing.
func (z *zone) watts() (sum float64) {
	for _, n := range z.node.Report().Nodes {
		if z.others[n.Node] != nil {
			sum += n.Watts
		}
	}
	return sum
}

// watch waits for a second, and prints a line.
func (z *zone) watch(ctx context.Context) error {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return ctx.Err()
	case err := <-z.playing:
		return err
	}
	w, now := z.watts(), time.Now()
	if !z.metered.IsZero() {
		z.joules += w * now.Sub(z.metered).Seconds()
	}
	z.metered = now
	line := ""
	for i, cell := range z.cells {
		line += fmt.Sprintf("  cell %d at %d", i+1, cell.Routes()[0].Owner)
	}
	awake := 0
	for _, n := range z.node.Report().Nodes {
		if n.Leases > 0 {
			awake++
		}
	}
	blocks, lost := z.count()
	z.say("%d nodes, %d awake, %4.0f W, %d blocks, %d lost%s", len(z.others), awake, w, blocks, lost, line)
	return nil
}

func (z *zone) say(format string, args ...any) {
	fmt.Fprintf(z.table, "%6.1f s  %s\n", time.Since(z.began).Seconds(), fmt.Sprintf(format, args...))
}

// busiest returns the node with most cells.
func (z *zone) busiest() (id sfaas.NodeID) {
	cells := map[sfaas.NodeID]int{}
	for _, cell := range z.cells {
		cells[cell.Routes()[0].Owner]++
	}
	for _, n := range slices.Sorted(maps.Keys(cells)) {
		if cells[n] > cells[id] && z.others[n] != nil {
			id = n
		}
	}
	return id
}

// kill kills the process of a node, and waits until each of its cells has another owner.
func (z *zone) kill(ctx context.Context, id sfaas.NodeID) (ms float64, err error) {
	begin := time.Now()
	z.others[id].kill()
	delete(z.others, id)
	err = z.without(ctx, id)
	return millis(begin), err
}

// drain lets a node leave.
func (z *zone) drain(ctx context.Context, id sfaas.NodeID) (ms float64, err error) {
	begin := time.Now()
	o := z.others[id]
	delete(z.others, id)
	if err := o.leave(); err != nil {
		return 0, fmt.Errorf("node %d: %w", id, err)
	}
	err = z.without(ctx, id)
	return millis(begin), err
}

func millis(begin time.Time) float64 { return float64(time.Since(begin).Microseconds()) / 1000 }

// without waits until a node owns no cell.
func (z *zone) without(ctx context.Context, id sfaas.NodeID) error {
	ctx, stop := context.WithTimeout(ctx, leaveTime)
	defer stop()
	for {
		if !slices.ContainsFunc(z.cells, func(c *placement.Unit) bool { o := c.Routes()[0].Owner; return o == id || o == 0 }) {
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("node %d still owns a cell: %w", id, ctx.Err())
		}
	}
}

func (z *zone) close() error {
	var errs []error
	if z.stop != nil {
		z.stop()
	}
	for _, o := range z.others {
		o.kill()
	}
	if z.node != nil {
		ctx, stop := context.WithTimeout(context.Background(), leaveTime)
		defer stop()
		errs = append(errs, z.node.Leave(ctx))
	}
	if z.chain != nil {
		errs = append(errs, z.chain.Close())
	}
	return errors.Join(errs...)
}
