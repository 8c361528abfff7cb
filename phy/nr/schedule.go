// SPDX-License-Identifier: Apache-2.0

package nr

import "errors"

// MaxGrants is the largest number of PUSCH transmissions in one slot of a cell.
const MaxGrants = 64

// Schedule is everything that the scheduler decided for one slot of a cell, what the
// FAPI of the Small Cell Forum calls UL_TTI.request. It is one message, so that a slot
// is never received with a part of its grants. A slot without transmissions has an
// empty schedule.
//
// Each grant is that of a DCI of TS 38.212 §7.3.1.1.
type Schedule struct {
	Slot   Slot    // slot from which, and for which alone, the grants hold
	Grants []Grant // at most [MaxGrants]
}

// Set replaces the schedule. It allocates only where Grants has to grow.
func (s *Schedule) Set(slot Slot, grants ...Grant) {
	s.Slot, s.Grants = slot, append(s.Grants[:0], grants...)
}

// Validate reports what the receiver cannot take: the errors of
// [Grant.Validate] and [NewGroup], and a [*UnsupportedError] beyond
// [MaxGrants] or for a HARQ process that one UE uses twice.
func (s *Schedule) Validate(c *Carrier) error { return s.ValidateWith(c, new(Grouper)) }

// Unsupported returns why the receiver cannot take each of the grants, nil where it
// can: those that are legal by themselves and together, so that a host may leave
// them out and have the others received. All UEs of a PRB group that cannot be
// detected jointly have one reason. What is not legal is an error: the
// [*FieldError] of [Grant.Validate] or [NewGroup].
func (s *Schedule) Unsupported(c *Carrier) ([]error, error) {
	reasons := make([]error, len(s.Grants))
	used := map[[2]int]bool{}
	rest := Schedule{Slot: s.Slot}
	var at []int // where the grants of rest stand in s
	for i := range s.Grants {
		g := &s.Grants[i]
		id := [2]int{int(g.RNTI), g.HARQProcess}
		err := g.Validate(c)
		switch {
		case err != nil:
		case used[id]:
			err = &UnsupportedError{Field: "harq_process used twice in a slot by one n_rnti", Got: g.HARQProcess}
		case len(rest.Grants) == MaxGrants:
			err = &UnsupportedError{Field: "grants in one slot", Got: len(s.Grants)}
		}
		if err != nil && !errors.Is(err, ErrUnsupported) {
			return nil, err
		}
		if reasons[i] = err; err == nil {
			used[id] = true
			rest.Grants, at = append(rest.Grants, *g), append(at, i)
		}
	}
	return reasons, rest.refuseGroups(c, at, reasons)
}

// refuseGroups writes the reasons of grants that cannot be detected jointly; grant
// k stands at at[k] of reasons.
func (s *Schedule) refuseGroups(c *Carrier, at []int, reasons []error) error {
	var groups Grouper
	groups.Start(c, s.Slot, s.Grants)
	for {
		more, err := groups.Next()
		switch {
		case err == nil && !more:
			return nil
		case err == nil:
			continue
		case !errors.Is(err, ErrUnsupported):
			return err
		}
		for k := range s.Grants {
			if groups.in[k] {
				reasons[at[k]] = err
			}
		}
	}
}

// ValidateWith is Validate with the memory of a walk over the groups, so that nothing is
// allocated where the schedule is fit to be received.
func (s *Schedule) ValidateWith(c *Carrier, groups *Grouper) error {
	if len(s.Grants) > MaxGrants {
		return &UnsupportedError{Field: "grants in one slot", Got: len(s.Grants)}
	}
	for i := range s.Grants {
		g := &s.Grants[i]
		if err := g.Validate(c); err != nil {
			return err
		}
		for k := range s.Grants[:i] {
			if o := &s.Grants[k]; o.RNTI == g.RNTI && o.HARQProcess == g.HARQProcess {
				return &UnsupportedError{Field: "harq_process used twice in a slot by one n_rnti", Got: g.HARQProcess}
			}
		}
	}
	groups.Start(c, s.Slot, s.Grants)
	for {
		if more, err := groups.Next(); err != nil || !more {
			return err
		}
	}
}
