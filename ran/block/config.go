// SPDX-License-Identifier: Apache-2.0

package block

import (
	"cmp"
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/phy/sync"
)

// Config is what the functions of one receiver are constructed with. It is a
// plain value: its digest travels with a move, and functions of different
// configurations do not exchange state.
//
// It says nothing about a cell. The functions serve all cells whose carriers have
// one form, see [nr.Carrier.Form]: which of them a slot is from, its key says, and
// the identities that scramble and sound are in the grants.
type Config struct {
	Carrier       nr.Carrier // the form of the carriers; the CellID is not used
	NumRx         int        // receive antennas, 1…8
	MaxPRB        int        // PRBs of the largest grant; 0 stands for all of the carrier
	MaxLayers     int        // layers of the largest PRB group; 0 stands for 4
	MaxIterations int        // LDPC iterations; 0 stands for [sch.DefaultIterations]
	CFOLimitHz    float64    // largest carrier offset that is likely; 0 stands for that of a UE that keeps to the standard

	// HARQSlots is how many slots the transmissions of one block span at most: their
	// number times the delay of the feedback. A move in mode Fed feeds so many slots,
	// after which no soft bits are missing. 0 stands for [DefaultHARQSlots].
	HARQSlots int
}

// DefaultHARQSlots is four transmissions, sixteen slots apart.
const DefaultHARQSlots = 64

// Validate reports the first field out of range as a [*nr.FieldError] or
// [*nr.UnsupportedError].
func (c Config) Validate() error {
	if err := c.Carrier.Validate(); err != nil {
		return err
	}
	for _, f := range [...]struct {
		name        string
		got, lo, hi int
	}{
		{"num_channels", c.NumRx, 1, nr.MaxRx},
		{"max_prb", c.MaxPRB, 0, c.Carrier.NumPRB},
		{"max_layers", c.MaxLayers, 0, nr.MaxGroupLayers},
		{"max_iterations", c.MaxIterations, 0, 1000},
		{"harq_slots", c.HARQSlots, 0, 1 << 16},
	} {
		if f.got < f.lo || f.got > f.hi {
			return &nr.FieldError{Field: f.name, Got: f.got, Want: fmt.Sprintf("%d…%d", f.lo, f.hi)}
		}
	}
	offsets := sync.Config{CFOLimitHz: c.CFOLimitHz}
	return offsets.Validate()
}

// Limits returns what the steps of phy/pusch are made for.
func (c Config) Limits() pusch.Limits {
	return pusch.Limits{Carrier: c.Carrier, NumRx: c.NumRx, MaxPRB: c.MaxPRB, MaxLayers: c.MaxLayers, CFOLimitHz: c.CFOLimitHz}
}

// history returns how many slots back the state of HARQ processes reaches.
func (c Config) history() int { return cmp.Or(c.HARQSlots, DefaultHARQSlots) }

func (c Config) newDecoder() (*sch.Decoder, error) {
	bits, err := c.Limits().MaxCodedBits()
	if err != nil {
		return nil, err
	}
	return sch.NewDecoder(bits, c.MaxIterations)
}

// params returns what the digest of a function covers, which is the same for every
// cell; algorithm is the name of its algorithm, "" for the only one.
func (c Config) params(algorithm string) params {
	c.Carrier = c.Carrier.Form()
	return params{c, algorithm}
}

// params is what the digest of a function covers: the configuration and the
// name of the algorithm.
type params struct {
	Config    Config
	Algorithm string
}
