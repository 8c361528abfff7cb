// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/ran/block"
)

// plan is what a chain is given of a recording: the grants of each slot without
// the transmissions that it cannot receive.
type plan struct {
	grants  [][]nr.Grant // by slot
	reasons [][]error    // by slot and transmission: why it is left out, or nil
}

// newPlan decides what is received of the slots. It returns the [*nr.FieldError] of
// the first slot whose grants are not legal together.
//
// The soft bits of a HARQ process must never be combined with those of another
// transport block. When the first transmission of a block is left out, the buffer
// still holds the block before; so the next transmission of the process that is
// received starts the buffer anew, whatever its grant says. With a reserved MCS it
// cannot, and is left out too: its size is that of the first transmission.
func newPlan(c *nr.Carrier, slots []sigmf.Slot) (*plan, error) {
	p := &plan{grants: make([][]nr.Grant, len(slots)), reasons: make([][]error, len(slots))}
	stale := map[[2]int]bool{}   // HARQ processes whose buffer holds another block
	started := map[[2]int]bool{} // HARQ processes whose size is known
	for i := range slots {
		reasons, err := unsupported(c, &slots[i])
		if err != nil {
			return nil, fmt.Errorf("slot %d: %w", slots[i].Slot, err)
		}
		p.reasons[i] = reasons
		for k, t := range slots[i].Transmissions {
			g, id := t.Grant, [2]int{int(t.Grant.RNTI), t.Grant.HARQProcess}
			if unknown := stale[id] || !started[id]; reasons[k] == nil && unknown && g.MCS().Reserved() {
				reasons[k] = &nr.UnsupportedError{Field: "reserved mcs_index without the first transmission of its harq_process", Got: g.MCSIndex}
			}
			if reasons[k] != nil {
				stale[id] = stale[id] || g.NewData
				continue
			}
			started[id] = true
			g.NewData = g.NewData || stale[id]
			delete(stale, id)
			p.grants[i] = append(p.grants[i], g)
		}
	}
	return p, nil
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
