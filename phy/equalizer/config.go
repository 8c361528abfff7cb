// SPDX-License-Identifier: Apache-2.0

package equalizer

import (
	"fmt"

	"github.com/neuroran/neuroran/phy/nr"
)

// Method is a linear detector.
type Method uint8

// Detectors.
const (
	LMMSE Method = iota // linear minimum mean squared error, unbiased
	ZF                  // zero forcing
)

// String returns "lmmse" or "zf".
func (m Method) String() string {
	switch m {
	case LMMSE:
		return "lmmse"
	case ZF:
		return "zf"
	}
	return fmt.Sprintf("Method(%d)", uint8(m))
}

// Config selects the detector. The zero value is LMMSE with interference
// rejection.
type Config struct {
	Method     Method // detector
	WhiteNoise bool   // use the mean of the diagonal of NoiseCov only: no interference rejection
}

// Limits bounds what one Equalizer can be given; New allocates for it.
type Limits = nr.GroupLimits

// DefaultLimits allows everything that the messages allow.
func DefaultLimits() Limits { return nr.DefaultGroupLimits() }
