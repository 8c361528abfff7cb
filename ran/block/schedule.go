// SPDX-License-Identifier: Apache-2.0

package block

import (
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/sfaas"
)

// MaxGrants is the largest number of PUSCH transmissions in one slot of a cell.
const MaxGrants = 64

// Schedule is everything that the scheduler decided for one slot: of a cell
// all its PUSCH transmissions, of a UE its own. It is one message, so that a
// slot is never received with a part of its grants. A slot without
// transmissions has an empty schedule.
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
func (s *Schedule) Validate(c *nr.Carrier) error {
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
	return eachGroup(c, s.Slot, s.Grants, func(int, *nr.Group, []*nr.Grant) error { return nil })
}

// eachGroup calls visit for every PRB group of a slot, in the order of its
// first grant, with its UEs in the order of the grants.
func eachGroup(c *nr.Carrier, slot nr.Slot, grants []nr.Grant, visit func(rank int, g *nr.Group, members []*nr.Grant) error) error {
	var taken [MaxGrants]bool
	var members [MaxGrants]*nr.Grant
	rank := 0
	for i := range grants {
		if taken[i] {
			continue
		}
		n := collect(members[:0], &taken, grants, i)
		group, err := nr.NewGroup(c, slot, n...)
		if err != nil {
			return err
		}
		if err := visit(rank, &group, n); err != nil {
			return err
		}
		rank++
	}
	return nil
}

// collect appends the grants that share PRBs with grant i, directly or through
// others, in their order, and marks them as taken.
func collect(dst []*nr.Grant, taken *[MaxGrants]bool, grants []nr.Grant, i int) []*nr.Grant {
	in := [MaxGrants]bool{}
	in[i] = true
	for grown := true; grown; {
		grown = false
		for k := i + 1; k < len(grants); k++ {
			for m := i; m < len(grants) && !in[k]; m++ {
				if in[m] && grants[m].SharesPRBs(&grants[k]) {
					in[k], grown = true, true
				}
			}
		}
	}
	for k := i; k < len(grants); k++ {
		if in[k] {
			taken[k] = true
			dst = append(dst, &grants[k])
		}
	}
	return dst
}

// NewDistribute returns the function that hands each UE its part of a cell's
// schedule. It keeps nothing.
func NewDistribute(cfg Config) sfaas.Fn[Schedule, Schedule] {
	return sfaas.DefineEach("ran/distribute", distribute, sfaas.Config{Params: params{cfg, ""}})
}

func distribute(c *sfaas.Ctx, out sfaas.Emitter[Schedule], in *Schedule) error {
	for i := range in.Grants {
		rnti := in.Grants[i].RNTI
		if contains(in.Grants[:i], rnti) {
			continue
		}
		own := out.Add(UEKey(c.Key(), rnti))
		own.Slot, own.Grants = in.Slot, own.Grants[:0]
		for k := i; k < len(in.Grants); k++ {
			if in.Grants[k].RNTI == rnti {
				own.Grants = append(own.Grants, in.Grants[k])
			}
		}
	}
	return nil
}

// contains reports whether one of the grants is for the UE.
func contains(grants []nr.Grant, rnti uint16) bool {
	for i := range grants {
		if grants[i].RNTI == rnti {
			return true
		}
	}
	return false
}
