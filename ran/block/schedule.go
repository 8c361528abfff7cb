// SPDX-License-Identifier: Apache-2.0

package block

import (
	"errors"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// MaxGrants is the largest number of PUSCH transmissions in one slot of a cell.
const MaxGrants = 64

// Schedule is everything that the scheduler decided for one slot of a cell. It
// is one message, so that a slot is never received with a part of its grants. A
// slot without transmissions has an empty schedule.
type Schedule struct {
	Slot   nr.Slot    // slot from which, and for which alone, the grants hold
	Grants []nr.Grant // at most [MaxGrants]
}

// Set replaces the schedule. It allocates only where Grants has to grow.
func (s *Schedule) Set(slot nr.Slot, grants ...nr.Grant) {
	s.Slot, s.Grants = slot, append(s.Grants[:0], grants...)
}

// Validate reports what the receiver cannot take: the errors of
// [nr.Grant.Validate] and [nr.NewGroup], and a [*nr.UnsupportedError] beyond
// [MaxGrants] or for a HARQ process that one UE uses twice.
func (s *Schedule) Validate(c *nr.Carrier) error { return s.validate(c, new(grouper)) }

// Unsupported returns why the receiver cannot take each of the grants, nil where it
// can: those that are legal by themselves and together, so that a host may leave
// them out and have the others received. All UEs of a PRB group that cannot be
// detected jointly have one reason. What is not legal is an error: the
// [*nr.FieldError] of [nr.Grant.Validate] or [nr.NewGroup].
func (s *Schedule) Unsupported(c *nr.Carrier) ([]error, error) {
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
			err = &nr.UnsupportedError{Field: "harq_process used twice in a slot by one n_rnti", Got: g.HARQProcess}
		case len(rest.Grants) == MaxGrants:
			err = &nr.UnsupportedError{Field: "grants in one slot", Got: len(s.Grants)}
		}
		if err != nil && !errors.Is(err, nr.ErrUnsupported) {
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
func (s *Schedule) refuseGroups(c *nr.Carrier, at []int, reasons []error) error {
	var groups grouper
	groups.start(c, s.Slot, s.Grants)
	for {
		more, err := groups.next()
		switch {
		case err == nil && !more:
			return nil
		case err == nil:
			continue
		case !errors.Is(err, nr.ErrUnsupported):
			return err
		}
		for k := range s.Grants {
			if groups.in[k] {
				reasons[at[k]] = err
			}
		}
	}
}

// validate is Validate with the memory of a walk over the groups.
func (s *Schedule) validate(c *nr.Carrier, groups *grouper) error {
	if len(s.Grants) > MaxGrants {
		return &nr.UnsupportedError{Field: "grants in one slot", Got: len(s.Grants)}
	}
	for i := range s.Grants {
		g := &s.Grants[i]
		if err := g.Validate(c); err != nil {
			return err
		}
		for k := range s.Grants[:i] {
			if o := &s.Grants[k]; o.RNTI == g.RNTI && o.HARQProcess == g.HARQProcess {
				return &nr.UnsupportedError{Field: "harq_process used twice in a slot by one n_rnti", Got: g.HARQProcess}
			}
		}
	}
	groups.start(c, s.Slot, s.Grants)
	for {
		if more, err := groups.next(); err != nil || !more {
			return err
		}
	}
}

// grouper walks over the PRB groups of a slot, in the order of their first
// grants. It is a struct so that a walk does not allocate.
type grouper struct {
	carrier *nr.Carrier
	slot    nr.Slot
	grants  []nr.Grant
	at      int
	taken   [MaxGrants]bool
	in      [MaxGrants]bool
	buffer  [MaxGrants]*nr.Grant

	group   nr.Group    // the present group
	members []*nr.Grant // its UEs in the order of the grants
}

// start begins a walk over at most [MaxGrants] grants.
func (w *grouper) start(c *nr.Carrier, slot nr.Slot, grants []nr.Grant) {
	w.carrier, w.slot, w.grants = c, slot, grants
	w.at, w.taken = 0, [MaxGrants]bool{}
}

// next goes to the next group and reports whether there is one. It returns the
// errors of [nr.NewGroup].
func (w *grouper) next() (bool, error) {
	for w.at < len(w.grants) && w.taken[w.at] {
		w.at++
	}
	if w.at == len(w.grants) {
		return false, nil
	}
	w.collect()
	var err error
	w.group, err = nr.NewGroup(w.carrier, w.slot, w.members...)
	return err == nil, err
}

// collect makes members the grants that share PRBs with the present one,
// directly or through others.
func (w *grouper) collect() {
	w.in = [MaxGrants]bool{}
	w.in[w.at] = true
	for grown := true; grown; {
		grown = false
		for k := w.at + 1; k < len(w.grants); k++ {
			if !w.in[k] && w.meets(k) {
				w.in[k], grown = true, true
			}
		}
	}
	w.members = w.buffer[:0]
	for k := w.at; k < len(w.grants); k++ {
		if w.in[k] {
			w.taken[k] = true
			w.members = append(w.members, &w.grants[k])
		}
	}
}

// meets reports whether grant k shares PRBs with one that is in the group.
func (w *grouper) meets(k int) bool {
	for m := w.at; m < len(w.grants); m++ {
		if w.in[m] && w.grants[m].SharesPRBs(&w.grants[k]) {
			return true
		}
	}
	return false
}

// NewDistribute returns the function that hands the grants of a cell's schedule
// to the HARQ processes that they are for. It keeps nothing.
func NewDistribute(cfg Config) sfaas.Fn[Schedule, nr.Grant] {
	return sfaas.DefineEach("ran/distribute", func(c *sfaas.Ctx, out sfaas.Emitter[nr.Grant], in *Schedule) error {
		for i := range in.Grants {
			g := &in.Grants[i]
			*out.Add(HARQKey(c.Key(), g.RNTI, g.HARQProcess)) = *g
		}
		return nil
	}, sfaas.Config{Params: cfg.params("")})
}
