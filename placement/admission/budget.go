// SPDX-License-Identifier: Apache-2.0

package admission

import "time"

// Remaining returns the most work per slot that unit i may do while the others do what they
// say, so that all are done in time. The unit's chain stays the same share of its work. It
// is 0 if the others are too late already, and an error is that of bad fields.
func (s *Set) Remaining(units []Unit, i int) (time.Duration, error) {
	if err := s.validate(units); err != nil {
		return 0, err
	}
	if i < 0 || i >= len(units) {
		return 0, wrong("unit", i, "the place of a unit")
	}
	return s.Level(units, func(k int) bool { return k == i })
}

// Level returns the most work per slot that each of some units may do while the others do what
// they say, so that all are done in time: the same for each, which is what those get that
// adapt themselves to what is left, as cells with a scheduler do. Chains stay the same share
// of their work. It is 0 if the others are too late already, and an error is that of bad fields.
func (s *Set) Level(units []Unit, adapts func(i int) bool) (time.Duration, error) {
	if err := s.validate(units); err != nil {
		return 0, err
	}
	try := append([]Unit(nil), units...)
	return s.most(func(work time.Duration) bool {
		for i := range units {
			if adapts(i) {
				try[i] = units[i].with(work)
			}
		}
		return s.check(try, nil) == nil
	}), nil
}

// Budgets shares among units what a set can do in time, and returns in dst how much work per
// slot each may do: all of them are done in time even if each uses up its budget.
//
// The work of a unit counts as what it wants: its demand, or [Unbounded] if it has been kept
// to a budget and could use more. If all demands can be met, each gets its own and an equal
// part of what is left. If not, all get the same, but none more than its demand
// (max-min fairness): two equal cells get half of what one alone would. A unit's chain
// stays the same share of its work. It returns a [*FieldError], and allocates little.
func (s *Set) Budgets(dst []time.Duration, units []Unit) ([]time.Duration, error) {
	dst = dst[:0]
	if err := s.validate(units); err != nil {
		return dst, err
	}
	try := append([]Unit(nil), units...)
	fits := func(budget func(demand time.Duration) time.Duration) bool {
		for i := range units {
			try[i] = units[i].with(budget(units[i].Work))
		}
		return s.check(try, nil) == nil
	}
	budget := func(level time.Duration) func(time.Duration) time.Duration {
		return func(demand time.Duration) time.Duration { return min(demand, level) }
	}
	if fits(budget(Unbounded)) {
		budget = func(level time.Duration) func(time.Duration) time.Duration {
			return func(demand time.Duration) time.Duration { return min(demand+level, MaxDuration) }
		}
	}
	level := budget(s.most(func(x time.Duration) bool { return fits(budget(x)) }))
	for i := range units {
		dst = append(dst, level(units[i].Work))
	}
	return dst, nil
}

// with returns the unit with so much work, and a chain in proportion.
func (u Unit) with(work time.Duration) Unit {
	if u.Chain > 0 && u.Work > 0 {
		u.Chain = min(time.Duration(float64(u.Chain)/float64(u.Work)*float64(work))+1, work)
	}
	u.Work = work
	return u
}

// most returns the largest duration for which fits holds, which holds for all below it, by
// halving; 0 if there is none.
func (s *Set) most(fits func(time.Duration) bool) time.Duration {
	lo, hi := time.Duration(0), time.Duration(1)
	for hi < MaxDuration && fits(hi) {
		lo, hi = hi, 2*hi
	}
	hi = min(hi, MaxDuration+1)
	for lo+1 < hi {
		if mid := lo + (hi-lo)/2; fits(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}
