// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/phy/channel"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// grantID names a grant that was handed over.
type grantID struct {
	cell  sfaas.Key
	slot  nr.Slot
	index int
}

// host hands the slots of a frame to a receiver and hears the outcomes.
type host struct {
	t  *testing.T
	f  *frame
	rx *uplink.Receiver

	mu    sync.Mutex
	taken map[grantID]bool
	heard map[grantID]uplink.Transmission
}

func newHost(t *testing.T, f *frame, c *uplink.Chain, cfg uplink.ReceiverConfig) *host {
	t.Helper()
	h := &host{t: t, f: f, taken: map[grantID]bool{}, heard: map[grantID]uplink.Transmission{}}
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.OnOutcome = h.hear
	var err error
	h.rx, err = c.Receive(cfg)
	check(t, err)
	t.Cleanup(func() { h.rx.Close() })
	return h
}

// hear notes an outcome: each grant has one, and what came out belongs to it.
func (h *host) hear(x *uplink.Transmission, tb *block.TransportBlock) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := grantID{x.Cell, x.Slot, x.Index}
	if old, twice := h.heard[id]; twice {
		h.t.Errorf("%v: %v, and %v before", id, x.Outcome, old.Outcome)
	}
	h.heard[id] = *x
	if x.Received() != (tb != nil && tb.Outcome() == x.Outcome && tb.RNTI == x.Grant.RNTI && tb.Slot == x.Slot) {
		h.t.Errorf("%v: %v with block %v", id, x.Outcome, tb)
	}
	if (x.Outcome == nr.OutcomeFault || x.Outcome == nr.OutcomeUnsupported) != (x.Err != nil) {
		h.t.Errorf("%v: %v, %v", id, x.Outcome, x.Err)
	}
}

// schedule hands over a schedule; what is taken is owed an outcome.
func (h *host) schedule(cell sfaas.Key, n nr.Slot, grants ...nr.Grant) error {
	err := h.rx.Schedule(cell, n, grants...)
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range grants {
		if err == nil {
			h.taken[grantID{cell, n, i}] = true
		}
	}
	return err
}

// slot hands over schedule and samples of slot n, which is one of the frame.
func (h *host) slot(cell sfaas.Key, n nr.Slot) error {
	i := int(n) % len(h.f.slots)
	if err := h.schedule(cell, n, h.f.schedules[i].Grants...); err != nil {
		return err
	}
	return h.samples(cell, n, &h.f.slots[i])
}

func (h *host) samples(cell sfaas.Key, n nr.Slot, air *nr.Baseband) error {
	return h.rx.Samples(cell, n, func(b *nr.Baseband) error {
		b.Samples.CopyFrom(&air.Samples)
		return nil
	})
}

// close ends the receiver and counts the outcomes: every grant that was taken has one.
func (h *host) close() map[nr.Outcome]int {
	h.t.Helper()
	check(h.t, h.rx.Close())
	counts := map[nr.Outcome]int{}
	for id := range h.taken {
		if x, ok := h.heard[id]; ok {
			counts[x.Outcome]++
		} else {
			h.t.Errorf("%v has no outcome", id)
		}
	}
	if len(h.heard) != len(h.taken) {
		h.t.Errorf("%d outcomes of %d grants", len(h.heard), len(h.taken))
	}
	return counts
}

// of returns the outcomes of the grants of a slot.
func (h *host) of(n nr.Slot) []nr.Outcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []nr.Outcome
	for i := range nr.MaxGrants {
		for id, x := range h.heard {
			if id.slot == n && id.index == i {
				out = append(out, x.Outcome)
			}
		}
	}
	return out
}

// are reports whether a slot has outcomes, all of the given kind.
func are(got []nr.Outcome, want nr.Outcome) bool {
	for _, o := range got {
		if o != want {
			return false
		}
	}
	return len(got) > 0
}

var theCell = sfaas.NewKey(sfaas.KindCell, 1)

