// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/equalizer"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
)

// Synchronizer measures delay and carrier offset of each UE of a group on its
// DM-RS; package phy/sync has the one that receivers use.
type Synchronizer interface {
	// Configure selects the group of the next pilots.
	Configure(group *nr.Group) error
	// Estimate measures the offsets of the configured group.
	Estimate(dst *nr.Offsets, pilots *nr.Pilots) error
}

// Estimator estimates the channel of a group and the covariance of noise and
// interference from its DM-RS; package phy/chest has "ls" and "lmmse".
type Estimator interface {
	// Configure selects the group of the next pilots.
	Configure(group *nr.Group) error
	// Estimate writes the channel of the configured group; offsets are what a
	// Synchronizer measured on the same pilots.
	Estimate(dst *nr.Channel, pilots *nr.Pilots, offsets *nr.Offsets) error
}

// Equalizer separates the layers of all UEs of a group; package phy/equalizer
// has zero forcing and LMMSE.
type Equalizer interface {
	// Equalize writes the unbiased data symbols of every UE of the channel's
	// group, in codeword order, with their error variance and quality.
	//
	//   - dst: one entry for each UE
	//   - data: [rx, NumSymbols, 12·NumPRB] from Group.StartSymbol
	Equalize(dst []nr.Symbols, data nr.View, channel *nr.Channel) error
}

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
// It returns a [*nr.FieldError] for another name. A neural receiver is "lmmse"
// with another Demapper.
func NewBlocks(name string, l Limits) (Blocks, error) {
	if err := l.normalise(); err != nil {
		return Blocks{}, err
	}
	method := chest.LS
	switch name {
	case "ls":
	case "lmmse":
		method = chest.LMMSE
	default:
		return Blocks{}, &nr.FieldError{Field: "receiver", Got: name, Want: "ls or lmmse"}
	}
	rx := l.NumRx
	synchronizer, err := sync.New(sync.Limits{MaxPRB: l.MaxPRB, MaxRx: rx, MaxLayers: l.MaxLayers})
	if err != nil {
		return Blocks{}, err
	}
	estimator, err := chest.New(chest.Config{Method: method}, chest.Limits{MaxPRB: l.MaxPRB, MaxRx: rx, MaxLayers: l.MaxLayers})
	if err != nil {
		return Blocks{}, err
	}
	detector, err := equalizer.New(equalizer.Config{}, equalizer.Limits{MaxPRB: l.MaxPRB, MaxRx: rx, MaxLayers: l.MaxLayers})
	if err != nil {
		return Blocks{}, err
	}
	return Blocks{synchronizer, estimator, detector, new(modem.MaxLog)}, nil
}
