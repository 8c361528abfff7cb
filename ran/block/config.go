// SPDX-License-Identifier: Apache-2.0

package block

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/pusch"
	"github.com/neuroran/neuroran/phy/sch"
)

// Config is what the functions of one receiver are constructed with. It is a
// plain value: its digest travels with a move, and functions of different
// configurations do not exchange state.
type Config struct {
	Carrier       nr.Carrier // the carrier
	NumRx         int        // receive antennas, 1…8
	MaxPRB        int        // PRBs of the largest grant; 0 stands for all of the carrier
	MaxLayers     int        // layers of the largest PRB group; 0 stands for 4
	MaxIterations int        // LDPC iterations; 0 stands for [sch.DefaultIterations]
}

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
	} {
		if f.got < f.lo || f.got > f.hi {
			return &nr.FieldError{Field: f.name, Got: f.got, Want: fmt.Sprintf("%d…%d", f.lo, f.hi)}
		}
	}
	return nil
}

// Limits returns what the steps of phy/pusch are made for.
func (c Config) Limits() pusch.Limits {
	return pusch.Limits{Carrier: c.Carrier, NumRx: c.NumRx, MaxPRB: c.MaxPRB, MaxLayers: c.MaxLayers}
}

func (c Config) newDecoder() (*sch.Decoder, error) {
	bits, err := c.Limits().MaxCodedBits()
	if err != nil {
		return nil, err
	}
	return sch.NewDecoder(bits, c.MaxIterations)
}

// params is what the digest of a function covers: the configuration and the
// name of the algorithm.
type params struct {
	Config    Config
	Algorithm string
}
