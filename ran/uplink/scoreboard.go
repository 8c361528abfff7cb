// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"sync"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// scoreboard collects the outcomes of a run from all workers.
type scoreboard struct {
	mu      sync.Mutex
	results []Transmission
	index   map[transmissionKey]int
	slots   []slotState
	bySlot  map[nr.Slot]int
	latest  time.Time // last event
}

// transmissionKey tells transmissions of a recording apart.
type transmissionKey struct {
	slot nr.Slot
	rnti uint16
	harq int
}

// slotState is what is known of one slot.
type slotState struct {
	handed  time.Time
	missing int
	trouble bool
	done    chan struct{} // closed when nothing is missing
	bad     chan struct{} // closed at the first notice
}

// newScoreboard expects the transmissions of a plan that are not left out.
func newScoreboard(p *plan) *scoreboard {
	b := &scoreboard{results: p.results, index: map[transmissionKey]int{}, bySlot: map[nr.Slot]int{}}
	for i := range p.results {
		if t := &p.results[i]; t.Unsupported == nil {
			b.index[transmissionKey{t.Slot, t.Grant.RNTI, t.Grant.HARQProcess}] = i
		}
	}
	for i := range p.slots {
		state := slotState{missing: len(p.grants[i]), done: make(chan struct{}), bad: make(chan struct{})}
		if state.missing == 0 {
			close(state.done)
		}
		b.bySlot[p.slots[i].Slot] = i
		b.slots = append(b.slots, state)
	}
	return b
}

// handed notes that the last sample of slot i is there.
func (b *scoreboard) handed(i int, at time.Time) {
	b.mu.Lock()
	b.slots[i].handed, b.latest = at, at
	b.mu.Unlock()
}

// arrived notes an outcome.
func (b *scoreboard) arrived(tb *block.TransportBlock, now time.Time, slot time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, ok := b.index[transmissionKey{tb.Slot, tb.RNTI, tb.HARQ}]
	if !ok || b.results[i].Received() {
		return
	}
	s := &b.slots[b.bySlot[tb.Slot]]
	b.results[i].finish(tb, s.handed, now, slot)
	b.latest = now
	if s.missing--; s.missing == 0 {
		close(s.done)
	}
}

// outcomeOf returns what a notice makes of the transmissions that it is about.
func outcomeOf(k sfaas.NoticeKind) nr.Outcome {
	switch k {
	case sfaas.NoticeFault:
		return nr.OutcomeFault
	case sfaas.NoticeSkipped:
		return nr.OutcomeLate
	}
	return nr.OutcomeDropped
}

// notice marks a slot in which something else than a result came out, and the
// transmissions that lack one: that of the HARQ process where the notice names
// one, or all of the slot. A fault is never taken back, what was late is
// not called dropped, and a result has the last word.
func (b *scoreboard) notice(n sfaas.Notice) {
	if n.Kind == sfaas.NoticeLate || warming(n.At.Key) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	i, ok := b.bySlot[nr.Slot(n.Header.Slot)]
	if !ok {
		return
	}
	for k := range b.results {
		t := &b.results[k]
		if uint64(t.Slot) != uint64(n.Header.Slot) || t.Received() || t.Unsupported != nil || !concerns(n.At.Key, t) {
			continue
		}
		if o := outcomeOf(n.Kind); t.Outcome == nr.OutcomeDropped || o == nr.OutcomeFault {
			t.Outcome = o
		}
	}
	if !b.slots[i].trouble {
		b.slots[i].trouble = true
		close(b.slots[i].bad)
	}
}

// concerns reports whether a key may be that of a transmission's work: its HARQ
// process, or the cell or a PRB group, of which it may be part.
func concerns(key sfaas.Key, t *Transmission) bool {
	harq, process := key.ID(sfaas.KindProcess)
	rnti, _ := key.ID(sfaas.KindUE)
	return !process || harq == uint64(t.Grant.HARQProcess) && rnti == uint64(t.Grant.RNTI)
}

// complete returns a channel that is closed when slot i has all its outcomes.
func (b *scoreboard) complete(i int) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.slots[i].done
}

// troubled returns a channel that is closed when slot i will lack an outcome.
func (b *scoreboard) troubled(i int) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.slots[i].bad
}

// outcomes returns the results so far.
func (b *scoreboard) outcomes() []Transmission {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Transmission(nil), b.results...)
}

// wall returns the time from the first slot that was handed over to the last
// outcome.
func (b *scoreboard) wall() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.latest.Sub(b.slots[0].handed)
}
