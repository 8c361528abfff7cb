// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// startsIn returns a timeline whose slot 0 begins in some time.
func startsIn(d, slot time.Duration) *sfaas.Timeline {
	t := sfaas.NewTimeline(slot)
	t.Set(0, sfaas.Now().Add(d))
	return t
}

// TestSlotClock runs 2 000 slots, or 100 000 with NEURORAN_LONG set, and prints
// the lateness. What it asserts does not depend on the machine: slots rise, and none
// is early.
func TestSlotClock(t *testing.T) {
	slots := sfaas.Slot(2000)
	if os.Getenv("NEURORAN_LONG") != "" {
		slots = 100_000
	}
	stop := errors.New("stop")
	late, next := make([]time.Duration, 0, slots), sfaas.Slot(0)
	clock := sfaas.SlotClock{Timeline: startsIn(time.Millisecond, 500*time.Microsecond)}
	err := clock.Run(context.Background(), func(n sfaas.Slot, d time.Duration) error {
		if n < next || d < 0 {
			t.Fatalf("slot %d, want %d or a later one; late %v", n, next, d)
		}
		next = n + 1
		if late = append(late, d); n >= slots-1 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		t.Fatalf("got %v, want %v", err, stop)
	}
	slices.Sort(late)
	n := len(late)
	t.Logf("slots=%d skipped=%d p50=%v p99=%v max=%v", n, int(slots)-n, late[n/2], late[n*99/100], late[n-1])
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := clock.Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestSlotClockSkips stalls for many slots: those that are over are left out, and the
// next one is the slot on the air.
func TestSlotClockSkips(t *testing.T) {
	const slot = 2 * time.Millisecond
	timeline := startsIn(slot, slot)
	stop := errors.New("stop")
	calls, stalled := 0, sfaas.Slot(0)
	err := sfaas.SlotClock{Timeline: timeline}.Run(context.Background(), func(n sfaas.Slot, late time.Duration) error {
		if calls++; calls == 1 {
			time.Sleep(20 * slot)
			stalled = n
			return nil
		}
		if n < stalled+20 {
			t.Errorf("slot %d after a stall of 20 slots in slot %d", n, stalled)
		}
		return stop
	})
	if !errors.Is(err, stop) || calls != 2 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

// TestTimelineIsSetLater begins to run before the radio is there: nothing is called,
// and nothing is late, until the timeline is set.
func TestTimelineIsSetLater(t *testing.T) {
	const slot = time.Millisecond
	timeline := sfaas.NewTimeline(slot)
	if at := timeline.Start(5); at != sfaas.Never {
		t.Errorf("slot 5 begins at %v of no timeline", at)
	}
	var set sfaas.Time
	time.AfterFunc(15*time.Millisecond, func() { set = sfaas.Now(); timeline.Set(700, set.Add(3*slot)) })
	stop := errors.New("stop")
	err := sfaas.SlotClock{Timeline: timeline}.Run(context.Background(), func(n sfaas.Slot, _ time.Duration) error {
		if n < 697 || sfaas.Now() < set || set == 0 {
			t.Errorf("slot %d", n)
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Error(err)
	}
}

// TestTimelineFollows lets a timeline hear a radio whose clock is off by some parts per
// million, over a way that delays packets: after a minute of slots it knows the starts
// to a few microseconds, and the rate; by hand it knows them exactly.
func TestTimelineFollows(t *testing.T) {
	const slot, begin = 500 * time.Microsecond, sfaas.Time(1e9)
	for _, ppm := range []float64{0, 1, -20, 50} {
		truth := func(n sfaas.Slot) sfaas.Time {
			return begin + sfaas.Time(math.Round(float64(n)*float64(slot)/(1+ppm*1e-6)))
		}
		rng := rand.New(rand.NewPCG(7, 7))
		heard, told := sfaas.NewTimeline(slot), sfaas.NewTimeline(slot)
		told.Set(0, begin)
		told.Adjust(0, ppm)
		for n := range sfaas.Slot(120_000) {
			heard.Follow(n, truth(n).Add(time.Duration(20e3*rng.ExpFloat64())))
		}
		for _, n := range []sfaas.Slot{119_000, 120_500} {
			if d := heard.Start(n).Sub(truth(n)); d.Abs() > 5*time.Microsecond {
				t.Errorf("%v ppm: slot %d is off by %v", ppm, n, d)
			}
			if d := told.Start(n).Sub(truth(n)); d.Abs() > time.Nanosecond {
				t.Errorf("%v ppm, told: slot %d is off by %v", ppm, n, d)
			}
			if on, ok := told.SlotAt(told.Start(n).Add(slot / 2)); !ok || on != n {
				t.Errorf("slot %d is taken for %d, %v", n, on, ok)
			}
		}
		if got := heard.PPM(); math.Abs(got-ppm) > 0.3 {
			t.Errorf("got %.2f ppm, want %v", got, ppm)
		}
	}
	if _, ok := startsIn(time.Second, slot).SlotAt(sfaas.Now()); ok {
		t.Error("there is a slot before slot 0")
	}
}
