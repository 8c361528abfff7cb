// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"sync"

	"github.com/neuroran/neuroran/phy/nr"
)

// Trace remembers the course of a cell, coarsely, for drawings: what each UE did in each of
// at most 400 spans of equal length, and the grants of the last frame.
type Trace struct {
	Span   int // slots
	Points []TracePoint
	Frame  []nr.Schedule // the last frame, in the order of slots

	mu    sync.Mutex     // of what is written of a point after its span
	asks  sync.WaitGroup // who asks the scheduler
	loop  *Loop
	slots int
	bits  []int64
	mcs   []int64
	fresh []int
}

// TracePoint is one span of slots.
type TracePoint struct {
	Slot nr.Slot   // the first one after it
	UEs  []UEPoint // in the order of [Config].UEs
}

// UEPoint is one UE in one span.
type UEPoint struct {
	Mbps   float64 // received
	MCS    float64 // mean of its first transmissions; −1 of none
	OLLAdB float64 // offset of the outer loop at the end
}

const maxTracePoints = 400

// NewTrace begins to watch a loop.
func NewTrace(l *Loop) *Trace {
	n := len(l.ues)
	t := &Trace{Span: 20, loop: l, bits: make([]int64, n), mcs: make([]int64, n), fresh: make([]int, n)}
	t.Frame = make([]nr.Schedule, l.cfg.MAC.Carrier.Numerology().SlotsPerFrame())
	l.Watch(t.slot)
	return t
}

// slot takes one slot.
func (t *Trace) slot(s *nr.Schedule, _ []Reception) {
	t.Frame[int(s.Slot)%len(t.Frame)].Set(s.Slot, s.Grants...)
	for i := range s.Grants {
		if u, ok := t.loop.index[s.Grants[i].RNTI]; ok && s.Grants[i].NewData {
			t.mcs[u] += int64(s.Grants[i].MCSIndex)
			t.fresh[u]++
		}
	}
	if t.slots++; t.slots < t.Span {
		return
	}
	t.slots = 0
	p := TracePoint{Slot: s.Slot + 1}
	seconds := float64(t.Span) * t.loop.length.Seconds()
	for i := range t.loop.ues {
		u := &t.loop.ues[i]
		x := UEPoint{Mbps: float64(8*u.stats.payload-t.bits[i]) / seconds / 1e6, MCS: -1}
		if t.fresh[i] > 0 {
			x.MCS = float64(t.mcs[i]) / float64(t.fresh[i])
		}
		t.bits[i], t.mcs[i], t.fresh[i] = 8*u.stats.payload, 0, 0
		p.UEs = append(p.UEs, x)
	}
	if t.loop.ticker == nil {
		t.ask(p.UEs)
	} else { // whose schedules are made elsewhere, and who has no time to wait for an answer
		t.asks.Go(func() { t.ask(p.UEs) })
	}
	if t.Points = append(t.Points, p); len(t.Points) == maxTracePoints {
		t.halve()
	}
}

// ask writes what the scheduler knows of the UEs.
func (t *Trace) ask(dst []UEPoint) {
	for i := range dst {
		if now, ok := t.loop.maker.UE(t.loop.ues[i].cfg.RNTI); ok {
			t.mu.Lock()
			dst[i].OLLAdB = now.Loop.OffsetDB
			t.mu.Unlock()
		}
	}
}

// halve joins the points two by two.
func (t *Trace) halve() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range len(t.Points) / 2 {
		a, b := t.Points[2*i], t.Points[2*i+1]
		for u := range b.UEs {
			x, y := a.UEs[u], &b.UEs[u]
			y.Mbps = (x.Mbps + y.Mbps) / 2
			switch {
			case y.MCS < 0:
				y.MCS = x.MCS
			case x.MCS >= 0:
				y.MCS = (x.MCS + y.MCS) / 2
			}
		}
		t.Points[i] = b
	}
	t.Points, t.Span = t.Points[:len(t.Points)/2], 2*t.Span
}
