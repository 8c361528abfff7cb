// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"
	"sync"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/ofdm"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// recorded is the abstract air with the receiver of a station beside it, which decodes samples
// of the same grants, put together of what has been made in advance (bank): at the SINR that
// the abstract air says, over channels of the same kind. What counts for the loop is what the
// abstract air says; the receiver's work is real, and when it is done.
//
// In virtual time a slot's samples are received before the next slot begins. By the clock
// nothing waits: samples are handed over when their slot is on the air, and what has become of
// them is told when it is known.
type recorded struct {
	Air     // the abstract one
	cfg     AirConfig
	model   receiverModel
	station *Station
	key     sfaas.Key
	bank    *bank
	grid    nr.Grid         // of a slot, with samples
	mod     *ofdm.Modulator // nil without
	paced   bool
	fill    func(*nr.Baseband) error // puts the slot together that is handed over
	compose quantiles                // how long that takes

	schedule *nr.Schedule // of the slot that is handed over
	who      []int
	heard    []Reception

	mu     sync.Mutex
	slots  [recordedSlots]slotWork // ring over slots
	worked []Worked                // not yet asked for
	chain  Decoded
}

// slotWork is what the receiver still has to do in a slot.
type slotWork struct {
	Worked
	left int // outcomes that are not there
}

const recordedSlots = 64

// Decoded counts what the receiver has made of recorded samples, beside what the loop goes by.
type Decoded struct {
	Passed int `json:"passed"` // transmissions that passed their CRC
	Failed int `json:"failed"` // and that did not
	Absent int `json:"absent"` // where nothing was found
	Lost   int `json:"lost"`   // of which nothing has come: late, dropped, refused
}

// NewRecorded returns the abstract air of one cell, with the station's receiver at work on
// recorded samples of its grants. What its UEs may send is made in advance, which takes a
// second or two on 24 PRBs. It returns the errors of [Station.NewAir] and [NewAbstract], and a [*nr.UnsupportedError]
// for UEs of several layers or different patterns of grants.
func (s *Station) NewRecorded(cfg AirConfig) (Air, error) {
	if err := s.check(&cfg); err != nil {
		return nil, err
	}
	if s.schedules() && !s.cfg.FeedbackByHost {
		return nil, &nr.FieldError{Field: "feedback_by_host", Got: false, Want: "true: what becomes of a grant is what the abstract air says"}
	}
	abstract, err := NewAbstract(cfg)
	if err != nil {
		return nil, err
	}
	w := &recorded{Air: abstract, cfg: cfg, model: receiverModels[cfg.Receiver], station: s, key: block.CellKey(cfg.Carrier.CellID)}
	if w.bank, err = newBank(&cfg); err != nil {
		return nil, err
	}
	if cfg.Samples {
		w.grid.RE.Resize(cfg.NumRx, nr.SymbolsPerSlot, cfg.Carrier.NumSubcarriers())
		if w.mod, err = ofdm.NewModulator(ofdm.Config{Carrier: cfg.Carrier, NumPorts: cfg.NumRx}); err != nil {
			return nil, err
		}
	}
	w.fill = w.put
	w.compose.init()
	return w, s.enter(w.key, w)
}

// pace implements pacer.
func (w *recorded) pace() { w.paced = true }

// Transmit implements [Air].
func (w *recorded) Transmit(dst []Reception, s *nr.Schedule, who []int) error {
	if err := w.Air.Transmit(dst, s, who); err != nil {
		return err
	}
	if len(s.Grants) == 0 {
		return nil // the receiver would wait for the grants of a slot that has no schedule
	}
	w.schedule, w.who, w.heard = s, who, dst
	w.expect(s)
	if !w.paced {
		return w.station.receive(w.key, s, w.fill)
	}
	if err := w.station.rx.Samples(w.key, s.Slot, w.fill); err != nil {
		w.refused(s.Slot)
	}
	return nil
}

// put puts the samples of the present slot together.
func (w *recorded) put(b *nr.Baseband) error {
	began := time.Now()
	dst := w.grid.RE.Data()
	if w.mod == nil {
		b.Samples.Resize(w.cfg.NumRx, nr.SymbolsPerSlot*w.cfg.Carrier.NumSubcarriers())
		dst = b.Samples.Data()
	}
	slot := w.schedule.Slot
	w.bank.begin(dst, slot)
	for i := range w.schedule.Grants {
		if w.who[i] < 0 {
			continue
		}
		reported := math.Pow(10, float64(w.heard[i].SINRdB)/10)
		power := max(reported-float64(w.model.offset), 0) / float64(w.model.gain)
		if err := w.bank.add(dst, slot, &w.schedule.Grants[i], w.who[i], power); err != nil {
			return err
		}
	}
	if w.mod != nil {
		w.grid.Slot = slot
		if err := w.mod.Process(b, &w.grid); err != nil {
			return err
		}
	}
	w.compose.add(time.Since(began))
	return nil
}

// expect opens the account of a slot.
func (w *recorded) expect(s *nr.Schedule) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &w.slots[int(s.Slot)%len(w.slots)]
	if p.left > 0 { // of a slot that is long over
		p.Late = true
		w.chain.Lost += p.left
		w.worked = append(w.worked, p.Worked)
	}
	*p = slotWork{Worked: Worked{Slot: s.Slot}, left: len(s.Grants)}
}

// refused ends a slot that the receiver could not take.
func (w *recorded) refused(slot nr.Slot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &w.slots[int(slot)%len(w.slots)]
	if p.left > 0 {
		w.chain.Lost += p.left
		p.Late, p.left = true, 0
		w.worked = append(w.worked, p.Worked)
	}
}

// outcome implements listener.
func (w *recorded) outcome(t *uplink.Transmission) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &w.slots[int(t.Slot)%len(w.slots)]
	if p.Slot != t.Slot || p.left == 0 {
		return // of a slot that has not been on the air, or that is over
	}
	switch t.Outcome {
	case nr.OutcomePassed:
		w.chain.Passed++
	case nr.OutcomeFailed:
		w.chain.Failed++
	case nr.OutcomeAbsent:
		w.chain.Absent++
	default:
		w.chain.Lost++
	}
	p.Took = max(p.Took, t.Latency)
	p.Late = p.Late || !t.Received() || t.Late
	if p.left--; p.left == 0 {
		w.worked = append(w.worked, p.Worked)
	}
}

// Worked implements [Timed].
func (w *recorded) Worked(dst []Worked) []Worked {
	w.mu.Lock()
	defer w.mu.Unlock()
	dst, w.worked = append(dst, w.worked...), w.worked[:0]
	return dst
}

// decoded returns what the receiver has made of everything so far.
func (w *recorded) decoded() *Decoded {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.chain
	return &d
}

// Close implements [Air].
func (w *recorded) Close() error {
	w.station.leave(w.key)
	return w.Air.Close()
}
