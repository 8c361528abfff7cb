// SPDX-License-Identifier: Apache-2.0

package sync

import "github.com/neuroran/neuroran/phy/nr"

// DefaultCarrierHz is the carrier frequency that is assumed where none is known.
const DefaultCarrierHz = 3.5e9

// DefaultDopplerHz is the Doppler frequency that is allowed for where none is
// known: 31 m/s at 3.5 GHz.
const DefaultDopplerHz = 100

// maxCFOLimitHz is beyond all carriers: nothing is known then.
const maxCFOLimitHz = 1e12

// Config says which carrier offsets are to be expected. The zero value expects
// those of a UE that keeps to the standard on a carrier of 3.5 GHz.
//
// TS 38.104 §6.5.1 and TS 38.101-1 §6.4.1 allow a base station and a UE their share of
// it.
type Config struct {
	// CFOLimitHz is the largest carrier offset that is likely, Hz: offsets are
	// taken as spread evenly up to it, before pilots are seen. An estimate is
	// weighted with that by its own variance, so that accurate ones do not
	// depend on it. 0 stands for [CFOLimit] of the default carrier and Doppler.
	CFOLimitHz float64
}

// CFOLimit returns the largest carrier offset of a UE that keeps to the
// standard: 0.1 ppm of the carrier (TS 38.101-1 §6.4.1) and twice the Doppler
// frequency, by which the downlink that it follows is off too. 0 stands for the
// default of either.
func CFOLimit(carrierHz, dopplerHz float64) float64 {
	if carrierHz == 0 {
		carrierHz = DefaultCarrierHz
	}
	if dopplerHz == 0 {
		dopplerHz = DefaultDopplerHz
	}
	return 0.1e-6*carrierHz + 2*dopplerHz
}

// Validate reports a value out of range, as a [*nr.FieldError].
func (c *Config) Validate() error {
	if !(c.CFOLimitHz >= 0 && c.CFOLimitHz <= maxCFOLimitHz) {
		return &nr.FieldError{Field: "sync.cfo_limit_hz", Got: c.CFOLimitHz, Want: "0 or a frequency up to 1 THz"}
	}
	return nil
}
