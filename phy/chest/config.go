// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// Method is a channel estimator.
type Method uint8

// Estimators.
const (
	LS    Method = iota // least squares, linear interpolation
	LMMSE               // linear minimum mean squared error in frequency and time
)

// String returns "ls" or "lmmse".
func (m Method) String() string {
	switch m {
	case LS:
		return "ls"
	case LMMSE:
		return "lmmse"
	}
	return fmt.Sprintf("Method(%d)", uint8(m))
}

// Config selects the estimator. The zero value is LS with a full noise
// covariance.
type Config struct {
	Method     Method // estimator
	WhiteNoise bool   // report a NoiseCov that is a multiple of the identity
}

// Limits bounds what one Estimator can be given; New allocates for it.
type Limits struct {
	MaxPRB    int // PRBs of a group, 1…[nr.MaxPRB]
	MaxRx     int // receive antennas, 1…[nr.MaxRx]
	MaxLayers int // layers of a group, 1…[nr.MaxGroupLayers]
}

// DefaultLimits allows everything that the messages allow.
func DefaultLimits() Limits {
	return Limits{MaxPRB: nr.MaxPRB, MaxRx: nr.MaxRx, MaxLayers: nr.MaxGroupLayers}
}

func (l Limits) validate() error {
	for _, f := range [...]struct {
		name     string
		got, max int
	}{{"MaxPRB", l.MaxPRB, nr.MaxPRB}, {"MaxRx", l.MaxRx, nr.MaxRx}, {"MaxLayers", l.MaxLayers, nr.MaxGroupLayers}} {
		if f.got < 1 || f.got > f.max {
			return &ConfigError{Field: f.name, Got: f.got, Want: fmt.Sprintf("1…%d", f.max)}
		}
	}
	return nil
}
