// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
)

// TestBank puts transmissions together as the transmitter of phy/pusch makes them.
func TestBank(t *testing.T) {
	cfg := testConfig(2, nil, Traffic{})
	air := AirConfig{Carrier: cfg.MAC.Carrier, NumRx: 1, UEs: cfg.UEs, Seed: 1}
	b, err := newBank(&air)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := pusch.NewTransmitter(pusch.Limits{Carrier: air.Carrier})
	if err != nil {
		t.Fatal(err)
	}
	size := nr.SymbolsPerSlot * air.Carrier.NumSubcarriers()
	dst := make([]complex64, size)
	for i, g := range []nr.Grant{
		{NumPRB: 24, MCSIndex: 28}, {StartPRB: 3, NumPRB: 7, MCSIndex: 13}, {StartPRB: 23, NumPRB: 1, MCSIndex: 0, RV: 2}, {StartPRB: 4, NumPRB: 20, MCSIndex: 20, RV: 3},
	} {
		slot, ue := nr.Slot(3+13*i), i%2
		x := cfg.UEs[ue].MAC.Grant
		x.RNTI, x.StartPRB, x.NumPRB, x.MCSIndex, x.RV, x.NewData = cfg.UEs[ue].RNTI, g.StartPRB, g.NumPRB, g.MCSIndex, g.RV, true
		var want nr.Grid
		if err := errors.Join(tx.Configure(slot, &x), tx.Process(&want, b.block[:x.TBS()/8])); err != nil {
			t.Fatal(err)
		}
		clear(dst)
		if err := b.add(dst, slot, &x, ue, 1); err != nil {
			t.Fatal(err)
		}
		c := &b.ues[ue].channels[int(slot)/bankSpacing]
		scale := complex64(complex(1/math.Sqrt(c.power(12*x.StartPRB, 12*(x.StartPRB+x.NumPRB))), 0))
		for k, y := range want.RE.Data() {
			if d := dst[k] - y*scale*c.gains[k%air.Carrier.NumSubcarriers()]; math.Hypot(float64(real(d)), float64(imag(d))) > 1e-4 {
				t.Fatalf("grant %d, element %d: got %v, off by %v", i, k, dst[k], d)
			}
		}
	}
}

// TestRecorded has the history of the abstract air, and a receiver that makes of the samples
// about what that says.
func TestRecorded(t *testing.T) {
	s := DefaultScenario()
	s.Slots, s.Receiver = 500, "ls"
	run := func(air string) Result {
		s.Air = air
		r, err := s.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return r[0]
	}
	want, got := run("abstract"), run("recorded")
	if want.Summary.History != got.Summary.History {
		t.Error("another history than the abstract air")
	}
	d := got.Decoded
	if d == nil || d.Lost != 0 || d.Absent != 0 || d.Passed < 1000 || float64(d.Failed) > 0.2*float64(d.Passed) {
		t.Errorf("got %+v", d)
	}
	s.Samples = true
	if r := run("recorded"); r.Decoded.Failed > d.Failed+50 || r.Decoded.Passed < d.Passed-50 {
		t.Errorf("by samples %+v, by elements %+v", r.Decoded, d)
	}
}

// TestRecordedByTheClock keeps its books whatever is late: each grant of the receiver's has an
// outcome, and every slot is there.
func TestRecordedByTheClock(t *testing.T) {
	s := DefaultScenario()
	s.Slots, s.Receiver, s.Air, s.RealTime, s.FIFO = 600, "ls", "recorded", true, true
	r, err := s.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	d, sum := r[0].Decoded, r[0].Summary
	if d.Passed == 0 || sum.Slots != 600 || sum.Late > 600 || len(r[0].Times) < 5 {
		t.Errorf("%+v, %+v, %+v", d, sum, r[0].Times)
	}
	t.Logf("%d of 400 slots late, %+v", sum.Late, *d)
}

// TestRecordedRefuses UEs that the bank has nothing for.
func TestRecordedRefuses(t *testing.T) {
	cfg := testConfig(2, nil, Traffic{})
	cfg.UEs[1].MAC.Grant.MCSTable = nr.MCSTable256QAM
	s, err := OpenStation(AirConfig{Carrier: cfg.MAC.Carrier, NumRx: 2, Scheduler: cfg.MAC, FeedbackByHost: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.NewRecorded(AirConfig{Carrier: cfg.MAC.Carrier, NumRx: 2, UEs: cfg.UEs}); !errors.Is(err, nr.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
