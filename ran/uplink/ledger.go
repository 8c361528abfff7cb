// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"sync"
	"time"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// ledger knows which grants are owed an outcome, and tells each outcome once.
//
// A grant is owed an outcome from the moment at which the account of its slot is
// opened, before the schedule is pushed. One of three things pays it:
//
//  1. It is refused: the chain is not given it. Its outcome is known from the start,
//     and told when the schedule has been taken.
//  2. A result: the transport block has come out of the chain, whatever its CRC.
//  3. The end of its slot: nothing can come any more, see [Receiver]. The outcome is
//     then what the notices of the runtime have said of it: a fault, which is never
//     taken back, or late, or else dropped.
//
// All three mark the grant as paid under the lock, and tell outside of it. An account
// is closed, and its memory used again, when nothing is owed and nobody holds it.
type ledger struct {
	tell func(*Transmission, *block.TransportBlock)
	slot time.Duration // length of a slot

	mu     sync.Mutex
	open   map[slotKey]*account
	newest map[sfaas.Key]nr.Slot // by cell: the last slot whose samples were handed over
	free   []*account
}

// slotKey names a slot of a cell.
type slotKey struct {
	cell sfaas.Key
	slot nr.Slot
}

// account is what is known of one slot with grants.
type account struct {
	slotKey
	grants []Transmission // in the order of the schedule
	paid   []bool         // each has its outcome
	owed   int            // of how many that is not so
	users  int            // who look at it without the lock
	handed time.Time      // when the samples were handed over, zero before

	taken   bool          // the runtime has the schedule
	trouble bool          // something else than a result has come
	age     int           // for how many calls of age it has been open
	done    chan struct{} // closed with the account; nil if nobody waits
	bad     chan struct{} // closed at the first trouble; nil if nobody waits
}

func newLedger(slot time.Duration, tell func(*Transmission, *block.TransportBlock)) *ledger {
	return &ledger{tell: tell, slot: slot, open: map[slotKey]*account{}, newest: map[sfaas.Key]nr.Slot{}}
}

// enter opens the account of a slot and holds it for the caller. Transmissions that
// have an outcome are refused. It returns nil if the account is open already.
func (l *ledger) enter(k slotKey, grants []Transmission) *account {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[k] != nil {
		return nil
	}
	var a *account
	if n := len(l.free); n > 0 {
		a, l.free = l.free[n-1], l.free[:n-1]
	} else {
		a = &account{}
	}
	*a = account{slotKey: k, grants: append(a.grants[:0], grants...), paid: a.paid[:0], users: 1}
	for i := range grants {
		refused := grants[i].Outcome != 0
		if a.paid = append(a.paid, refused); !refused {
			a.owed++
		}
	}
	l.open[k] = a
	return a
}

// cancel closes an account whose schedule was not taken: nothing is owed.
func (l *ledger) cancel(a *account) {
	l.mu.Lock()
	a.owed = 0
	l.mu.Unlock()
	l.release(a)
}

// release ends a hold, and closes the account if nothing is left to tell.
func (l *ledger) release(a *account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.users--; a.users > 0 || a.owed > 0 {
		return
	}
	delete(l.open, a.slotKey)
	if a.done != nil {
		close(a.done) // who waits may look at it still
		return
	}
	l.free = append(l.free, a)
}

// settled notes that the runtime has the schedule, tells the outcomes of the
// transmissions that are refused, and gives up the hold.
func (l *ledger) settled(a *account, refused []int) {
	l.mu.Lock()
	a.taken = true
	l.mu.Unlock()
	for _, i := range refused {
		l.tell(&a.grants[i], nil)
	}
	l.release(a)
}

// arrived notes when the samples of a slot were there.
func (l *ledger) arrived(k slotKey, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.open[k]; a != nil {
		a.handed = at
	}
}

// pushed notes that the runtime has the samples of a slot.
func (l *ledger) pushed(k slotKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.newest[k.cell] = k.slot
}

// result notes a transport block. It has the last word over notices.
func (l *ledger) result(cell sfaas.Key, tb *block.TransportBlock, now time.Time) {
	l.mu.Lock()
	a := l.open[slotKey{cell, tb.Slot}]
	i := a.find(tb)
	if i < 0 {
		l.mu.Unlock()
		return
	}
	t := &a.grants[i]
	a.pay(i)
	a.users++
	t.finish(tb, a.handed, now, l.slot)
	l.mu.Unlock()
	l.tell(t, tb)
	l.release(a)
}

