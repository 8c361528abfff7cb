// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"errors"
	"time"
)

// Admit returns nil if a set that has units also has room for a candidate: then each of
// them, and the candidate, is done in time. Otherwise it returns a [*LineError] about the unit
// that would be latest beyond its deadline, or a [*FieldError]. The order of units makes no
// difference.
//
// What is admitted holds as far as works and chains do: in a slot in which none of them is
// exceeded no unit is late. It does not allocate where it admits and no response is longer
// than a slot.
func (s *Set) Admit(units []Unit, candidate Unit) error {
	if err := s.validate(units); err != nil {
		return err
	}
	if err := s.validateUnit(len(units), &candidate); err != nil {
		return err
	}
	if len(units) >= MaxUnits {
		return wrong("units", len(units)+1, "at most 65536")
	}
	return s.check(units, &candidate)
}

// Check returns nil if units are all done in time on a set, else what [Set.Admit] returns.
func (s *Set) Check(units []Unit) error {
	if err := s.validate(units); err != nil {
		return err
	}
	return s.check(units, nil)
}

// check is Check of valid units and one more, unless that is nil.
func (s *Set) check(units []Unit, candidate *Unit) error {
	if s.within(units, candidate) {
		return s.latest(units, candidate, nil)
	}
	all := units
	if candidate != nil {
		all = append(append(make([]Unit, 0, len(units)+1), units...), *candidate)
	}
	responses, err := s.overlapping(all)
	if err != nil {
		return err
	}
	return s.latest(all, nil, responses)
}

// at returns unit i, the candidate standing behind the others.
func at(units []Unit, candidate *Unit, i int) *Unit {
	if i == len(units) {
		return candidate
	}
	return &units[i]
}

func count(units []Unit, candidate *Unit) int {
	if candidate == nil {
		return len(units)
	}
	return len(units) + 1
}

// total returns the work of one slot of each.
func total(units []Unit, candidate *Unit) (sum time.Duration) {
	for i := range count(units, candidate) {
		sum += at(units, candidate, i).Work
	}
	return sum
}

// alone returns the response of a unit, from when its data is there until it is done, where
// nothing but one slot of each unit takes part, whose works sum up to so much.
func (s *Set) alone(u *Unit, sum time.Duration) time.Duration {
	return s.stretched(s.over(sum-u.chain()) + u.chain())
}

// within reports whether the slots of all units are equally long and done before the next
// ones begin: then no slot meets work of another one.
func (s *Set) within(units []Unit, candidate *Unit) bool {
	n := count(units, candidate)
	if n == 0 {
		return true
	}
	sum, slot := total(units, candidate), s.slot(at(units, candidate, 0))
	for i := range n {
		u := at(units, candidate, i)
		if s.slot(u) != slot || u.Ingress+s.alone(u, sum) > slot {
			return false
		}
	}
	return true
}

// latest returns a [*LineError] about the unit that is latest beyond its deadline, nil if none
// is. Responses are those of the units, or nil where they are alone.
func (s *Set) latest(units []Unit, candidate *Unit, responses []time.Duration) error {
	sum := total(units, candidate)
	worst := LineError{Line: LineDeadline}
	for i := range count(units, candidate) {
		u := at(units, candidate, i)
		var response time.Duration
		if responses != nil {
			response = responses[i]
		} else {
			response = s.alone(u, sum)
		}
		got, want := u.Ingress+response+u.Egress, s.limit(u)
		if got-want > worst.Got-worst.Want {
			worst.Unit, worst.Got, worst.Want = i, got, want
		}
	}
	if worst.Got > worst.Want {
		late := worst
		return &late
	}
	return nil
}

// Finishes writes when each unit is done, from the beginning of the slot's time, and returns
// dst. It returns a [*FieldError], or a [*LineError] with [LineLoad] where there is more work
// than the cores can ever do.
func (s *Set) Finishes(dst []time.Duration, units []Unit) ([]time.Duration, error) {
	dst, err := s.Responses(dst, units)
	for i := range dst {
		dst[i] += units[i].Ingress + units[i].Egress
	}
	return dst, err
}

// Responses writes for how long the workers have each unit's slot, from when its data is
// there until it is done, and returns dst; its errors are those of [Set.Finishes].
//
// Where slots are of one length and everything is done within a slot, that is Graham's bound on
// one slot of each unit. Otherwise work of other slots takes part, and the responses are the
// least solution of
//
//	R(u) = (Σ n(v)·work(v) − n(u)·chain(u)) / cores + n(u)·chain(u)
//
// where n(v) is how many slots of v may be unfinished at some time while one of u is: those
// whose data comes less than R(v) before that of u, or less than R(u) after it. Slots begin
// at multiples of their length, all counted from one moment. Workers may take stages in any
// order, those of a later slot before those of an earlier one too: so little is admitted
// whose response is much longer than a slot.
//
// Why that holds: consider the first moment at which some slot exceeds its R. All slots
// that should have been done by then were, so that only the n(v) that are counted have had
// work since its data came; and going back from the stage that runs, through what it waited
// for, every moment is spent either on a path of stages of u (its own slot's, and
// of earlier ones that hold the same keys) or with all cores busy. So it is done by R.
func (s *Set) Responses(dst []time.Duration, units []Unit) ([]time.Duration, error) {
	dst = dst[:0]
	if err := s.validate(units); err != nil {
		return dst, err
	}
	if !s.within(units, nil) {
		responses, err := s.overlapping(units)
		return append(dst, responses...), err
	}
	sum := total(units, nil)
	for i := range units {
		dst = append(dst, s.alone(&units[i], sum))
	}
	return dst, nil
}

// Late reports whether an error of this package says that something would be late.
func Late(err error) bool {
	line := new(LineError)
	return errors.As(err, &line)
}
