// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"sync"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// openSlots is how many slots of a unit may be on their way at a time. What has not come out
// when one comes that is so much later is missed.
const openSlots = 256

// Service measures what a unit is promised, where its slots enter and its outputs leave: so it
// sees what moves, crashes and refusals cost, wherever the unit is. Several goroutines may use
// one at once; it allocates only while its histogram grows.
type Service struct {
	sla SLA

	mu      sync.Mutex
	open    [openSlots]due
	latency sfaas.Histogram
	report  Report
	first   sfaas.Time // of a slot
	last    sfaas.Time
}

type due struct {
	slot sfaas.Slot
	at   sfaas.Time
	open bool
}

// NewService returns a service that is measured against an SLA.
func NewService(sla SLA) *Service { return &Service{sla: sla} }

// Due says when a slot began, whether or not its messages were taken in: that it is served is
// expected from then on. A slot that is due already stays as it is.
func (s *Service) Due(slot sfaas.Slot, at sfaas.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &s.open[uint64(slot)%openSlots]
	if d.slot == slot && (d.open || d.at != 0) {
		return
	}
	if d.open {
		s.report.Missed++
	}
	*d = due{slot: slot, at: max(at, 1), open: true}
	if s.report.Slots == 0 {
		s.first = at
	}
	s.report.Slots++
	s.last = max(s.last, at)
}

// Done says that the output of a slot has come out. Only the first of a slot counts, and only
// of one that is due.
func (s *Service) Done(slot sfaas.Slot, at sfaas.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &s.open[uint64(slot)%openSlots]
	if !d.open || d.slot != slot {
		return
	}
	d.open = false
	took := max(at.Sub(d.at), 0)
	s.latency.Add(took)
	s.report.Served++
	if s.sla.Deadline > 0 && took > s.sla.Deadline {
		s.report.Late++
	}
}

// Report is what a service was.
type Report struct {
	Slots  uint64 // that were due
	Served uint64 // with an output, late or not
	Late   uint64 // of these, after the deadline
	Missed uint64 // that have no output, and get none any more
	Open   uint64 // that are on their way

	P50, P99, Max time.Duration // latency, at most 1/16 too high
	AtQuantile    time.Duration // the same at the quantile of the SLA
	Length        time.Duration // from the first slot that was due to the last
}

// Report returns how it was so far.
func (s *Service) Report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.report
	r.Open = r.Slots - r.Served - r.Missed
	r.P50, r.P99, r.Max = s.latency.Quantile(0.5), s.latency.Quantile(0.99), s.latency.Max()
	r.AtQuantile = s.latency.Quantile(s.sla.quantile())
	r.Length = s.last.Sub(s.first)
	return r
}

// Check returns what the SLA says of the report so far, see [SLA.Check].
func (s *Service) Check() error {
	r := s.Report()
	return s.sla.Check(&r)
}

// Throughput returns the slots served a second.
func (r *Report) Throughput() float64 {
	if r.Length <= 0 || r.Slots < 2 {
		return 0
	}
	// The last slot takes as long as the others.
	return float64(r.Served) / r.Length.Seconds() * float64(r.Slots-1) / float64(r.Slots)
}

// Availability returns the share of slots that were served, among those of which it is known.
func (r *Report) Availability() float64 {
	if known := r.Served + r.Missed; known > 0 {
		return float64(r.Served) / float64(known)
	}
	return 1
}
