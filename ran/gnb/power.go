// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"math"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// Power is the transmit power control of a UE. The zero value has none: every grant is sent
// at full power density, and there is headroom for all PRBs.
//
// With control, the signal to noise ratio of the UE's [Trajectory] is the one that it would
// have with all its power on one PRB; so the path loss is known, and what each PRB of a grant
// is sent with follows from TS 38.213 §7.1.1. Soundings have the power density of a grant of
// one PRB (§7.3.1 with the same parameters).
type Power struct {
	Control  mac.PowerControl // open loop; P_CMAX of 0 stands for no control
	NoiseDBm float64          // noise power of one PRB at the receiver, dBm
}

// ThermalNoiseDBm returns the noise power of one PRB at room temperature with a noise figure.
func ThermalNoiseDBm(c *nr.Carrier, figureDB float64) float64 {
	hz := float64(nr.SubcarriersPerPRB*c.SubcarrierSpacingKHz) * 1e3
	return -174 + 10*math.Log10(hz) + figureDB
}

// none reports whether there is no control.
func (p *Power) none() bool { return p.Control.PCMAX == 0 }

// validate reports the first field out of range.
func (p *Power) validate(field string) error {
	for _, f := range [...]struct {
		name        string
		got, lo, hi float64
	}{
		{"p0_dbm", p.Control.P0dBm, -300, 100}, {"alpha", p.Control.Alpha, 0, 1},
		{"pcmax", p.Control.PCMAX, -100, 100}, {"noise_dbm", p.NoiseDBm, -300, 100},
	} {
		if !(f.got >= f.lo && f.got <= f.hi) {
			return &nr.FieldError{Field: field + ".power." + f.name, Got: f.got, Want: "a power in dBm, or a share of 0…1"}
		}
	}
	return nil
}

// mostHeadroomDB is what the highest level of a report stands for.
const mostHeadroomDB = 38

// grant returns by what factor the power density of a grant differs from that of all power on
// one PRB, and the headroom in dB.
func (p *Power) grant(snrDB float64, mu nr.Numerology, g *nr.Grant) (factor, headroomDB float64) {
	if p.none() {
		return 1, mostHeadroomDB
	}
	return p.density(&p.Control, snrDB, mu, g.NumPRB, float64(g.TBS())/float64(g.DataREs()))
}

// sounding returns the same of a sounding, which has no Δ_TF.
func (p *Power) sounding(snrDB float64, mu nr.Numerology) (factor float64) {
	if p.none() {
		return 1
	}
	control := p.Control
	control.DeltaTF = false
	factor, _ = p.density(&control, snrDB, mu, 1, 0)
	return factor
}

func (p *Power) density(c *mac.PowerControl, snrDB float64, mu nr.Numerology, numPRB int, bitsPerRE float64) (factor, headroomDB float64) {
	pathLoss := c.PCMAX - p.NoiseDBm - snrDB
	dBm, headroom := c.Transmit(pathLoss, mu, numPRB, bitsPerRE)
	return math.Pow(10, (dBm-c.PCMAX)/10) / float64(numPRB), headroom
}
