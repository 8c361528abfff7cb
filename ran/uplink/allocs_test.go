// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/track"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// TestNoAllocs counts the allocations of the whole chain, sources, runtime and
// sink included, over frames in which allocation, modulation, layers, groups and
// HARQ processes change from slot to slot.
func TestNoAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for name, with := range map[string]uplink.Config{
		"ls": {Receiver: "ls"}, "lmmse": {}, "neural": {Receiver: "neural"},
		"tracking": {Tracking: track.DefaultConfig()},
	} {
		t.Run(name, func(t *testing.T) {
			f := openFrame(t)
			l := newLooper(t, f, f.chain(t, with))
			for range 4 {
				l.frame()
			}
			if n := testing.AllocsPerRun(5, l.frame); n != 0 {
				t.Errorf("%v allocations in %d slots, want 0", n, len(f.slots))
			}
			if l.failed.Load() != 0 {
				t.Errorf("%d transport blocks failed", l.failed.Load())
			}
		})
	}
}

// TestReceiverAllocs counts the allocations of a receiver, from the schedule of a slot to
// the outcomes of its grants.
func TestReceiverAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	f := openFrame(t)
	told, failed := make(chan struct{}, 64), atomic.Int64{}
	r, err := f.chain(t, uplink.Config{Receiver: "ls"}).Receive(uplink.ReceiverConfig{
		OnOutcome: func(x *uplink.Transmission, _ *block.TransportBlock) {
			if x.Outcome != nr.OutcomePassed {
				failed.Add(1)
			}
			told <- struct{}{}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	key, next := block.CellKey(f.cfg.Carrier.CellID), nr.Slot(0)
	var now *nr.Baseband
	fill := func(b *nr.Baseband) error { b.Samples.CopyFrom(&now.Samples); return nil }
	frame := func() {
		for i := range f.slots {
			now = &f.slots[i]
			now.Slot = next
			if err := r.Schedule(key, next, f.schedules[i].Grants...); err != nil {
				t.Fatal(err)
			}
			if err := r.Samples(key, next, fill); err != nil {
				t.Fatal(err)
			}
			for range f.schedules[i].Grants {
				<-told
			}
			next++
		}
	}
	for range 4 {
		frame()
	}
	n, threads := 0.0, -1
	for threads != countThreads() { // a thread that the Go runtime starts takes some eight allocations
		threads = countThreads()
		n = testing.AllocsPerRun(5, frame)
	}
	if n != 0 || failed.Load() != 0 {
		t.Errorf("%v allocations in %d slots, want 0; %d transport blocks failed", n, len(f.slots), failed.Load())
	}
}

// countThreads returns how many threads the Go runtime has started so far.
func countThreads() int {
	n, _ := runtime.ThreadCreateProfile(nil)
	return n
}

// looper sends the frame again and again, slot by slot.
type looper struct {
	t      *testing.T
	f      *frame
	chain  *uplink.Chain
	rt     *sfaas.Runtime
	key    sfaas.Key
	next   nr.Slot
	done   chan struct{}
	failed atomic.Int64
}

func newLooper(t *testing.T, f *frame, c *uplink.Chain) *looper {
	l := &looper{t: t, f: f, chain: c, key: block.CellKey(f.cfg.Carrier.CellID), done: make(chan struct{}, 64)}
	var err error
	l.rt, err = c.Open(func(_ sfaas.Header, tb *block.TransportBlock) {
		if !tb.CRC {
			l.failed.Add(1)
		}
		l.done <- struct{}{}
	}, sfaas.WithMode(sfaas.Replay), sfaas.WithBudget(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.rt.Close() })
	return l
}

// frame sends one frame and waits for every slot.
func (l *looper) frame() {
	for i := range l.f.slots {
		slot, schedule := &l.f.slots[i], &l.f.schedules[i]
		slot.Slot, schedule.Slot = l.next, l.next
		n := sfaas.Slot(l.next)
		err := l.chain.Grants.Push(l.rt, l.key, n, func(s *nr.Schedule) error {
			s.Set(schedule.Slot, schedule.Grants...)
			return nil
		})
		if err != nil {
			l.t.Fatal(err)
		}
		if err := l.chain.Slots.PushValue(l.rt, l.key, n, slot); err != nil {
			l.t.Fatal(err)
		}
		for range schedule.Grants {
			<-l.done
		}
		l.next++
	}
}
