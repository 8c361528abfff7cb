// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// air is a recording in memory that is repeated for ever under later slot numbers:
// scrambling and DM-RS depend on the slot in the frame alone.
type air struct {
	cfg       block.Config
	slots     []nr.Baseband
	schedules []nr.Schedule
	rounds    []map[process]int // by slot: that in which the block of a process began; nil where nothing is recorded
	want      []map[process]sum // by slot: what comes out without moves
}

// process names a HARQ process of a UE.
type process struct {
	rnti uint16
	harq int
}

// sum is the hash of a transport block, 0 of one whose CRC fails.
type sum [sha256.Size]byte

func sumOf(tb *block.TransportBlock) sum {
	if !tb.CRC {
		return sum{}
	}
	return sha256.Sum256(tb.TransportBlock.Data.Data())
}

// openAir reads a recording. Slots that it does not have, between others and up to the end of
// a frame, have nothing on the air.
func openAir(path string) (*air, error) {
	rec, err := sigmf.Open(path)
	if err != nil {
		return nil, err
	}
	defer rec.Close()
	a := &air{cfg: block.Config{Carrier: rec.Carrier, NumRx: rec.NumChannels}}
	slots := rec.Slots()
	if len(slots) == 0 {
		return nil, fmt.Errorf("%s: no slots", path)
	}
	frame := nr.Slot(rec.Carrier.Numerology().SlotsPerFrame())
	first := slots[0].Slot / frame * frame
	n := int((slots[len(slots)-1].Slot-first)/frame+1) * int(frame)
	a.slots, a.schedules, a.rounds = make([]nr.Baseband, n), make([]nr.Schedule, n), make([]map[process]int, n)
	began, span := map[process]int{}, 1
	for k := range slots {
		i := int(slots[k].Slot - first)
		if err := rec.ReadSlot(&a.slots[i], &slots[k]); err != nil {
			return nil, err
		}
		a.rounds[i] = map[process]int{}
		for _, x := range slots[k].Transmissions {
			if x.Unsupported != nil {
				return nil, fmt.Errorf("%s: slot %d: %w", path, x.Slot, x.Unsupported)
			}
			a.schedules[i].Set(x.Slot, append(a.schedules[i].Grants, x.Grant)...)
			p := process{x.Grant.RNTI, x.Grant.HARQProcess}
			if _, known := began[p]; x.Grant.NewData || !known {
				began[p] = i
			}
			a.rounds[i][p] = began[p]
			span = max(span, i-began[p]+1)
		}
	}
	a.cfg.HARQSlots = span
	return a, nil
}

// chain returns the receiver of the recording's carrier, cut where its blocks come out and
// elsewhere as asked for.
func (a *air) chain(receiver string, cuts ...uplink.Edge) (*uplink.Chain, error) {
	return uplink.New(uplink.Config{Config: a.cfg, Receiver: receiver, Cuts: append(cuts, uplink.EdgeBlocks)})
}

// key returns that of the cell.
func (a *air) key() sfaas.Key { return block.CellKey(a.cfg.Carrier.CellID) }

// push hands slot n to a host.
func (a *air) push(c *uplink.Chain, h sfaas.Host, n sfaas.Slot) error {
	i := int(n) % len(a.slots)
	if a.rounds[i] == nil {
		return nil
	}
	schedule, slot := a.schedules[i], a.slots[i]
	schedule.Slot, slot.Slot = nr.Slot(n), nr.Slot(n)
	return errors.Join(c.Grants.PushValue(h, a.key(), n, &schedule), c.Slots.PushValue(h, a.key(), n, &slot))
}

// rehearse receives the recording a few times on a runtime of its own, and notes what comes
// out when it is repeated.
func (a *air) rehearse(ctx context.Context, receiver string) error {
	c, err := a.chain(receiver)
	if err != nil {
		return err
	}
	defer c.Close()
	const loops = 3
	a.want = make([]map[process]sum, len(a.slots))
	for i := range a.want {
		a.want[i] = map[process]sum{}
	}
	var mu sync.Mutex
	rt, err := c.Open(func(_ sfaas.Header, tb *block.TransportBlock) {
		mu.Lock()
		defer mu.Unlock()
		a.want[int(tb.Slot)%len(a.slots)][process{tb.RNTI, tb.HARQ}] = sumOf(tb)
	}, sfaas.WithMode(sfaas.Replay))
	if err != nil {
		return err
	}
	defer rt.Close()
	for n := range sfaas.Slot(loops * len(a.slots)) {
		if err := a.push(c, rt, n); err != nil {
			return err
		}
		if err := rt.Drain(ctx); err != nil {
			return err
		}
	}
	return nil
}

// warm lets a runtime receive transmissions of the kinds that the recording has.
func (a *air) warm(c *uplink.Chain) func(context.Context, *sfaas.Runtime, []sfaas.Key) error {
	return func(ctx context.Context, rt *sfaas.Runtime, keys []sfaas.Key) error {
		var grants []nr.Grant
		for i := range min(4, len(a.schedules)) {
			if g := a.schedules[i].Grants; len(g) > 0 {
				first := g[0]
				first.NewData = true
				grants = append(grants, first)
			}
		}
		return c.Warm(ctx, rt, keys, 0, grants...)
	}
}
