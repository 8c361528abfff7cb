// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/sfaas"
)

const (
	// lead is the time from opening the runtime to the first slot on the air.
	lead = 500 * time.Millisecond
	// rest is what is left of it for the machine to calm down.
	rest = 50 * time.Millisecond
	// kindWarm is the kind of the cells under which a receiver warms up.
	kindWarm = sfaas.Kind(0xfe)
)

// warmCell returns such a cell. State is kept by key, so nothing that happens under
// it reaches the cells of a host.
func warmCell(i int) sfaas.Key { return sfaas.NewKey(kindWarm, uint64(i)) }

// warming reports whether a message belongs to the time before the start.
func warming(key sfaas.Key) bool {
	_, ok := key.ID(kindWarm)
	return ok
}

// Warm lets the chain receive transmissions of its own making before the radio is
// there, one slot per grant and cell: tables that all workers share, the buffers of
// each worker and the memory of all messages are made on first use, which takes several
// times as long as a slot. Without grants one of the largest size is sent. Nobody sees
// what comes out, and the counters are set to zero afterwards.
//
// Call it before the first slot, with grants of the sizes and modulations to come. It
// returns the errors of [nr.Grant.Validate], and of the context.
func (r *Receiver) Warm(ctx context.Context, grants ...nr.Grant) error {
	keys := make([]sfaas.Key, warmCells)
	for i := range keys {
		keys[i] = warmCell(i)
	}
	if len(grants) == 0 {
		grants = []nr.Grant{r.chain.largest()}
	}
	if err := r.chain.Warm(ctx, r.rt, keys, r.slotsAhead(len(grants)), grants...); err != nil {
		return err
	}
	r.rt.ResetStats()
	return nil
}

// Warm is [Receiver.Warm] for a runtime that a program has opened itself, under keys of
// cells that nothing else uses and that the runtime owns, from a slot on. The more keys,
// the more of the workers get some. What comes out is the caller's to ignore. It returns
// the errors of [nr.Grant.Validate], of pushing, and of the context.
func (c *Chain) Warm(ctx context.Context, rt *sfaas.Runtime, keys []sfaas.Key, first nr.Slot, grants ...nr.Grant) error {
	if len(grants) == 0 {
		grants = []nr.Grant{c.largest()}
	}
	for i := range grants {
		air, err := c.rehearse(first+nr.Slot(i), &grants[i])
		if err != nil {
			return err
		}
		for _, cell := range keys {
			if err := c.warm(ctx, rt, cell, air, grants[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// warmCells is the number of cells under which [Receiver.Warm] sends, so that every
// worker gets some: the key decides which.
const warmCells = 32

// slotsAhead returns the first of n slots in which to warm up: none has been used, and
// none is due within the next seconds.
func (r *Receiver) slotsAhead(n int) nr.Slot {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.cfg.Timeline; t != nil {
		if on, ok := t.SlotAt(r.rt.Now()); ok {
			r.warmed = max(r.warmed, nr.Slot(on)+nr.Slot(10*time.Second/r.length))
		}
	}
	r.warmed += nr.Slot(n)
	return r.warmed - nr.Slot(n)
}

// largest returns a grant of all PRBs.
func (c *Chain) largest() nr.Grant {
	limits := c.Config.Limits()
	prb := limits.MaxPRB
	if prb == 0 {
		prb = limits.Carrier.NumPRB
	}
	return nr.Grant{
		RNTI: 1, NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: nr.SymbolsPerSlot, NumPRB: prb,
		MCSTable: nr.MCSTable64QAM, MCSIndex: 28, NewData: true,
		DMRS: nr.DMRS{ConfigType: 1, Length: 1, AdditionalPosition: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2},
	}
}

// rehearse returns the samples of a slot with the transmission of a grant.
func (c *Chain) rehearse(slot nr.Slot, g *nr.Grant) (*nr.Baseband, error) {
	cfg := &c.Config
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: cfg.Carrier})
	if err != nil {
		return nil, err
	}
	mod, err := ofdm.NewModulator(ofdm.Config{Carrier: cfg.Carrier, NumPorts: g.NumAntennaPorts})
	if err != nil {
		return nil, err
	}
	if err := tx.Configure(slot, g); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, uint64(slot)))
	data := make([]byte, g.TBS()/8)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	var grid nr.Grid
	var sent nr.Baseband
	if err := errors.Join(tx.Process(&grid, data), mod.Process(&sent, &grid)); err != nil {
		return nil, err
	}
	air := &nr.Baseband{Slot: slot}
	air.Samples.Resize(cfg.NumRx, sent.Samples.Dim(1))
	for rx := range cfg.NumRx {
		copy(air.Samples.Row(rx), sent.Samples.Row(rx%sent.Samples.Dim(0)))
	}
	return air, nil
}

// warm sends one slot under a cell of warming up and waits for what follows.
func (c *Chain) warm(ctx context.Context, rt *sfaas.Runtime, cell sfaas.Key, air *nr.Baseband, grants ...nr.Grant) error {
	err := retry(ctx, func() error {
		return c.Grants.Push(rt, cell, sfaas.Slot(air.Slot), func(s *nr.Schedule) error {
			s.Set(air.Slot, grants...)
			return nil
		})
	})
	if err != nil {
		return err
	}
	err = retry(ctx, func() error { return c.Slots.PushValue(rt, cell, sfaas.Slot(air.Slot), air) })
	if err != nil {
		return err
	}
	return rt.Drain(ctx)
}

// warm plays the recording before the clock starts, as long as there is time.
func (p *player) warm(ctx context.Context) error {
	for i := range p.slots {
		if sfaas.Now() >= p.start.Add(-rest) {
			break
		}
		if !p.held[i] {
			continue
		}
		if err := p.read(i); err != nil {
			return err
		}
		grants, reasons := granted(&p.slots[i])
		reasons, err := unsupported(&p.rec.Carrier, p.slots[i].Slot, grants, reasons)
		if err != nil {
			return err
		}
		received := grants[:0]
		for k := range grants {
			if reasons[k] == nil {
				received = append(received, grants[k])
			}
		}
		if err := p.receiver.chain.warm(ctx, p.receiver.rt, warmCell(0), &p.ahead, received...); err != nil {
			return err
		}
	}
	p.receiver.rt.ResetStats()
	return nil
}
