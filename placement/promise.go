// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"sync"

	"github.com/neuroran/neuroran/placement/meter"
	"github.com/neuroran/neuroran/sfaas"
)

// promise measures what an [SLA] promises of a unit, where its slots enter: so it sees what moves,
// losses and refusals cost, wherever the unit is.
//
// A slot is due when it is pushed, or when a push was refused in its place. It is served when
// its first output has come out, here or at another node, which says so; or when an owner says
// that it has worked on it, since not every slot has an output. Latency is that of outputs.
type promise struct {
	sla     meter.SLA
	service *meter.Service

	mu      sync.Mutex
	last    sfaas.Slot // that was pushed
	any     bool
	refused uint64 // pushes since
	base    uint64 // slots that owners had worked on when the promise began
	worked  uint64 // since
}

func newPromise(sla SLA, worked uint64) *promise {
	s := meter.SLA{Deadline: sla.Deadline, Quantile: sla.Quantile, Throughput: sla.Throughput, Availability: sla.Availability}
	return &promise{sla: s, service: meter.NewService(s), base: worked}
}

// mostMissed bounds how many slots in a row are counted for pushes that were refused.
const mostMissed = 256

// pushed says that a slot has been taken in at a moment.
func (p *promise) pushed(slot sfaas.Slot, now sfaas.Time) {
	p.mu.Lock()
	missed := uint64(0)
	if p.any && slot > p.last+1 {
		missed = min(p.refused, uint64(slot-p.last-1), mostMissed)
	}
	p.last, p.any, p.refused = max(slot, p.last), true, 0
	p.mu.Unlock()
	for i := missed; i > 0; i-- {
		p.service.Due(slot-sfaas.Slot(i), now)
	}
	p.service.Due(slot, now)
}

// missed says that a push was refused.
func (p *promise) missed() {
	p.mu.Lock()
	p.refused++
	p.mu.Unlock()
}

// count takes how many slots owners say that they have worked on.
func (p *promise) count(worked uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if worked > p.base {
		p.worked = max(p.worked, worked-p.base)
	}
}

// report returns how it was so far.
func (p *promise) report() meter.Report {
	r := p.service.Report()
	p.mu.Lock()
	defer p.mu.Unlock()
	if more := min(p.worked, r.Slots); more > r.Served {
		more -= r.Served
		r.Served += more
		part := min(more, r.Missed)
		r.Missed -= part
		r.Open -= min(more-part, r.Open)
	}
	return r
}
