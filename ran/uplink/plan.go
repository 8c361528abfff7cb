// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"errors"
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
)

// plan is what a chain is given of a recording: the grants of each slot without
// the transmissions that it cannot receive.
type plan struct {
	slots   []sigmf.Slot   // that the recording holds
	grants  [][]nr.Grant   // of these slots
	results []Transmission // of all slots, in the order of the annotations
}

// newPlan decides what is received of the slots. It returns the [*nr.FieldError] of
// the first slot whose grants are not legal together.
//
// The soft bits of a HARQ process must never be combined with those of another
// transport block. When the first transmission of a block is left out, the buffer
// still holds the block before; so the next transmission of the process that is
// received starts the buffer anew, whatever its grant says. With a reserved MCS it
// cannot, and is left out too: its size is that of the first transmission.
func newPlan(c *nr.Carrier, slots []sigmf.Slot, numSamples int64) (*plan, error) {
	p := &plan{}
	processes := map[transmissionKey]*process{}
	for i := range slots {
		slot := &slots[i]
		reasons, err := unsupported(c, slot)
		if err != nil {
			return nil, fmt.Errorf("slot %d: %w", slot.Slot, err)
		}
		var grants []nr.Grant
		for k, t := range slot.Transmissions {
			id := transmissionKey{rnti: t.Grant.RNTI, harq: t.Grant.HARQProcess}
			if processes[id] == nil {
				processes[id] = &process{}
			}
			grant, reason := processes[id].next(t.Grant, reasons[k])
			p.expect(&t, reason)
			if reason == nil {
				grants = append(grants, grant)
			}
		}
		if slot.SampleStart >= 0 && slot.SampleStart+int64(slot.SampleCount) <= numSamples {
			p.slots, p.grants = append(p.slots, *slot), append(p.grants, grants)
		}
	}
	return p, nil
}

// expect notes a transmission and why it is left out, or nil.
func (p *plan) expect(t *sigmf.Transmission, reason error) {
	x := Transmission{Slot: t.Slot, Grant: t.Grant, Outcome: nr.OutcomeDropped, Unsupported: reason}
	switch {
	case reason == nil: // dropped until something is known
		x.NumBits = t.Grant.TBS()
	case errors.Is(reason, nr.ErrUnsupported):
		x.Outcome = nr.OutcomeUnsupported
	}
	p.results = append(p.results, x)
}

// process is what is known of a HARQ process before a slot.
type process struct {
	stale   bool // its buffer holds another block
	started bool // its size is known
}

// next returns what is received of a transmission: its grant, or the reason why it
// is left out.
func (p *process) next(g nr.Grant, reason error) (nr.Grant, error) {
	if unknown := p.stale || !p.started; reason == nil && unknown && g.MCS().Reserved() {
		reason = &nr.UnsupportedError{Field: "reserved mcs_index without the first transmission of its harq_process", Got: g.MCSIndex}
	}
	if reason != nil {
		p.stale = p.stale || g.NewData
		return g, reason
	}
	g.NewData = g.NewData || p.stale
	p.started, p.stale = true, false
	return g, nil
}

// unsupported returns why each transmission of a slot is left out, or nil.
func unsupported(c *nr.Carrier, slot *sigmf.Slot) ([]error, error) {
	out := make([]error, len(slot.Transmissions))
	s := block.Schedule{Slot: slot.Slot}
	var at []int
	for k := range slot.Transmissions {
		t := &slot.Transmissions[k]
		if out[k] = t.Unsupported; out[k] == nil {
			s.Grants, at = append(s.Grants, t.Grant), append(at, k)
		}
	}
	reasons, err := s.Unsupported(c)
	for i, reason := range reasons {
		out[at[i]] = reason
	}
	return out, err
}
