// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
)

// Limits bounds the grants that a block accepts; New allocates for the largest.
//
// Grants are those of TS 38.214 §6.1.
type Limits struct {
	Carrier   nr.Carrier // the carrier, fixed for the life of the block
	NumRx     int        // receive antennas, 1…8; a transmitter ignores it
	MaxPRB    int        // PRBs of one grant; 0 stands for all of the carrier
	MaxLayers int        // layers of a group; 0 stands for 4

	// CFOLimitHz is the largest carrier offset that is likely, see
	// [sync.Config]; 0 stands for [sync.CFOLimit] of the carrier.
	CFOLimitHz float64
}

// normalize fills in defaults and reports the first field out of range.
func (l *Limits) normalize() error {
	if err := l.Carrier.Validate(); err != nil {
		return err
	}
	if l.MaxPRB == 0 {
		l.MaxPRB = l.Carrier.NumPRB
	}
	if l.MaxLayers == 0 {
		l.MaxLayers = nr.MaxGroupLayers
	}
	if l.MaxPRB < 1 || l.MaxPRB > l.Carrier.NumPRB {
		return &nr.FieldError{Field: "limits.max_prb", Got: l.MaxPRB, Want: fmt.Sprintf("1…%d", l.Carrier.NumPRB)}
	}
	if l.MaxLayers < 1 || l.MaxLayers > nr.MaxGroupLayers {
		return &nr.FieldError{Field: "limits.max_layers", Got: l.MaxLayers, Want: fmt.Sprintf("1…%d", nr.MaxGroupLayers)}
	}
	return nil
}

// group returns the limits of PRB groups; l must be normalized.
func (l *Limits) group() nr.GroupLimits {
	return nr.GroupLimits{MaxPRB: l.MaxPRB, MaxRx: l.NumRx, MaxLayers: l.MaxLayers}
}

// syncConfig returns what the synchronizer expects.
func (l *Limits) syncConfig() sync.Config {
	limit := l.CFOLimitHz
	if limit == 0 {
		limit = sync.CFOLimit(l.Carrier.CarrierHz, 0)
	}
	return sync.Config{CFOLimitHz: limit}
}

// newReference returns a reference signal within the limits.
func (l Limits) newReference() (*dmrs.Reference, error) {
	if err := l.normalize(); err != nil {
		return nil, err
	}
	return dmrs.NewReference(l.group())
}

// check reports a grant that is not valid or above the limits.
func (l *Limits) check(g *nr.Grant) error {
	if g == nil {
		return &nr.FieldError{Field: "grant", Got: "nil", Want: "a grant"}
	}
	if err := g.Validate(&l.Carrier); err != nil {
		return err
	}
	if g.NumPRB > l.MaxPRB {
		return &nr.UnsupportedError{Field: "prb_size above the limits of this block", Got: g.NumPRB}
	}
	if g.NumLayers > l.MaxLayers {
		return &nr.UnsupportedError{Field: "num_layers above the limits of this block", Got: g.NumLayers}
	}
	return nil
}

// maxSymbols returns the most resource elements, DM-RS included, times layers.
func (l *Limits) maxSymbols() int {
	return l.MaxPRB * nr.SubcarriersPerPRB * nr.SymbolsPerSlot * l.MaxLayers
}

// MaxCodedBits returns the most coded bits of one transmission: what
// [sch.NewDecoder] is made for. It returns the errors of bad limits.
func (l Limits) MaxCodedBits() (int, error) {
	if err := l.normalize(); err != nil {
		return 0, err
	}
	return l.maxSymbols() * nr.QAM256.BitsPerSymbol(), nil
}