// find returns the transmission that is owed a transport block, −1 if there is none.
func (a *account) find(tb *block.TransportBlock) int {
	if a == nil {
		return -1
	}
	for i := range a.grants {
		if g := &a.grants[i].Grant; !a.paid[i] && g.RNTI == tb.RNTI && g.HARQProcess == tb.HARQ {
			return i
		}
	}
	return -1
}

func (a *account) pay(i int) {
	a.paid[i] = true
	a.owed--
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

// notice notes that something else than a result has come of a slot: of all its
// transmissions that the notice may be about. What was late is not called dropped.
func (l *ledger) notice(n *sfaas.Notice) {
	if n.Kind == sfaas.NoticeLate || warming(n.At.Key) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.open[slotKey{n.At.Key.Root(), nr.Slot(n.Header.Slot)}]
	if a == nil {
		return
	}
	for i := range a.grants {
		if t := &a.grants[i]; !a.paid[i] && a.concerns(n.At.Key, t) {
			if o := outcomeOf(n.Kind); t.Outcome == 0 || t.Outcome == nr.OutcomeDropped || o == nr.OutcomeFault {
				if t.Outcome = o; o == nr.OutcomeFault {
					t.Err = n.Err
				}
			}
		}
	}
	if !a.trouble && a.bad != nil {
		close(a.bad)
	}
	a.trouble = true
}

// concerns reports whether a key may be that of a transmission's work: its HARQ
// process, a UE with which it shares PRBs, or the cell.
func (a *account) concerns(key sfaas.Key, t *Transmission) bool {
	rnti, ue := key.ID(sfaas.KindUE)
	if harq, ok := key.ID(sfaas.KindProcess); ok {
		return harq == uint64(t.Grant.HARQProcess) && rnti == uint64(t.Grant.RNTI)
	}
	if !ue || rnti == uint64(t.Grant.RNTI) {
		return true
	}
	for i := range a.grants {
		if first := &a.grants[i].Grant; uint64(first.RNTI) == rnti && first.SharesPRBs(&t.Grant) {
			return true
		}
	}
	return false
}

// end tells what is still owed of the slots that are over. What nothing is known of is
// late if that is what its slot is, and dropped otherwise.
func (l *ledger) end(over func(*account) (over, late bool)) {
	type debt struct {
		a *account
		i int
	}
	var debts []debt
	l.mu.Lock()
	for _, a := range l.open {
		if a.owed == 0 {
			continue
		}
		is, late := over(a)
		for i := range a.grants {
			if !is || a.paid[i] {
				continue
			}
			if t := &a.grants[i]; t.Outcome == 0 && late {
				t.Outcome = nr.OutcomeLate
			} else if t.Outcome == 0 {
				t.Outcome = nr.OutcomeDropped
			}
			a.pay(i)
			a.users++
			debts = append(debts, debt{a, i})
		}
	}
	l.mu.Unlock()
	for _, d := range debts {
		l.tell(&d.a.grants[d.i], nil)
		l.release(d.a)
	}
}

// complete returns the slots of which nothing more will be handed over: the runtime has
// their schedule, and their samples or those of a later one.
func (l *ledger) complete() map[slotKey]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[slotKey]bool{}
	for k, a := range l.open {
		newest, ok := l.newest[k.cell]
		out[k] = a.taken && ok && newest >= k.slot
	}
	return out
}

// wait returns what is closed when all outcomes of a slot are told, and what is closed
// when something else than a result comes of it; nil if nothing is owed.
func (l *ledger) wait(k slotKey) (done, bad <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.open[k]
	if a == nil {
		return nil, nil
	}
	if a.done == nil {
		a.done, a.bad = make(chan struct{}), make(chan struct{})
		if a.trouble {
			close(a.bad)
		}
	}
	return a.done, a.bad
}

// age notes which accounts are open, and reports whether there are any, and whether one of
// them was open at the last two calls already.
func (l *ledger) age() (owes, stalls bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.open {
		owes, stalls = true, stalls || a.age >= 2
		a.age++
	}
	return owes, stalls
}
