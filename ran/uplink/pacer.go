// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"time"

	"github.com/neuroran/neuroran/phy/sigmf"
)

// pacer hands slots over at the pace of the carrier, or at once.
type pacer struct {
	paced bool
	slot  time.Duration
	first uint64
	slots []sigmf.Slot
	start time.Time
}

func newPacer(paced bool, slot time.Duration, slots []sigmf.Slot) *pacer {
	p := &pacer{paced: paced, slot: slot, slots: slots, start: time.Now()}
	if len(slots) > 0 {
		p.first = uint64(slots[0].Slot)
	}
	return p
}

// wait returns when slot i has ended on the air.
func (p *pacer) wait(ctx context.Context, i int) error {
	if !p.paced {
		return ctx.Err()
	}
	at := p.start.Add(time.Duration(uint64(p.slots[i].Slot)-p.first+1) * p.slot)
	select {
	case <-time.After(time.Until(at)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pacer) close() {}
