// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// fakeTicks answers the ticks of a maker as a test says.
type fakeTicks struct {
	maker   *functionMaker
	pushed  []block.SlotIndication
	settled int
}

func newFakeTicks(patience time.Duration, answer func(f *fakeTicks, in *block.SlotIndication)) *fakeTicks {
	f := &fakeTicks{}
	f.maker = &functionMaker{
		ahead: 2, patience: patience,
		push: func(in *block.SlotIndication) error {
			var c block.SlotIndication
			c.CopyFrom(in)
			f.pushed = append(f.pushed, c)
			answer(f, in)
			return nil
		},
		settle: func(context.Context) error { f.settled++; return nil },
	}
	f.maker.init()
	return f
}

// make makes the schedule of a slot's tick.
func (f *fakeTicks) make(t *testing.T, in block.SlotIndication) nr.Schedule {
	t.Helper()
	var s nr.Schedule
	if err := f.maker.Make(&s, &in, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func (f *fakeTicks) answer(slot nr.Slot) {
	f.maker.take(&nr.Schedule{Slot: slot + 2, Grants: []nr.Grant{{RNTI: 7}}})
}

// TestTickIsPushedAgain refuses ticks as an old owner does: they come again at once, and the
// slot has its grants. The maker would wait for an hour otherwise.
func TestTickIsPushedAgain(t *testing.T) {
	f := newFakeTicks(time.Hour, func(f *fakeTicks, in *block.SlotIndication) {
		if len(f.pushed) < 3 {
			f.maker.miss(in.Slot, &sfaas.Notice{Kind: sfaas.NoticeStale})
			return
		}
		f.answer(in.Slot)
	})
	if s := f.make(t, block.SlotIndication{Slot: 5, Detach: []uint16{3}}); s.Slot != 7 || len(s.Grants) != 1 {
		t.Errorf("got %+v", s)
	}
	if len(f.pushed) != 3 || f.settled != 0 || !cmp.Equal(f.pushed[0], f.pushed[2]) {
		t.Errorf("%d ticks pushed, asked %d times", len(f.pushed), f.settled)
	}
}

// TestLostTick loses ticks without a word: their slots have no grants, the runtimes are asked
// once for each, and the next tick tells who has come and gone, in the end.
func TestLostTick(t *testing.T) {
	f := newFakeTicks(time.Millisecond, func(f *fakeTicks, in *block.SlotIndication) {
		if len(f.pushed) == 4 {
			f.answer(in.Slot)
		}
	})
	attach := func(rntis ...uint16) (all []block.Attachment) {
		for _, r := range rntis {
			all = append(all, block.Attachment{RNTI: r})
		}
		return all
	}
	for _, in := range []block.SlotIndication{
		{Slot: 0, Attach: attach(4, 5), Requests: []uint16{9}},
		{Slot: 1, Detach: []uint16{5}},
		{Slot: 2, Attach: attach(5, 6)},
	} {
		if s := f.make(t, in); s.Slot != in.Slot+2 || len(s.Grants) != 0 {
			t.Errorf("got %+v", s)
		}
	}
	if s := f.make(t, block.SlotIndication{Slot: 3, Requests: []uint16{6}}); len(s.Grants) != 1 {
		t.Errorf("got %+v", s)
	}
	want := block.SlotIndication{Slot: 3, Attach: attach(4, 5, 6), Detach: []uint16{5}, Requests: []uint16{6}}
	if diff := cmp.Diff(want, f.pushed[3], cmp.Transformer("empty", func(x []block.Sounding) int { return len(x) })); diff != "" {
		t.Errorf("the fourth tick (-want +got):\n%s", diff)
	}
	if f.settled != 3 {
		t.Errorf("asked %d times", f.settled)
	}
	if f.answer(4); true {
		f.make(t, block.SlotIndication{Slot: 4})
	}
	if got := f.pushed[4]; len(got.Attach)+len(got.Detach) != 0 {
		t.Errorf("told twice: %+v", got)
	}
}

// TestRefusedTick has the function's error where it refuses what a tick says.
func TestRefusedTick(t *testing.T) {
	cfg := testConfig(3, mac.RoundRobin{}, Traffic{})
	cfg.MAC.MaxUEs = 2
	f, err := OpenFunction(cfg.MAC)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, maker := range []func(mac.Config) (Maker, error){nil, f.NewMaker} {
		cfg.NewMaker = maker
		l, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Run(10); !errors.Is(err, mac.ErrFull) {
			t.Errorf("three UEs in a cell for two: got %v", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestNextLoop gives a cell another loop when the first one is closed, and not before.
func TestNextLoop(t *testing.T) {
	cfg := testConfig(2, mac.RoundRobin{}, Traffic{})
	s, err := OpenStation(AirConfig{Carrier: cfg.MAC.Carrier, NumRx: 2, Receiver: "ls", Scheduler: cfg.MAC})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cfg.NewAir, cfg.NewMaker, cfg.Receiver = s.NewAir, s.NewMaker, "ls"
	first, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg); !errors.As(err, new(*nr.FieldError)) {
		t.Errorf("a second loop of the cell: got %v", err)
	}
	if err := errors.Join(first.Run(20), first.Close()); err != nil {
		t.Fatal(err)
	}
	second, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}
