// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"path/filepath"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// chain is the landed receiver, wired whole or apart: the functions are the same, and
// apart each edge between two of them may lead to another process.
type chain struct {
	app    *sfaas.App
	slots  sfaas.Input[nr.Baseband]
	grants sfaas.Input[nr.Schedule]
	out    sfaas.Output[block.TransportBlock]
	parts  []string // that are not of the radio, in the order of a slot's way
}

// newChain wires the receiver of a recording. The sink is always a part of its own: the
// radio hears what came of each transmission.
func newChain(cfg uplink.Config, apart bool) (*chain, error) {
	e, err := uplink.Compose(sfaas.NewGraph("steps"), cfg) // for its functions
	if err != nil {
		return nil, err
	}
	s := e.Steps
	g := sfaas.NewGraph("tableone")
	c := &chain{slots: sfaas.Source[nr.Baseband](g, "slots"), grants: sfaas.Source[nr.Schedule](g, "grants")}
	pdu := sfaas.Apply(between(apart, "grid", sfaas.Apply(c.slots, s.Demodulate)), s.Extract.Fn)
	pilots := between(apart, "pilots", sfaas.Select(pdu, func(p *block.PDU) *block.Pilots { return &p.Pilots }))
	data := between(apart, "data", sfaas.Select(pdu, func(p *block.PDU) *block.Data { return &p.Data }))
	aligned := between(apart, "aligned", sfaas.Apply(pilots, s.Synchronize))
	channel := between(apart, "channel", sfaas.Apply(aligned, s.Estimate))
	symbols := between(apart, "symbols", sfaas.Apply(sfaas.Join(data, channel), s.Equalize))
	llrs := between(apart, "llrs", sfaas.Apply(symbols, s.Demap.Fn))
	soft := between(apart, "softbits", sfaas.Apply(llrs, s.Recover))
	bits := between(apart, "bits", sfaas.Apply(soft, s.Decode.Fn))
	c.out = sfaas.Sink(sfaas.Apply(bits, s.CheckCRC).Cut("blocks"), "blocks")
	each := sfaas.Apply(c.grants, block.NewDistribute(cfg.Config))
	sfaas.Control(c.grants, s.Extract.Grants)
	sfaas.Control(between(apart, "grants of demapping", each), s.Demap.Grants)
	sfaas.Control(between(apart, "grants of decoding", each), s.Decode.Grants)
	if c.app, err = g.Build(); err != nil {
		return nil, err
	}
	for _, p := range c.app.Parts() {
		if p.Name != "blocks" {
			c.parts = append(c.parts, p.Name)
		}
	}
	return c, nil
}

// between returns an edge as it is, or cut.
func between[T any](apart bool, name string, e sfaas.Edge[T]) sfaas.Edge[T] {
	if apart {
		return e.Cut(name)
	}
	return e
}

// air is a recording in memory, played in a loop.
type air struct {
	cfg       uplink.Config
	period    float64 // of a slot in seconds
	slots     []nr.Baseband
	schedules []nr.Schedule
	blocks    int // transmissions of one round
}

// openAir reads the recording that comes with examples/uplink: 24 PRB, four antennas, up
// to four UEs.
func openAir() (*air, error) {
	rec, err := sigmf.Open(filepath.Join(testvec.Root(), "examples", "uplink", "testdata", "uplink.sigmf-meta"))
	if err != nil {
		return nil, err
	}
	defer rec.Close()
	a := &air{period: rec.Carrier.Numerology().SlotDuration().Seconds()}
	a.cfg.Carrier, a.cfg.NumRx = rec.Carrier, rec.NumChannels
	for _, s := range rec.Slots() {
		var x nr.Baseband
		if err := rec.ReadSlot(&x, &s); err != nil {
			return nil, err
		}
		var grants []nr.Grant
		for i := range s.Transmissions {
			grants = append(grants, s.Transmissions[i].Grant)
		}
		var schedule nr.Schedule
		schedule.Set(s.Slot, grants...)
		a.slots, a.schedules = append(a.slots, x), append(a.schedules, schedule)
		a.blocks += len(grants)
	}
	return a, nil
}

// grants returns how many transmissions a slot of a cell has.
func (a *air) grants(n sfaas.Slot) int {
	return len(a.schedules[int(n)%len(a.slots)].Grants)
}

// push hands one slot of a cell to a runtime.
func (a *air) push(c *chain, rt *sfaas.Runtime, key sfaas.Key, n sfaas.Slot) error {
	i := int(n) % len(a.slots)
	schedule, samples := a.schedules[i], a.slots[i]
	schedule.Set(nr.Slot(n), schedule.Grants...)
	samples.Slot = nr.Slot(n)
	return errors.Join(c.grants.PushValue(rt, key, n, &schedule), c.slots.PushValue(rt, key, n, &samples))
}
