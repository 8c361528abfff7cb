// SPDX-License-Identifier: Apache-2.0

package block

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// told is a feedback as a test compares it: the slot in which it is to be known, the slot that
// it is about, and the RNTIs of its grants.
type told struct {
	At, Of sfaas.Slot
	RNTIs  []uint16
}

// collected is a collector at work.
type collected struct {
	t            *testing.T
	rt           *sfaas.Runtime
	key          sfaas.Key
	outcomes     sfaas.Input[Reported]
	grants       sfaas.Input[nr.Schedule]
	calibrations sfaas.Input[Calibration]

	mu     sync.Mutex
	told   []told
	last   Feedback
	faults []error
}

func newCollected(t *testing.T, delay int) *collected {
	t.Helper()
	g := sfaas.NewGraph("collector")
	x := &collected{
		t: t, key: CellKey(1), outcomes: sfaas.Source[Reported](g, "outcomes"), grants: sfaas.Source[nr.Schedule](g, "grants"),
		calibrations: sfaas.Source[Calibration](g, "calibrations"),
	}
	c := NewCollect(Config{}, delay)
	out := sfaas.Sink(sfaas.Apply(x.outcomes, c.Fn), "feedback")
	sfaas.Control(x.grants, c.Grants)
	sfaas.Control(x.calibrations, c.Calibrations)
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	x.rt, err = sfaas.NewRuntime(app, sfaas.WithMode(sfaas.Replay), sfaas.WithLogger(slog.New(slog.DiscardHandler)), sfaas.WithNotices(func(n sfaas.Notice) {
		x.mu.Lock()
		defer x.mu.Unlock()
		if n.Kind == sfaas.NoticeFault {
			x.faults = append(x.faults, n.Err)
		}
	}), sfaas.WithOutput(out, func(h sfaas.Header, f *Feedback) {
		x.mu.Lock()
		defer x.mu.Unlock()
		all := told{At: h.Slot, Of: sfaas.Slot(f.Slot)}
		for i := range f.Grants {
			all.RNTIs = append(all.RNTIs, f.Grants[i].RNTI)
		}
		x.told = append(x.told, all)
		x.last.CopyFrom(f)
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.rt.Close() })
	return x
}

// schedule tells of so many grants of a slot.
func (x *collected) schedule(slot nr.Slot, grants int) {
	x.t.Helper()
	if err := x.grants.PushValue(x.rt, x.key, sfaas.Slot(slot), &nr.Schedule{Slot: slot, Grants: make([]nr.Grant, grants)}); err != nil {
		x.t.Fatal(err)
	}
}

// hear tells what became of the grants of some UEs of a slot.
func (x *collected) hear(slot nr.Slot, rntis ...uint16) {
	x.t.Helper()
	for _, rnti := range rntis {
		r := Reported{Feedback: mac.Feedback{RNTI: rnti, SINRObserved: true, SINRdB: 7}, Began: sfaas.Time(1000 * rnti), Ended: sfaas.Time(9000 * int64(rnti))}
		if err := x.outcomes.PushValue(x.rt, x.key, sfaas.Slot(slot), &r); err != nil {
			x.t.Fatal(err)
		}
	}
	x.settle()
}

func (x *collected) settle() {
	x.t.Helper()
	if err := x.rt.Drain(context.Background()); err != nil {
		x.t.Fatal(err)
	}
}

// want compares what has been told since the last call.
func (x *collected) want(want ...told) {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if diff := cmp.Diff(want, x.told); diff != "" {
		x.t.Errorf("feedback (-want +got):\n%s", diff)
	}
	x.told = nil
}

// TestCollect tells each slot once: when all of it is there, or when the scheduler takes what is
// missing as lost.
func TestCollect(t *testing.T) {
	x := newCollected(t, 4)
	for slot := range nr.Slot(40) {
		x.schedule(slot, 3)
	}
	x.hear(10, 1, 2)
	x.want()
	x.hear(10, 3)
	x.want(told{14, 10, []uint16{1, 2, 3}})

	x.hear(11, 1) // two of them never come
	x.hear(13, 4)
	x.hear(12, 5, 6, 7) // overtaken
	x.want(told{16, 12, []uint16{5, 6, 7}})
	x.hear(13, 5, 6)
	x.want(told{17, 13, []uint16{4, 5, 6}})
	x.hear(14, 1) // slot 15 is the one in which slot 11 is to be known
	x.want(told{15, 11, []uint16{1}})

	x.hear(22, 9) // slot 14 is in its place, and long over
	x.want(told{22, 14, []uint16{1}})
	x.hear(14, 8) // of which nobody asks any more
	x.want()
	x.hear(22, 8, 7)
	x.want(told{26, 22, []uint16{9, 8, 7}})
	if got := x.last.Efforts; len(got) != 1 || got[0] != (Effort{22, 9*9 - 7}) {
		t.Errorf("efforts %v", got)
	}
}

// TestCollectAtOnce has a delay of one slot: nothing is told before all that comes of a slot can
// be there.
func TestCollectAtOnce(t *testing.T) {
	x := newCollected(t, 1)
	for slot := range nr.Slot(10) {
		x.schedule(slot, 2)
	}
	x.hear(5, 1)
	x.want()
	x.hear(5, 2)
	x.hear(6, 1)
	x.want(told{6, 5, []uint16{1, 2}})
	x.hear(7, 3)
	x.want(told{7, 6, []uint16{1}})
}

// TestCollectUnknown knows nothing of the schedules, which are lost: what comes is told all the
// same, a slot at a time, and at the latest when there is no room for more.
func TestCollectUnknown(t *testing.T) {
	x := newCollected(t, 2)
	x.hear(3, 1, 2)
	x.hear(4, 3)
	x.want(told{5, 3, []uint16{1, 2}})
	many := told{At: 8, Of: 6}
	for rnti := range uint16(nr.MaxGrants) {
		x.hear(6, rnti)
		many.RNTIs = append(many.RNTIs, rnti)
	}
	x.want(told{6, 4, []uint16{3}}, many)
}

// TestCalibration corrects SINRs, and refuses what cannot be.
func TestCalibration(t *testing.T) {
	x := newCollected(t, 4)
	for i, c := range []struct{ dB, want float64 }{{3, 10}, {-2.5, 4.5}, {1000, 4.5}} {
		slot := nr.Slot(i)
		x.schedule(slot, 1)
		if err := x.calibrations.PushValue(x.rt, x.key, sfaas.Slot(slot), &Calibration{SINRdB: c.dB}); err != nil {
			t.Fatal(err)
		}
		x.hear(slot, 1)
		x.mu.Lock()
		if got := x.last.Grants[0].SINRdB; float64(got) != c.want {
			t.Errorf("%g dB: got %g, want %g", c.dB, got, c.want)
		}
		x.mu.Unlock()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.faults) != 1 || !errors.As(x.faults[0], new(*nr.FieldError)) {
		t.Errorf("faults %v", x.faults)
	}
}

// TestReport says of a block what its MAC PDU reports, and only if it passed.
func TestReport(t *testing.T) {
	waiting := [mac.NumLCGs]int{2: 5000}
	e := mac.Elements{BSR: mac.NewBSR(&waiting), HasPHR: true, PHR: 41}
	tb := nr.TransportBlock{RNTI: 7, HARQ: 3, NumBits: 800, CRC: true, Iterations: 300, MeanIterations: 2.5, Quality: nr.Quality{SINR: 10, SINRObserved: true}}
	tb.Data.Resize(100)
	if err := e.Put(tb.Data.Data(), 4, e.Room(100)); err != nil {
		t.Fatal(err)
	}
	want := mac.Feedback{
		RNTI: 7, HARQProcess: 3, Outcome: nr.OutcomePassed, SINRObserved: true, SINRdB: 10, Iterations: 255, MeanIterations: 2.5,
		BSR: e.BSR, HasPHR: true, PHR: 41,
	}
	if got := feedbackOf(&tb); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	tb.CRC = false
	want.Outcome, want.BSR, want.HasPHR, want.PHR = nr.OutcomeFailed, mac.BSR{}, false, 0
	if got := feedbackOf(&tb); got != want {
		t.Errorf("failed: got %+v, want %+v", got, want)
	}
	tb.CRC = true
	for i := range tb.Data.Data() { // no MAC PDU
		tb.Data.Data()[i] = 40
	}
	want.Outcome = nr.OutcomePassed
	if got := feedbackOf(&tb); got != want {
		t.Errorf("no PDU: got %+v, want %+v", got, want)
	}
}
