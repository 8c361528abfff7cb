// SPDX-License-Identifier: Apache-2.0

package dmrs

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// Reference is the layout of one PRB group and the sequences of its combs. The
// blocks of one receiver share a Reference, so that a slot's sequences are made
// once. One goroutine at a time may use it, and with it those blocks.
//
// TS 38.211 §6.4.1.1.1 (sequences) and §6.4.1.1.3 (places).
type Reference struct {
	Layout
	lim   nr.GroupLimits
	ready bool
	seq   [nr.MaxGroupLayers][nr.MaxDMRSSymbols][]complex64
}

// NewReference returns a reference with memory for the given limits. It returns
// a [*nr.FieldError] for a value outside its range.
func NewReference(lim nr.GroupLimits) (*Reference, error) {
	if err := lim.Validate(); err != nil {
		return nil, err
	}
	r := &Reference{lim: lim}
	for c := range lim.MaxLayers {
		for s := range nr.MaxDMRSSymbols {
			r.seq[c][s] = make([]complex64, lim.MaxPRB*PilotsPerPRB(1))
		}
	}
	return r, nil
}

// Limits returns what the reference has memory for.
func (r *Reference) Limits() nr.GroupLimits { return r.lim }

// Configure makes the sequences of a group, which [nr.NewGroup] must have
// returned; for the group that is configured already it does nothing. It returns
// a [*nr.ShapeError] of the named block for a group beyond the limits, and then
// has no group. It does not allocate.
//
// TS 38.211 §6.4.1.1.
func (r *Reference) Configure(block string, g *nr.Group) error {
	if r.ready && r.Group == *g {
		return nil
	}
	r.ready = false
	if err := r.lim.Check(block, g); err != nil {
		return err
	}
	r.Layout = NewLayout(g)
	for c := range r.NumCombs {
		comb := &r.Combs[c]
		for s, l := range r.Symbols[:r.NumSymbols] {
			Sequence(r.seq[c][s][:r.NumPilots], g.ConfigType, g.StartCRB, CInit(g.Mu, g.Slot, l, comb.NID, comb.NSCID))
		}
	}
	r.ready = true
	return nil
}

// Check reports pilots that do not belong to the configured group, as
// [nr.ErrNotConfigured], or that have other dimensions, as a [*nr.ShapeError] of
// the named block. It does not allocate when they fit.
func (r *Reference) Check(block string, p *nr.Pilots) error {
	if !r.ready {
		return fmt.Errorf("%s: %w", block, nr.ErrNotConfigured)
	}
	return r.lim.CheckPilots(block, &r.Group, p)
}

// Sequence returns r(i) of a comb in a symbol, both by their index in the
// layout: NumPilots values of unit power, valid until the next Configure.
func (r *Reference) Sequence(comb, symbol int) []complex64 {
	return r.seq[comb][symbol][:r.NumPilots]
}
