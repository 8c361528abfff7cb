// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"math"
	"time"
)

// Unit is what one unit asks of a set of workers in each of its slots. Durations are those
// that the share of slots keeps which the SLA names, see [Quantile].
type Unit struct {
	Work     time.Duration // processor time, over all workers
	Chain    time.Duration // longest path of stages in it; 0 stands for all of Work, one stage after the other
	Ingress  time.Duration // from the beginning of the slot's time until its data is here
	Egress   time.Duration // from its end until the output is where it is wanted
	Slot     time.Duration // between two slots; 0 stands for that of the set
	Deadline time.Duration // from the beginning of the slot's time to its output; 0 stands for that of the set
}

// Set is a set of workers, each with a core of its own, on which units run side by side.
type Set struct {
	Cores    int           // workers, at least 1
	Slot     time.Duration // between two slots; 0 stands for the deadline
	Deadline time.Duration // from the beginning of the slot's time to its output
	Margin   time.Duration // by how much everything must be earlier

	// Stretch is how much longer the set takes than equal workers would which never wait
	// while there is something to do: a runtime binds each key to one worker, and a core
	// is shared with others. It is measured, as a [Fit] of finishes. 0 stands for 1.
	Stretch float64
}

// Limits of what is admitted.
const (
	MaxDuration = time.Hour // of each duration
	MaxUnits    = 1 << 16   // of a set
)

// Unbounded as the work of a unit asks [Set.Budgets] for as much as there is.
const Unbounded = MaxDuration

// Quantile returns at which quantile the work of each of n units has to be known so that
// all of them together keep a deadline in a share p of the slots, whatever depends on what:
// each may exceed its own in (1−p)/n of them. The plain p-quantiles do where the work of
// units is independent and has no heavy tail.
func Quantile(p float64, n int) float64 { return 1 - (1-p)/float64(max(n, 1)) }

// chain returns the longest path of a unit.
func (u *Unit) chain() time.Duration {
	if u.Chain == 0 {
		return u.Work
	}
	return min(u.Chain, u.Work)
}

// slot returns the time between two slots of a unit.
func (s *Set) slot(u *Unit) time.Duration {
	switch {
	case u.Slot > 0:
		return u.Slot
	case s.Slot > 0:
		return s.Slot
	}
	return s.Deadline
}

// limit returns when a unit must be done.
func (s *Set) limit(u *Unit) time.Duration {
	if u.Deadline > 0 {
		return u.Deadline - s.Margin
	}
	return s.Deadline - s.Margin
}

// stretch returns how much longer everything takes.
func (s *Set) stretch() float64 {
	if s.Stretch == 0 {
		return 1
	}
	return s.Stretch
}

// validate returns a [*FieldError] for the first field out of range.
func (s *Set) validate(units []Unit) error {
	switch {
	case s.Cores < 1 || s.Cores > 1<<16:
		return wrong("set.cores", s.Cores, "1 to 65536")
	case s.Deadline <= 0 || s.Deadline > MaxDuration:
		return wrong("set.deadline", s.Deadline, "more than 0, at most an hour")
	case s.Slot < 0 || s.Slot > MaxDuration:
		return wrong("set.slot", s.Slot, "0 to an hour")
	case s.Margin < 0 || s.Margin > MaxDuration:
		return wrong("set.margin", s.Margin, "0 to an hour")
	case s.Stretch != 0 && !(s.Stretch > 0 && s.Stretch <= 1e3):
		return wrong("set.stretch", s.Stretch, "more than 0, at most 1000")
	case len(units) > MaxUnits:
		return wrong("units", len(units), fmt.Sprint("at most ", MaxUnits))
	}
	for i := range units {
		if err := s.validateUnit(i, &units[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) validateUnit(i int, u *Unit) error {
	for _, f := range [...]struct {
		name string
		d    time.Duration
	}{
		{"work", u.Work}, {"chain", u.Chain}, {"ingress", u.Ingress}, {"egress", u.Egress}, {"slot", u.Slot}, {"deadline", u.Deadline},
	} {
		if f.d < 0 || f.d > MaxDuration {
			return wrong(fmt.Sprintf("units[%d].%s", i, f.name), f.d, "0 to an hour")
		}
	}
	if u.Chain > u.Work {
		return wrong(fmt.Sprintf("units[%d].chain", i), u.Chain, fmt.Sprint("at most its work of ", u.Work))
	}
	return nil
}

// over divides work among the cores and rounds up.
func (s *Set) over(work time.Duration) time.Duration {
	k := time.Duration(s.Cores)
	return (work + k - 1) / k
}

// stretched returns how long the set takes for what ideal workers take so long for.
func (s *Set) stretched(d time.Duration) time.Duration {
	if s.Stretch == 0 {
		return d
	}
	return time.Duration(min(math.Ceil(float64(d)*s.stretch()), float64(math.MaxInt64/4)))
}
