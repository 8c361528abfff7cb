// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"errors"
	"time"

	"github.com/neuroran/neuroran/placement/admission"
	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Check returns the first line of which what holds a lease takes more than there is: the error
// of [resource.Table.Short], or of [admission.Set.Check]; nil if all is well.
func (l *Ledger) Check() error {
	if err := l.table.Short(); err != nil {
		return err
	}
	return l.check(nil)
}

// CheckWithout is Check as it would be without one lease.
func (l *Ledger) CheckWithout(id resource.LeaseID) error {
	return l.without(func(e *entry) bool { return e.id == id })
}

// without is Check as it would be without some leases.
func (l *Ledger) without(skip func(e *entry) bool) error {
	l.skipped = l.skipped[:0]
	for i := range l.entries {
		if e := &l.entries[i]; skip(e) {
			l.skipped = append(l.skipped, e.id)
		}
	}
	if err := l.table.ShortBeside(l.skipped); err != nil {
		return err
	}
	return l.check(skip)
}

// check returns the error of the set for the slots of all units but those of which skip
// returns true.
func (l *Ledger) check(skip func(e *entry) bool) error {
	clear(l.queue)
	for i := range l.entries {
		if e := &l.entries[i]; e.on >= 0 && (skip == nil || !skip(e)) {
			l.queue[e.on] += e.queue
		}
	}
	l.units = l.units[:0]
	set := l.cfg.Workers
	for i := range l.entries {
		e := &l.entries[i]
		if e.work.Deadline == 0 || skip != nil && skip(e) {
			continue
		}
		u := l.slot(e)
		if u.Slot == 0 {
			set.Deadline = u.Deadline
			if err := set.Check([]admission.Unit{u}); err != nil {
				return err
			}
			continue
		}
		l.units = append(l.units, u)
	}
	if len(l.units) == 0 {
		return nil
	}
	set.Slot, set.Deadline = l.units[0].Slot, l.units[0].Deadline
	return set.Check(l.units)
}

// slot returns what a slot of a unit takes, with the queue of its accelerator.
func (l *Ledger) slot(e *entry) admission.Unit {
	u := e.work
	if e.on >= 0 && e.queue > 0 {
		u.Egress += l.queue[e.on]
	}
	return u
}

// Slot is what the slots of a unit that holds a lease take of the node.
type Slot struct {
	Owner resource.Owner
	Work  admission.Unit
	Here  bool // and not only promised
}

// Slots appends what the slots of all units take that have some, and returns the set of
// workers on which they run: what [admission.Set.Remaining] and [admission.Set.Budgets] ask
// for. Slot and deadline of the set are those of the first unit.
func (l *Ledger) Slots(dst []Slot) (admission.Set, []Slot) {
	set, first := l.cfg.Workers, len(dst)
	_ = l.check(nil) // adds up the queues
	for i := range l.entries {
		e := &l.entries[i]
		if e.work.Deadline == 0 || e.work.Slot == 0 {
			continue
		}
		if lease, ok := l.table.Lease(e.id); ok {
			dst = append(dst, Slot{lease.Owner, l.slot(e), e.here})
		}
	}
	if len(dst) > first {
		set.Slot, set.Deadline = dst[first].Work.Slot, dst[first].Work.Deadline
	}
	return set, dst
}

// relieve chooses who has to go if there has been too much for long enough: the one with the
// least work without which the others fit, or else, as one is not enough, the one with the
// most. Whoever has been chosen before stays so until there is room for all.
//
// Each lease of a node asks for it, some times per second, so what is known of a version is not
// looked at again: all of it would take the square of how many leases there are.
func (l *Ledger) relieve(now sfaas.Time) {
	switch {
	case l.cfg.Keep || l.settled == l.version:
		return
	case l.Check() == nil:
		l.over, l.settled = 0, l.version
		for i := range l.entries {
			l.entries[i].going, l.entries[i].bound = false, false
		}
		return
	case l.without(func(e *entry) bool { return e.going }) == nil:
		l.over, l.settled = 0, l.version // when those have gone that go
		return
	case l.over == 0:
		l.over = max(now, 1)
	}
	if now.Sub(l.over) < l.cfg.Bear {
		return
	}
	l.over = 0 // the next one has its own time
	var best, most *entry
	for i := range l.entries {
		e := &l.entries[i]
		if !e.here || e.going || e.bound {
			continue
		}
		if more(e, most) {
			most = e
		}
		if (best == nil || more(best, e)) && e.takes() && l.without(func(o *entry) bool { return o.going || o == e }) == nil {
			best = e
		}
	}
	if best = cmp.Or(best, most); best != nil {
		best.going = true
	}
}

// Bind says that a unit cannot go, or that nothing would be won by it: until there is room for
// all, another one has to.
func (l *Ledger) Bind(id resource.LeaseID) {
	if e := l.find(id); e != nil {
		e.going, e.bound = false, true
		l.version++ // there is something to relieve, or may be
	}
}

// takes reports whether a unit is known to take anything that others could have.
func (e *entry) takes() bool { return e.cpu > 0 || e.work.Work > 0 }

// more reports whether a unit does more work than another one, which may be nil.
func more(e, o *entry) bool {
	return o == nil || cmp.Or(
		cmp.Compare(e.cpu, o.cpu), cmp.Compare(e.work.Work, o.work.Work),
	) > 0
}

// Refusal says in words which line does not fit, of an error of [Ledger.Reserve].
func Refusal(err error) agent.Refusal {
	var short *resource.ShortError
	if errors.As(err, &short) {
		line := short.Line.String()
		if short.Kind != "" {
			line = short.Kind + " " + line
		}
		return agent.Refusal{Line: line, Got: short.Line.Format(short.Free), Want: short.Line.Format(short.Want)}
	}
	var late *admission.LineError
	if errors.As(err, &late) {
		return agent.Refusal{Line: string(late.Line), Got: late.Got.String(), Want: late.Want.String()}
	}
	return agent.Refusal{Line: "lease", Got: err.Error(), Want: "one"}
}

// Micros returns so many microseconds, rounded up: what is lent is at least what was asked
// for.
func Micros(us float64) time.Duration {
	d := time.Duration(us * float64(time.Microsecond))
	if float64(d) < us*float64(time.Microsecond) {
		d++
	}
	return d
}
