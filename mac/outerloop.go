// SPDX-License-Identifier: Apache-2.0

package mac

// OuterLoop corrects what is expected of a UE's SINR so that its first transmissions fail
// as often as they should: the link adaptation goes by the expected SINR less Offset. It
// is a comparable value.
//
// K. I. Pedersen et al., "Frequency domain scheduling for OFDMA with limited and noisy
// channel feedback", VTC 2007-Fall, with the steps of A. Sampath, P. S. Kumar and J. M.
// Holtzman, VTC 1997: a failure adds Up, a pass takes Up·target/(1 − target) away, so that
// the offset rests where the share of failures is the target.
type OuterLoop struct {
	OffsetDB float64 // Δ_offset, dB
}

// Update moves the offset after a first transmission that passed or failed; the result
// stays within ± maxDB. It does not allocate.
func (o *OuterLoop) Update(passed bool, target, upDB, maxDB float64) {
	if passed {
		o.OffsetDB -= upDB * target / (1 - target)
	} else {
		o.OffsetDB += upDB
	}
	o.OffsetDB = min(max(o.OffsetDB, -maxDB), maxDB)
}
