// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/equalizer"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
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

// Blocks are the replaceable blocks of a receiver. Each may be anything that
// keeps the contract of its interface, a neural network among others.
type Blocks struct {
	Synchronizer Synchronizer   // delay and carrier offset
	Estimator    Estimator      // channel and noise
	Equalizer    Equalizer      // layer separation
	Demapper     modem.Demapper // soft bits
}

// NewBlocks returns the blocks of a named receiver, all within the limits:
//
//   - "ls": least squares, linear interpolation, LMMSE equaliser, max-log
//   - "lmmse": LMMSE estimation in frequency and time with measured delay
//     spread, Doppler and noise, LMMSE equaliser, max-log
//
// Synchronizer and Estimator share the reference signal of a slot. NewBlocks
// returns a [*nr.FieldError] for another name. A neural receiver is "lmmse"
// with another Demapper.
func NewBlocks(name string, l Limits) (Blocks, error) {
	if err := l.normalise(); err != nil {
		return Blocks{}, err
	}
	if name != "ls" && name != "lmmse" {
		return Blocks{}, &nr.FieldError{Field: "receiver", Got: name, Want: "ls or lmmse"}
	}
	limits := nr.GroupLimits{MaxPRB: l.MaxPRB, MaxRx: l.NumRx, MaxLayers: l.MaxLayers}
	ref, err := dmrs.NewReference(limits)
	if err != nil {
		return Blocks{}, err
	}
	estimator, err := chest.New(name, ref)
	if err != nil {
		return Blocks{}, err
	}
	detector, err := equalizer.NewLMMSE(limits)
	if err != nil {
		return Blocks{}, err
	}
	synchronizer, err := sync.NewCorrelator(sync.Config{CFOLimitHz: sync.CFOLimit(l.Carrier.CarrierHz, 0)}, ref)
	if err != nil {
		return Blocks{}, err
	}
	return Blocks{synchronizer, estimator, detector, new(modem.MaxLog)}, nil
}
