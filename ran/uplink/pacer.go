// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"time"

	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/sfaas"
)

// lead is the time from starting the pacer to the first slot.
const lead = 20 * time.Millisecond

// pacer waits for the slots of the carrier; before start it does not wait.
type pacer struct {
	slot  time.Duration // length of a slot
	began time.Time     // zero of the clock; zero before start
	zero  sfaas.Time    // start of slot 0
}

// start lets the first slot begin after the lead.
func (p *pacer) start(slots []sigmf.Slot) {
	p.began = time.Now()
	p.zero = sfaas.Time(lead) - sfaas.Time(slots[0].Slot)*sfaas.Time(p.slot)
}

// now is the clock of a paced runtime.
func (p *pacer) now() sfaas.Time { return sfaas.Time(time.Since(p.began)) }

// wait returns when slot n starts on the air.
func (p *pacer) wait(ctx context.Context, n sfaas.Slot) error {
	if p.began.IsZero() {
		return ctx.Err()
	}
	d := p.zero.Add(time.Duration(n) * p.slot).Sub(p.now())
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
