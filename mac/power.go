// SPDX-License-Identifier: Apache-2.0

package mac

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// PowerControl is the open-loop power control of a UE's PUSCH: what it has been configured
// with, and what it can do.
//
// TS 38.213 §7.1.1, without closed-loop commands.
type PowerControl struct {
	P0dBm   float64 // P_O_PUSCH: power per PRB of 15 kHz that should arrive, dBm
	Alpha   float64 // α: share of the path loss that is compensated, 0…1
	PCMAX   float64 // P_CMAX: the most that the UE transmits, dBm; 23 is usual
	DeltaTF bool    // deltaMCS is on: more bits per resource element have more power
}

// Transmit returns the power that a UE transmits with, and its power headroom, which is
// negative where it would need more than it has.
//
//   - pathLossDB: PL, dB
//   - mu: numerology of the bandwidth part
//   - numPRB: M_RB, PRBs of the grant
//   - bitsPerRE: BPRE, bits of all code blocks per resource element; used with DeltaTF
//
// TS 38.213 §7.1.1 and, for the headroom, §7.7.1.
func (p PowerControl) Transmit(pathLossDB float64, mu nr.Numerology, numPRB int, bitsPerRE float64) (dBm, headroomDB float64) {
	want := p.P0dBm + 10*math.Log10(float64(int(1)<<mu*max(numPRB, 1))) + p.Alpha*pathLossDB
	if p.DeltaTF {
		const ks = 1.25
		want += 10 * math.Log10(math.Exp2(bitsPerRE*ks)-1)
	}
	return min(want, p.PCMAX), p.PCMAX - want
}

// maxPRB returns on how many PRBs the UE's power lasts: on so many, each has the power
// that power control asks for. It is at least 1, and at most limit.
func (u *UE) maxPRB(limit int) int {
	const forAll = 25 // dB: 275 PRBs are 24.4
	if !u.HasHeadroom || u.PSDHeadroomDB >= forAll {
		return limit
	}
	n := math.Pow(10, float64(u.PSDHeadroomDB)/10)
	return int(min(max(n, 1), float64(limit)))
}

// headroom notes a power headroom report of a transmission on so many PRBs.
func (u *UE) headroom(level uint8, numPRB int) {
	u.HasHeadroom = true
	u.PSDHeadroomDB = float32(PowerHeadroomDB(int(level)) + 10*math.Log10(float64(max(numPRB, 1))))
}
