// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"

	"github.com/neuroran/neuroran/placement/internal/agent"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// Mode is a way in which a unit can work beside that on processors alone: with a part of an
// accelerator. Which one it works in is decided by the node that it is at, by what there is
// room for and what takes least; see [WithMode].
type Mode struct {
	// Accelerator is what it takes of one.
	Accelerator resource.AcceleratorNeed
	// Work is the processor time that is left, as a share of that on processors alone: 0.6 for
	// 60 %.
	Work float64
}

// MaxModes bounds the modes of a unit.
const MaxModes = 2

// validateModes returns a [*sfaas.OptionError] for the first mode that cannot be.
func (s *Spec) validateModes() error {
	bad := func(field string, got any, want string) error {
		return &sfaas.OptionError{Option: "placement.Spec." + field, Got: fmt.Sprint(got), Want: want}
	}
	switch {
	case len(s.Modes) > MaxModes:
		return bad("Modes", len(s.Modes), fmt.Sprintf("at most %d", MaxModes))
	case len(s.Modes) > 0 && len(s.Needs.Accelerators) > 0:
		return bad("Modes", len(s.Modes), "none where Needs has accelerators: those are needed in any mode")
	}
	for i, m := range s.Modes {
		if !(m.Work >= 0.001 && m.Work <= 1000) {
			return bad(fmt.Sprintf("Modes[%d].Work", i), m.Work, "0.001 to 1000, 1 for as much as without the accelerator")
		}
		need := resource.Need{Accelerators: []resource.AcceleratorNeed{m.Accelerator}}
		if err := need.Validate(); err != nil {
			return fmt.Errorf("placement: Spec.Modes[%d]: %w", i, err)
		}
		for k := range i {
			if s.Modes[k].Accelerator.Kind == m.Accelerator.Kind {
				return bad(fmt.Sprintf("Modes[%d].Accelerator.Kind", i), m.Accelerator.Kind, "one that no other mode has")
			}
		}
	}
	return nil
}

// modes returns in what ways units work beside that on processors alone, and whether they
// cannot work so.
func (s *Spec) modes() (all []Mode, bound bool) {
	if n := s.Needs.Accelerators; len(n) > 0 {
		return []Mode{{Accelerator: n[0], Work: 1}}, true
	}
	return s.Modes, false
}

// firstMode returns the number of the mode in which a unit works of which nothing else is said.
func (s *Spec) firstMode() int8 {
	if _, bound := s.modes(); bound {
		return 1
	}
	return 0
}

// kind returns the kind of accelerator of a mode by its number, "" for processors alone.
func (s *Spec) kind(mode int) string {
	if all, _ := s.modes(); mode > 0 && mode <= len(all) {
		return all[mode-1].Accelerator.Kind
	}
	return ""
}

// fillModes writes the columns of modes into the row of a unit.
func (s *Spec) fillModes(c *[agent.UnitColumns]float32) {
	all, bound := s.modes()
	if bound {
		c[unitBound], c[unitMode] = 1, 1
	}
	for i, m := range all {
		k := c[unitModes+i*modeColumns:]
		k[modeKind], k[modeWork] = kindNumber(m.Accelerator.Kind), float32(m.Work)
		k[modeShare], k[modeMemory] = float32(m.Accelerator.Share), float32(m.Accelerator.Memory)/1e6
	}
}

// hasMode reports whether the unit of a row can work in a mode.
func hasMode(c *[agent.UnitColumns]float32, mode int) bool {
	if mode == 0 {
		return c[unitBound] == 0
	}
	return c[unitModes+(mode-1)*modeColumns+modeKind] != 0
}

// modeFactor returns how much processor time a mode takes, as a share of that on processors
// alone. The row is of another node: what makes no sense is 1.
func modeFactor(c *[agent.UnitColumns]float32, mode int) float32 {
	if mode < 1 || mode > MaxModes {
		return 1
	}
	if f := c[unitModes+(mode-1)*modeColumns+modeWork]; f >= 0.0005 && f <= 2000 {
		return f
	}
	return 1
}
