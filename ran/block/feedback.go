// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// Feedback is what has become of the grants of one slot of a cell, as its scheduler is told:
// what FAPI has in CRC.indication, and in RX_Data.indication of MAC control elements. It is
// one message for each cell and slot. What is not in it has not come in time, and package mac
// takes what never comes as lost by itself.
type Feedback struct {
	Slot    nr.Slot        // slot of the grants
	Grants  []mac.Feedback // what became of them, in any order
	Efforts []Effort       // what slots have cost the receiver
}

// Effort is what the receiver's work in a slot took.
type Effort struct {
	Slot   nr.Slot // slot that was received
	Micros float64 // µs
}

// Reset empties the message for a slot, and keeps its memory.
func (f *Feedback) Reset(slot nr.Slot) { *f = Feedback{slot, f.Grants[:0], f.Efforts[:0]} }

// CopyFrom makes f a deep copy of o. It allocates only where f has to grow.
func (f *Feedback) CopyFrom(o *Feedback) {
	*f = Feedback{o.Slot, append(f.Grants[:0], o.Grants...), append(f.Efforts[:0], o.Efforts...)}
}

// Tell gives a cell what the message says. It does not allocate.
func (f *Feedback) Tell(c *mac.Cell) {
	c.Feedback(f.Slot, f.Grants)
	for i := range f.Efforts {
		c.Measured(f.Efforts[i].Slot, f.Efforts[i].Micros)
	}
}

// Reported is what has become of one grant, on its way from its HARQ process to its cell.
type Reported struct {
	mac.Feedback
	Began sfaas.Time // when the receiver's work on the slot began
	Ended sfaas.Time // when the outcome was known
}

// NewReport returns the function that says of a transport block what the scheduler is to know
// of it: outcome, SINR and iterations, and the control elements of a MAC PDU whose CRC holds.
// What cannot be read of a PDU, since it is none or uses what is not known here, is not
// reported. It keeps nothing. What it emits goes from the HARQ process to its cell.
//
// TS 38.321 §6.1.
func NewReport(cfg Config) sfaas.Fn[TransportBlock, Reported] {
	return sfaas.DefineEach("ran/report", func(c *sfaas.Ctx, out sfaas.Emitter[Reported], in *TransportBlock) error {
		r := out.Add(c.Key().Root())
		*r = Reported{Feedback: feedbackOf(&in.TransportBlock), Began: in.Trace.first(), Ended: c.Now()}
		return nil
	}, sfaas.FunctionConfig{Params: cfg.params("")})
}

// feedbackOf returns what a transport block says to the scheduler.
func feedbackOf(tb *nr.TransportBlock) mac.Feedback {
	f := mac.Feedback{
		RNTI: tb.RNTI, HARQProcess: uint8(tb.HARQ), Outcome: tb.Outcome(), SINRObserved: tb.Quality.SINRObserved, SINRdB: float32(tb.Quality.SINRdB()),
		Iterations: uint8(min(tb.Iterations, 255)), MeanIterations: tb.MeanIterations,
	}
	if f.Outcome == nr.OutcomePassed {
		e, _ := mac.ParseElements(tb.Data.Data())
		f.BSR, f.HasPHR, f.PHR = e.BSR, e.HasPHR, e.PHR
	}
	return f
}

// first returns when the first stage of a way began.
func (t *Trace) first() sfaas.Time {
	for _, at := range t.Began {
		if at != 0 {
			return at
		}
	}
	return 0
}

// Calibration corrects what the receiver reports to a cell's scheduler: a setting, which holds
// until the next one.
type Calibration struct {
	SINRdB float64 // is added to SINRs
}

// Collector is the function that gathers what has become of a slot's grants.
type Collector struct {
	Fn           sfaas.Fn[Reported, Feedback]  // under the key of the cell
	Grants       sfaas.Controller[nr.Schedule] // of whose grants it waits
	Calibrations sfaas.Controller[Calibration] // of what it tells
}

// openSlots is how many slots are gathered at once: those that are longer ago than the
// receiver may work on them are over.
const openSlots = 8

// gathering is what a collector keeps of a cell.
type gathering struct {
	Owed    [2 * openSlots]owedSlot // by the schedules, ring over slots
	Slots   [openSlots]gatheredSlot // ring over slots
	Offset  float64                 // of [Calibration], dB
	Newest  nr.Slot                 // last slot of which anything was heard
	Heard   bool                    // whether there is one
	Waiting uint8                   // slots that are open
}

