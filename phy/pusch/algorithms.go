// SPDX-License-Identifier: Apache-2.0

package pusch

import (
	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/equalizer"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
)

// Algorithms names the model-driven blocks of a receiver. Each name is one that
// New of the block's package knows.
//
// TS 38.211 and TS 38.212 say nothing about receivers: the blocks say where theirs are
// from.
type Algorithms struct {
	Synchronizer string // of [sync.New]
	Estimator    string // of [chest.New]
	Equalizer    string // of [equalizer.New]
	Demapper     string // of [modem.New]
}

// AlgorithmsOf returns the algorithms of a named receiver:
//
//   - "ls": least squares, linear interpolation, LMMSE equalizer, max-log
//   - "lmmse": LMMSE estimation in frequency and time with measured delay
//     spread, Doppler and noise, LMMSE equalizer, max-log
//
// It returns a [*nr.FieldError] for another name. A neural receiver is "lmmse"
// with another demapper.
func AlgorithmsOf(receiver string) (Algorithms, error) {
	switch receiver {
	case "ls", "lmmse":
		return Algorithms{"correlator", receiver, "lmmse", "maxlog"}, nil
	}
	return Algorithms{}, &nr.FieldError{Field: "receiver", Got: receiver, Want: "ls or lmmse"}
}

// NewMeter returns what measures the pilots of a slot; the estimator also tells which
// UEs are absent. Both share the reference signal of a slot, so that it is made once.
// NewMeter returns the errors of bad limits, of [sync.New] and of [chest.New].
func (a Algorithms) NewMeter(l Limits) (Meter, error) {
	ref, err := l.newReference()
	if err != nil {
		return Meter{}, err
	}
	var m Meter
	if m.Synchronizer, err = sync.New(a.Synchronizer, l.syncConfig(), ref); err != nil {
		return Meter{}, err
	}
	e, err := chest.New(a.Estimator, ref)
	if err != nil {
		return Meter{}, err
	}
	m.Estimator = newListener(e, ref)
	return m, nil
}

// NewEqualizer returns the equalizer. It returns the errors of bad limits and of
// [equalizer.New].
func (a Algorithms) NewEqualizer(l Limits) (Equalizer, error) {
	if err := l.normalize(); err != nil {
		return nil, err
	}
	return equalizer.New(a.Equalizer, l.group())
}

// NewDemapper returns the demapper. It returns the errors of [modem.New].
func (a Algorithms) NewDemapper() (modem.Demapper, error) { return modem.New(a.Demapper) }
