// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/ran/uplink"
	"github.com/neuroran/neuroran/sfaas"
)

// functionMaker is a [Maker] whose schedules are made by a function. A tick is one message
// without a promise, and one of four things becomes of it:
//
//  1. The function makes the schedule.
//  2. The unit of the function has moved while the tick was on its way: the old owner has
//     refused it, and says so. No function has seen it, so it is pushed again, now to the
//     new owner, and nothing is lost.
//  3. The function has failed, which the runtime says too: that is the error of Make, as it
//     is without a runtime.
//  4. The tick is lost between two nodes, of which nobody knows. When a HARQ round has
//     passed, Make asks whether the runtimes have anything to do; if not, the slot has no
//     grants, and who came and went by the tick is told with the next one.
//
// What became of grants goes another way, beside the ticks, and is not told again: package mac
// takes what it never hears as lost. It comes from the loop, which pushes it before the tick of
// the slot in which it is to be known, or over an edge from the receiver. Make then waits until
// the runtimes have nothing to do, before the tick: all that the receiver will ever say of
// earlier slots is at the scheduler then, whatever the number of workers. By the clock nothing
// is waited for.
type functionMaker struct {
	key      sfaas.Key
	ahead    nr.Slot                              // k₂
	patience time.Duration                        // after which it is asked whether anything still comes
	push     func(*block.SlotIndication) error    // sends a copy
	feed     func(nr.Slot, *block.Feedback) error // sends a copy of feedback that is known in a slot; nil with a receiver
	receiver *uplink.Receiver                     // that tells the scheduler what becomes of grants; nil for none
	settle   func(context.Context) error          // waits until the runtimes have nothing to do
	look     func(context.Context, uint16) (mac.UE, bool, error)
	leave    func() // ends that it is told of schedules

	told []block.SlotIndication // the last ticks that were sent, ring over slots
	owed block.SlotIndication   // what lost ticks have said

	mu      sync.Mutex
	made    []madeSchedule // the last ones, ring over slots
	bad     badTick
	arrived chan struct{} // holds a value when something of made, or bad, is new
}

// madeSchedule is a schedule, and how long the tick took that has made it.
type madeSchedule struct {
	nr.Schedule
	sent time.Time // when the tick was
	took time.Duration
	is   bool // it has come
}

// init makes the maker's memory.
func (x *functionMaker) init() {
	x.arrived = make(chan struct{}, 1)
	x.told, x.made = make([]block.SlotIndication, x.ahead+2), make([]madeSchedule, x.ahead+2)
}

// badTick is what the runtime says of a tick of which no schedule comes.
type badTick struct {
	slot  nr.Slot
	known bool
	kind  sfaas.NoticeKind
	err   error
}

// harqRound is the time from a grant to the feedback of its transmission.
func harqRound(cfg *mac.Config) time.Duration {
	return time.Duration(cfg.K2+cfg.FeedbackSlots) * cfg.Carrier.Numerology().SlotDuration()
}

// take notes a schedule.
func (x *functionMaker) take(s *nr.Schedule) {
	x.mu.Lock()
	m := &x.made[int(s.Slot)%len(x.made)]
	if m.Slot == s.Slot { // and not one that nobody waits for any more
		m.Set(s.Slot, s.Grants...)
		m.took, m.is = time.Since(m.sent), true
	}
	x.mu.Unlock()
	x.wake()
}

// miss notes what has become of a tick.
func (x *functionMaker) miss(slot nr.Slot, n *sfaas.Notice) {
	switch n.Kind {
	case sfaas.NoticeFault, sfaas.NoticeSkipped, sfaas.NoticeDropped, sfaas.NoticeStale:
	default:
		return // of no consequence for a schedule
	}
	x.mu.Lock()
	x.bad = badTick{slot, true, n.Kind, n.Err}
	x.mu.Unlock()
	x.wake()
}

func (x *functionMaker) wake() {
	select {
	case x.arrived <- struct{}{}:
	default:
	}
}

// maxTries is how often a tick is pushed for which its unit has moved on; each needs a move
// of its own.
const maxTries = 8

// Make implements [Maker]. It waits for the schedule; where there is none the slot has no
// grants. It returns the [*sfaas.Fault] of a message that the function has refused.
func (x *functionMaker) Make(dst *nr.Schedule, in *block.SlotIndication, heard []block.Feedback) error {
	if err := x.hear(in.Slot, heard); err != nil {
		return err
	}
	told := x.tell(in)
	for range maxTries {
		if err := patiently(func() error { return x.push(told) }); err != nil {
			return fmt.Errorf("gnb: tick: %w", err)
		}
		made, bad, err := x.wait(dst, in.Slot)
		switch {
		case err != nil:
			return err
		case made:
			return nil
		case bad.known && bad.kind == sfaas.NoticeFault:
			return fmt.Errorf("gnb: tick: %w", bad.err)
		}
		if !bad.known || bad.kind != sfaas.NoticeStale {
			break
		}
	}
	x.owe(told)
	dst.Set(in.Slot + x.ahead)
	return nil
}

// hear tells the function what has become of grants, all that it is to know in a slot.
func (x *functionMaker) hear(slot nr.Slot, heard []block.Feedback) error {
	if x.receiver != nil {
		return x.receiver.Runtime().Drain(context.Background())
	}
	for i := range heard {
		if err := patiently(func() error { return x.feed(slot, &heard[i]) }); err != nil {
			return fmt.Errorf("gnb: feedback: %w", err)
		}
	}
	return nil
}

