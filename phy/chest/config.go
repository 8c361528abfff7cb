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
type Limits = nr.GroupLimits

// DefaultLimits allows everything that the messages allow.
func DefaultLimits() Limits { return nr.DefaultGroupLimits() }