// TestOutcomesOfLoss loses samples, schedules and whole slots: what cannot be received
// is dropped, as soon as a later slot tells so, and the rest passes.
func TestOutcomesOfLoss(t *testing.T) {
	f := openFrame(t)
	h := newHost(t, f, f.chain(t, uplink.Config{Receiver: "ls"}), uplink.ReceiverConfig{})
	lost := map[nr.Slot]bool{3: true, 4: true, 12: true, 19: true}
	for n := range nr.Slot(20) {
		grants := f.schedules[n].Grants
		switch {
		case lost[n]:
			check(t, h.schedule(theCell, n, grants...))
		case n == 6: // no schedule: nothing is owed
			check(t, h.samples(theCell, n, &f.slots[n]))
		case n == 8: // the samples are there first
			check(t, h.samples(theCell, n, &f.slots[n]))
			check(t, h.schedule(theCell, n, grants...))
		default:
			check(t, h.slot(theCell, n))
		}
	}
	check(t, h.rx.Flush(context.Background()))
	for n := range nr.Slot(19) {
		want := nr.OutcomePassed
		if lost[n] {
			want = nr.OutcomeDropped
		}
		if got := h.of(n); !are(got, want) && n != 6 {
			t.Errorf("slot %d: %v, want %v", n, got, want)
		}
	}
	if got := h.of(19); got != nil {
		t.Errorf("the samples of slot 19 may come still, and its outcomes are %v", got)
	}
	h.close()
	if got := h.of(19); !are(got, nr.OutcomeDropped) {
		t.Errorf("slot 19: %v", got)
	}
}

// TestOutcomesOfRadio: a UE that is silent, one that sends something else than it was
// granted, and one whose grant is not supported, beside others that pass.
func TestOutcomesOfRadio(t *testing.T) {
	f := openFrame(t)
	h := newHost(t, f, f.chain(t), uplink.ReceiverConfig{})
	air := nr.Baseband{}
	air.Samples.CopyFrom(&f.slots[0].Samples)
	air.Samples.Clear()
	channel.NewNoise(1).Add(air.Samples.Data(), 1e-4)
	for n := range nr.Slot(6) {
		grants := append([]nr.Grant(nil), f.schedules[n].Grants...)
		samples := &f.slots[n]
		switch n {
		case 1:
			samples = &air
		case 2:
			for i := range grants {
				grants[i].NID = (grants[i].NID + 1) % 1024
			}
		case 3:
			grants[0].TransformPrecoding = true
		}
		check(t, h.schedule(theCell, n, grants...))
		check(t, h.samples(theCell, n, samples))
		check(t, h.rx.Wait(context.Background(), theCell, n))
	}
	for n, want := range map[nr.Slot]nr.Outcome{0: nr.OutcomePassed, 1: nr.OutcomeAbsent, 2: nr.OutcomeFailed, 4: nr.OutcomePassed} {
		if got := h.of(n); !are(got, want) {
			t.Errorf("slot %d: %v, want %v", n, got, want)
		}
	}
	if got := h.of(3); got[0] != nr.OutcomeUnsupported || len(got) > 1 && !are(got[1:], nr.OutcomePassed) {
		t.Errorf("slot 3: %v", got)
	}
	h.close()
}

