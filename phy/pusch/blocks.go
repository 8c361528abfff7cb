// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/equalizer"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/sch"
	"github.com/neuroran/neuroran/phy/sync"
)

// Synchronizer measures delay and carrier offset; phy/sync defines it.
type Synchronizer = sync.Synchronizer

// Estimator estimates channel and noise; phy/chest defines it.
type Estimator = chest.Estimator

// Equalizer separates layers; phy/equalizer defines it.
type Equalizer = equalizer.Equalizer

// SoftBuffer is the soft bits of a HARQ process; phy/sch defines it.
type SoftBuffer = sch.SoftBuffer

// Meter measures the pilots of a PRB group. What is nil measures nothing.
//
// The pilots are the DM-RS of TS 38.211 §6.4.1.1.
type Meter struct {
	Synchronizer Synchronizer // delay and carrier offset
	Estimator    Estimator    // channel and noise
}

// Blocks are the replaceable blocks of a receiver. Each may be anything that
// keeps the contract of its interface, a neural network among others.
//
// Together they undo TS 38.211 §6.3.1.2 to §6.3.1.7.
type Blocks struct {
	Synchronizer Synchronizer   // delay and carrier offset
	Estimator    Estimator      // channel and noise
	Equalizer    Equalizer      // layer separation
	Demapper     modem.Demapper // soft bits
}

// NewBlocks returns the blocks of a named receiver, all within the limits; see
// [AlgorithmsOf] for the names. Synchronizer and Estimator are those of
// [Algorithms.NewMeter]. NewBlocks returns a [*nr.FieldError] for another name, and the errors of bad limits.
func NewBlocks(name string, l Limits) (Blocks, error) {
	a, err := AlgorithmsOf(name)
	if err != nil {
		return Blocks{}, err
	}
	m, err := a.NewMeter(l)
	if err != nil {
		return Blocks{}, err
	}
	b := Blocks{Synchronizer: m.Synchronizer, Estimator: m.Estimator}
	if b.Equalizer, err = a.NewEqualizer(l); err != nil {
		return Blocks{}, err
	}
	b.Demapper, err = a.NewDemapper()
	return b, err
}
