// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"fmt"
	"math"
	"math/bits"
)

// GroupLimits bounds the groups that one block can be given; its constructor
// allocates for them. The zero value allows nothing.
//
// TS 38.211 §6.4.1.1.3 bounds ports, TS 38.214 §6.1.2.2 the PRBs of a grant.
type GroupLimits struct {
	MaxPRB    int // PRBs of a group, 1…[MaxPRB]
	MaxRx     int // receive antennas, 1…[MaxRx]
	MaxLayers int // layers of a group, 1…[MaxGroupLayers]
}

// DefaultGroupLimits allows everything that the messages allow.
func DefaultGroupLimits() GroupLimits {
	return GroupLimits{MaxPRB: MaxPRB, MaxRx: MaxRx, MaxLayers: MaxGroupLayers}
}

// Validate reports the first limit out of range as a [*FieldError].
func (l GroupLimits) Validate() error {
	for _, f := range [...]struct {
		name     string
		got, max int
	}{{"limits.max_prb", l.MaxPRB, MaxPRB}, {"limits.max_rx", l.MaxRx, MaxRx}, {"limits.max_layers", l.MaxLayers, MaxGroupLayers}} {
		if err := checkRange(f.name, f.got, 1, f.max); err != nil {
			return err
		}
	}
	return nil
}

// Check reports the first property of g that is beyond the limits or that no
// group of [NewGroup] has, as a [*ShapeError] of the named block. It does not
// allocate when there is none.
func (l GroupLimits) Check(block string, g *Group) error {
	for _, f := range [...]struct {
		field    string
		got, max int
	}{
		{"group.prb", g.NumPRB, l.MaxPRB},
		{"group.layers", g.NumLayers, l.MaxLayers},
		{"group.ues", g.NumUEs, MaxUEs},
		{"group.dmrs_symbols", g.NumDMRSSymbols(), MaxDMRSSymbols},
		{"group.symbols", g.StartSymbol + g.NumSymbols, SymbolsPerSlot},
		{"group.dmrs.config_type", g.ConfigType, 2},
		{"group.dmrs.length", g.Length, 2},
		{"group.dmrs.num_cdm_groups_without_data", g.NumCDMGroupsWithoutData, g.ConfigType + 1},
		{"group.dmrs.last_symbol", bits.Len16(g.DMRSMask), SymbolsPerSlot},
		{"group.start_crb", g.StartCRB + 1, math.MaxInt},
		{"group.numerology", int(g.Mu) + 1, 7},
	} {
		if f.got < 1 || f.got > f.max {
			return BadLength(block+": "+f.field, f.got, f.max)
		}
	}
	if g.NumDMRSSymbols()%g.Length != 0 {
		return BadLength(block+": group.dmrs_symbols", g.NumDMRSSymbols(), g.Length)
	}
	return checkUEs(block, g)
}

// checkUEs reports layers that do not add up and DM-RS ports that the
// configuration does not have (TS 38.211 tables 6.4.1.1.3-1 and -2).
func checkUEs(block string, g *Group) error {
	layers := 0
	for u := range g.NumUEs {
		ue := &g.UEs[u]
		if ue.NumLayers < 1 || ue.NumLayers > MaxLayers {
			return BadLength(block+": group.ue.layers", ue.NumLayers, MaxLayers)
		}
		layers += ue.NumLayers
		for _, port := range ue.Ports[:ue.NumLayers] {
			if last := 2*(g.ConfigType+1)*g.Length - 1; int(port) > last {
				return BadLength(block+": group.ue.port", int(port), last)
			}
		}
	}
	if layers != g.NumLayers {
		return BadLength(block+": group.ue.layers of all UEs", layers, g.NumLayers)
	}
	return nil
}

// CheckPilots reports pilots that do not belong to the group, as
// [ErrNotConfigured] with the name of the block, or that have other dimensions
// than [rx, DM-RS symbol, 12·NumPRB] with at most MaxRx antennas, as a
// [*ShapeError]. It does not allocate when they fit.
func (l GroupLimits) CheckPilots(block string, g *Group, p *Pilots) error {
	if p.Group != *g {
		return fmt.Errorf("%s: %w", block, ErrNotConfigured)
	}
	if p.RE.Rank() != 3 {
		return BadLength(block+": pilots.rank", p.RE.Rank(), 3)
	}
	if rx := p.RE.Dim(0); rx < 1 || rx > l.MaxRx {
		return BadLength(block+": pilots.rx", rx, l.MaxRx)
	}
	if p.RE.Dim(1) != g.NumDMRSSymbols() {
		return BadLength(block+": pilots.symbols", p.RE.Dim(1), g.NumDMRSSymbols())
	}
	if p.RE.Dim(2) != g.NumSubcarriers() {
		return BadLength(block+": pilots.subcarriers", p.RE.Dim(2), g.NumSubcarriers())
	}
	return nil
}