// TestOutcomesOfFaults lets a function of the program's fail in all ways.
func TestOutcomesOfFaults(t *testing.T) {
	f := openFrame(t)
	errNot := errors.New("not today")
	crc := sfaas.Define("own/crc", func(c *sfaas.Ctx, out *block.TransportBlock, in *block.Bits) error {
		switch in.Slot {
		case 2:
			return errNot
		case 4:
			panic("nor now")
		case 6:
			runtime.Goexit()
		case 8:
			<-c.Done()
			return c.Err()
		case 10:
			return sfaas.ErrNoOutput
		}
		out.Slot, out.RNTI, out.HARQ, out.CRC, out.NumBits = in.Slot, in.Code.RNTI, in.Code.HARQProcess, true, in.Code.TBS
		return nil
	}, sfaas.FunctionConfig{})
	h := newHost(t, f, f.chain(t, uplink.Config{Receiver: "ls", Steps: uplink.Steps{CheckCRC: crc}}),
		uplink.ReceiverConfig{Options: []sfaas.Option{sfaas.WithBlockLimit(20 * time.Millisecond)}})
	for n := range nr.Slot(20) {
		check(t, h.slot(theCell, n))
	}
	check(t, h.rx.Flush(context.Background()))
	bad := f.slots[0]
	bad.Samples.Resize(1, 100)
	check(t, h.schedule(theCell, 20, f.schedules[0].Grants...))
	check(t, h.samples(theCell, 20, &bad)) // which demodulation refuses
	check(t, h.rx.Wait(context.Background(), theCell, 20))
	for n := range nr.Slot(21) {
		want := nr.OutcomePassed
		switch n {
		case 2, 4, 6, 8, 20:
			want = nr.OutcomeFault
		case 10:
			want = nr.OutcomeDropped
		}
		if got := h.of(n); !are(got, want) {
			t.Errorf("slot %d: %v, want %v", n, got, want)
		}
	}
	for id, x := range h.heard {
		var fault *sfaas.Fault
		if x.Outcome == nr.OutcomeFault && !errors.As(x.Err, &fault) || id.slot == 2 && !errors.Is(x.Err, errNot) {
			t.Errorf("%v: %v", id, x.Err)
		}
	}
	h.close()
}

// TestOutcomesOfLateness receives slots whose time is over, and slots of a radio that
// falls silent: without a call, all have an outcome.
func TestOutcomesOfLateness(t *testing.T) {
	f := openFrame(t)
	timeline := sfaas.NewTimeline(500 * time.Microsecond)
	h := newHost(t, f, f.chain(t, uplink.Config{Receiver: "ls"}), uplink.ReceiverConfig{Timeline: timeline})
	check(t, h.slot(theCell, 0)) // the timeline is not set: nothing is late
	check(t, h.rx.Wait(context.Background(), theCell, 0))
	timeline.Set(1, sfaas.Now().Add(-time.Second))
	check(t, h.slot(theCell, 1))
	check(t, h.schedule(theCell, 2, f.schedules[2].Grants...)) // no samples
	for begin := time.Now(); (h.of(1) == nil || h.of(2) == nil) && time.Since(begin) < 10*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	for n, want := range []nr.Outcome{nr.OutcomePassed, nr.OutcomeLate, nr.OutcomeDropped} {
		if got := h.of(nr.Slot(n)); !are(got, want) {
			t.Errorf("slot %d: %v, want %v", n, got, want)
		}
	}
	h.close()
}