// owedSlot says how many grants a slot has.
type owedSlot struct {
	Slot   nr.Slot
	Grants uint8
}

// gatheredSlot is what has come of a slot that is open.
type gatheredSlot struct {
	Slot  nr.Slot
	N     uint8 // used entries of Grants; 0 of a slot that is not open
	Began sfaas.Time
	Ended sfaas.Time
	Heard [nr.MaxGrants]mac.Feedback
}

// NewCollect returns the function from what has become of single grants to the [Feedback] of a
// slot, one message under the key of the cell, which belongs to the slot that comes so many
// slots after it as feedback takes: a scheduler for which that is a setting hears it when that
// slot begins, if it has come by then.
//
//	blocks ──▶ report ──▶ collect ──┈ feedback ┈──▶ schedule
//	             grants ────▲                          │
//	               ▲────────┈ grants ┈─────────────────┘
//
// A slot is told
//
//  1. when all of its grants have been heard of, or
//  2. if some are not, because their work was late, dropped or failed, when something comes
//     of a slot from which on the scheduler takes what is missing as lost; and at the latest
//     when its place is needed. Blocks that are taken as lost are sent again, so something
//     comes.
//
// What is gathered is Volatile: if it is lost, those blocks are sent again. Feedback must take
// at least one slot.
func NewCollect(cfg Config, feedbackSlots int) Collector {
	cell := sfaas.NewValue[gathering]("gathering", sfaas.Volatile, sfaas.TTL(forgetAfter))
	delay := nr.Slot(feedbackSlots)
	f := sfaas.DefineEach("ran/collect", func(c *sfaas.Ctx, out sfaas.Emitter[Feedback], in *Reported) error {
		g, now := cell.Mut(c), nr.Slot(c.Slot())
		tell := func(s *gatheredSlot) {
			s.tell(out.At(sfaas.Slot(max(s.Slot+delay, now))).Add(c.Key()))
			g.Waiting--
		}
		s := &g.Slots[int(now)%openSlots]
		switch {
		case s.N == 0:
		case s.Slot > now:
			return nil // it has been taken as lost long ago
		case s.Slot < now:
			tell(s)
		}
		if !g.Heard || now > g.Newest {
			g.Newest, g.Heard = now, true
			for i := range g.Slots {
				if old := &g.Slots[i]; g.Waiting > 0 && old.N > 0 && old.Slot < now && old.Slot+delay <= now+1 {
					tell(old)
				}
			}
		}
		if s.N == 0 {
			s.Slot, s.Began, s.Ended = now, in.Began, in.Ended
			g.Waiting++
		}
		s.add(in, g.Offset)
		if o := &g.Owed[int(now)%len(g.Owed)]; o.Slot == now && s.N >= o.Grants || int(s.N) == len(s.Heard) {
			tell(s)
		}
		return nil
	}, sfaas.FunctionConfig{Params: collectParams{cfg.params(""), feedbackSlots}, History: openSlots}, cell)
	grants := sfaas.OnSetting(f, func(c *sfaas.Ctx, in *nr.Schedule) error {
		g := cell.Mut(c)
		g.Owed[int(in.Slot)%len(g.Owed)] = owedSlot{in.Slot, uint8(len(in.Grants))}
		return nil
	})
	calibrations := sfaas.OnSetting(f, func(c *sfaas.Ctx, in *Calibration) error {
		if !(in.SINRdB >= -100 && in.SINRdB <= 100) {
			return &nr.FieldError{Field: "calibration.sinr_db", Got: in.SINRdB, Want: "±100 dB"}
		}
		cell.Mut(c).Offset = in.SINRdB
		return nil
	})
	return Collector{f, grants, calibrations}
}

// add takes in what has become of one grant.
func (s *gatheredSlot) add(in *Reported, offset float64) {
	s.Began, s.Ended = min(s.Began, in.Began), max(s.Ended, in.Ended)
	f := &s.Heard[s.N]
	*f = in.Feedback
	f.SINRdB += float32(offset)
	s.N++
}

// tell writes what has come of the slot, and ends it.
func (s *gatheredSlot) tell(dst *Feedback) {
	dst.Reset(s.Slot)
	dst.Grants = append(dst.Grants, s.Heard[:s.N]...)
	dst.Efforts = append(dst.Efforts, Effort{s.Slot, float64(s.Ended.Sub(s.Began)) / 1e3})
	s.N = 0
}

// collectParams is what the digest of a collector covers.
type collectParams struct {
	Function      params
	FeedbackSlots int
}