// tick tells the function of a slot as Make does, and waits for nothing: the schedule is
// there, or not, when [functionMaker.fetch] asks for it. Feedback for which there is no room is
// lost.
func (x *functionMaker) tick(in *block.SlotIndication, heard []block.Feedback) error {
	for i := range heard {
		if err := x.feed(in.Slot, &heard[i]); err != nil && !errors.Is(err, sfaas.ErrBusy) {
			return fmt.Errorf("gnb: feedback: %w", err)
		}
	}
	told := x.tell(in)
	err := x.push(told)
	if errors.Is(err, sfaas.ErrBusy) {
		return nil // fetch will find that there is no schedule
	}
	return err
}

// fetch copies the schedule of a slot, made k₂ slots before, and returns how long its tick
// took. It returns false where there is none; what its tick has said is then told again. It
// returns the [*sfaas.Fault] of a tick that the function has refused.
func (x *functionMaker) fetch(dst *nr.Schedule, slot nr.Slot) (took time.Duration, ok bool, err error) {
	x.mu.Lock()
	m := &x.made[int(slot)%len(x.made)]
	if ok = m.is && m.Slot == slot; ok {
		took = m.took
		dst.Set(slot, m.Grants...)
	}
	if bad := &x.bad; !ok && bad.known && bad.kind == sfaas.NoticeFault && bad.slot+x.ahead == slot {
		err = fmt.Errorf("gnb: tick: %w", bad.err)
	}
	x.mu.Unlock()
	if !ok {
		dst.Set(slot)
		if slot < x.ahead {
			return took, ok, err // nobody has been told of a slot before the first one
		}
		if told := &x.told[int(slot-x.ahead)%len(x.told)]; told.Slot == slot-x.ahead {
			x.owe(told)
		}
	}
	return took, ok, err
}

// wait waits until there is a schedule of the tick of a slot, and copies it, or it is known
// what else has become of the tick. Neither is so where nothing will come.
func (x *functionMaker) wait(dst *nr.Schedule, slot nr.Slot) (made bool, bad badTick, err error) {
	timer := time.NewTimer(x.patience)
	defer timer.Stop()
	for settled := false; ; {
		if made, bad = x.news(dst, slot); made || bad.known || settled {
			return made, bad, nil
		}
		select {
		case <-x.arrived:
		case <-timer.C:
			if err := x.settle(context.Background()); err != nil {
				return false, bad, err
			}
			settled = true
		}
	}
}

// news copies the schedule that a tick has made, if it is there, and returns what is known
// against the tick otherwise; that is then forgotten.
func (x *functionMaker) news(dst *nr.Schedule, slot nr.Slot) (made bool, bad badTick) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if m := &x.made[int(slot+x.ahead)%len(x.made)]; m.is && m.Slot == slot+x.ahead {
		dst.Set(m.Slot, m.Grants...)
		return true, bad
	}
	if x.bad.known && x.bad.slot == slot {
		bad, x.bad = x.bad, badTick{}
	}
	return false, bad
}

// tell makes the tick of a slot: what it says itself, and before that what lost ticks have
// said of who came and went. Their requests and soundings are old: UEs ask again, and are
// sounded again.
func (x *functionMaker) tell(in *block.SlotIndication) *block.SlotIndication {
	told := &x.told[int(in.Slot)%len(x.told)]
	told.CopyFrom(in)
	if len(x.owed.Attach)+len(x.owed.Detach) > 0 {
		// Who has gone meanwhile does not come any more.
		x.owed.Attach = slices.DeleteFunc(x.owed.Attach, func(a block.Attachment) bool { return slices.Contains(in.Detach, a.RNTI) })
		told.Attach = append(append(told.Attach[:0], x.owed.Attach...), in.Attach...)
		told.Detach = append(append(told.Detach[:0], x.owed.Detach...), in.Detach...)
		x.owed.Reset(0)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	m := &x.made[int(in.Slot+x.ahead)%len(x.made)]
	m.Set(in.Slot + x.ahead)
	m.sent, m.is = time.Now(), false
	return told
}

// owe keeps what a tick has said that was lost, behind what others have said before it.
func (x *functionMaker) owe(told *block.SlotIndication) {
	x.owed.Attach = slices.DeleteFunc(x.owed.Attach, func(a block.Attachment) bool { return slices.Contains(told.Detach, a.RNTI) })
	x.owed.Attach, x.owed.Detach = append(x.owed.Attach, told.Attach...), append(x.owed.Detach, told.Detach...)
}

// Close lets the cell have another maker. What the function knows of the cell stays.
func (x *functionMaker) Close() error {
	x.leave()
	return nil
}

// UE implements [Maker]; what cannot be read is not there.
func (x *functionMaker) UE(rnti uint16) (mac.UE, bool) {
	u, ok, err := x.look(context.Background(), rnti)
	return u, ok && err == nil
}

// patiently calls push again while the runtime is busy.
func patiently(push func() error) error {
	for {
		if err := push(); !errors.Is(err, sfaas.ErrBusy) {
			return err
		}
		time.Sleep(100 * time.Microsecond)
	}
}