// TestOutcomesOfOverload hands over slots at their pace to a chain that is too slow for
// them, from two cells at once, with sources that hold little: some are refused, some
// late, and every grant that was taken has one outcome.
func TestOutcomesOfOverload(t *testing.T) {
	f := openFrame(t)
	slow := sfaas.Define("own/crc", func(c *sfaas.Ctx, out *block.TransportBlock, in *block.Bits) error {
		if in.Slot%4 == 0 {
			time.Sleep(2 * time.Millisecond)
		}
		out.Slot, out.RNTI, out.HARQ, out.CRC, out.NumBits = in.Slot, in.Code.RNTI, in.Code.HARQProcess, true, in.Code.TBS
		return nil
	}, sfaas.FunctionConfig{})
	c := f.chain(t, uplink.Config{Receiver: "ls", Steps: uplink.Steps{CheckCRC: slow}})
	for _, paced := range []bool{true, false} {
		t.Run(fmt.Sprintf("paced=%t", paced), func(t *testing.T) {
			cfg := uplink.ReceiverConfig{Options: []sfaas.Option{sfaas.WithSourceLimit(40)}}
			if paced {
				cfg.Timeline = sfaas.NewTimeline(500 * time.Microsecond)
				cfg.Timeline.Set(0, sfaas.Now().Add(20*time.Millisecond))
			}
			h := newHost(t, f, c, cfg)
			busy := make([]int, 2)
			var wg sync.WaitGroup
			for i := range busy {
				wg.Go(func() {
					for n := range nr.Slot(200) {
						if err := h.slot(sfaas.NewKey(sfaas.KindCell, uint64(i)), n); errors.Is(err, sfaas.ErrBusy) {
							busy[i]++
						} else if err != nil {
							t.Error(err)
						}
						if paced {
							time.Sleep(cfg.Timeline.Start(sfaas.Slot(n) + 1).Sub(sfaas.Now()))
						}
					}
				})
			}
			wg.Wait()
			counts := h.close()
			t.Logf("refused=%v outcomes=%v", busy, counts)
			if len(h.taken) == 0 || counts[nr.OutcomePassed] == len(h.taken) {
				t.Errorf("%d grants, outcomes %v", len(h.taken), counts)
			}
		})
	}
}

// TestReceiverRefuses hands over what cannot be, and goes on.
func TestReceiverRefuses(t *testing.T) {
	f := openFrame(t)
	h := newHost(t, f, f.chain(t, uplink.Config{Receiver: "ls"}), uplink.ReceiverConfig{})
	good := f.schedules[0].Grants
	var field *nr.FieldError
	illegal := good[0]
	illegal.RV = 5
	if err := h.schedule(theCell, 0, illegal); !errors.As(err, &field) || field.Field != "rv" {
		t.Errorf("got %v", err)
	}
	check(t, h.schedule(theCell, 0, good...))
	if err := h.schedule(theCell, 0, good...); !errors.As(err, &field) || field.Field != "slot_number" {
		t.Errorf("got %v", err)
	}
	h.taken = maps.Clone(h.taken)
	errFill := errors.New("no samples")
	if err := h.rx.Samples(theCell, 0, func(*nr.Baseband) error { return errFill }); !errors.Is(err, errFill) {
		t.Errorf("got %v", err)
	}
	check(t, h.samples(theCell, 0, &f.slots[0]))
	check(t, h.rx.Wait(context.Background(), theCell, 0))
	if got := h.of(0); !are(got, nr.OutcomePassed) {
		t.Error(got)
	}
	h.close()
	if err := h.rx.Schedule(theCell, 1, good...); !errors.Is(err, sfaas.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	check(t, h.rx.Close())
}

// TestWarmIsQuiet warms up, with grants of the host's and without: no outcome is told,
// nothing is counted, every worker has run, and the frame passes afterwards.
func TestWarmIsQuiet(t *testing.T) {
	f := openFrame(t)
	timeline := sfaas.NewTimeline(500 * time.Microsecond)
	for _, cfg := range []uplink.ReceiverConfig{{}, {Timeline: timeline}} {
		h := newHost(t, f, f.chain(t), cfg)
		ctx := context.Background()
		check(t, h.rx.Warm(ctx))
		timeline.Set(0, sfaas.Now().Add(-time.Minute))
		check(t, h.rx.Warm(ctx, f.schedules[0].Grants...))
		for _, s := range h.rx.Runtime().Stats() {
			if s.Invocations != 0 {
				t.Errorf("%s has %d invocations", s.Name, s.Invocations)
			}
		}
		if len(h.heard) > 0 {
			t.Errorf("%d outcomes", len(h.heard))
		}
		timeline.Set(0, sfaas.Now().Add(time.Hour))
		check(t, h.slot(theCell, 0))
		check(t, h.rx.Wait(ctx, theCell, 0))
		if got := h.of(0); !are(got, nr.OutcomePassed) {
			t.Error(got)
		}
		h.close()
	}
}
