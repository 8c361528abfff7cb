// SPDX-License-Identifier: Apache-2.0

package dtx

import "math"

// share is what the antennas say about one piece.
type share struct {
	sum      float64 // of the shares of the energy at likely delays
	excess   float64 // energy at likely delays above what disorder has there, of that of the antennas
	antennas float64 // that say anything
}

// add adds one antenna. One that hears nothing, or whose samples overflow, says
// nothing.
func (s *share) add(inside, energy, scale float64) {
	if x := inside / energy; x-x == 0 {
		s.sum += x
		s.excess += (inside - energy) * scale
		s.antennas++
	}
}

// leastShare is the share of the energy of pilots that a UE must have where it cannot be
// told from others by their order.
const leastShare = 0.1

// score is what all pieces say about a UE.
type score struct {
	heard, white evidence // of the antennas as they are, and whitened
	alike        bool     // whether antennas hear the same, so that whitening makes a difference
	excess       float64
	blind, share float64 // antennas that cannot tell the UE from others, and the UE's share of their energy
	found        bool
	beneath      bool // only when whitened: what is stronger has no order, so it is no UE
}

// judge finds out whether there is more order than noise has but for a given chance, in
// the antennas as they are or whitened.
func (s *score) judge(chance float64, white bool) {
	if s.share < leastShare*s.blind {
		return
	}
	if s.alike {
		chance /= 2
	}
	if white {
		s.beneath = s.white.stands(chance)
		s.found = s.beneath
		return
	}
	s.found = s.heard.stands(chance)
}

// evidence is a sum of shares with the cumulants that it has where nobody transmits.
type evidence struct {
	sum       float64
	cumulants cumulants
}

// add adds one piece. Antennas that hear the same, as of one interferer, are as many
// as spread says: they add up as n independent ones of which each counts for more.
func (e *evidence) add(piece *share, spread float64, c *cumulants) {
	if piece.antennas == 0 || !(spread > 0) {
		return
	}
	e.sum += piece.sum
	n := piece.antennas * piece.antennas / spread
	weight := piece.antennas / n
	scale := n
	for i, k := range c {
		scale *= weight
		e.cumulants[i] += scale * k
	}
}

// stands reports whether the sum is more than disorder gives but for a given chance.
func (e *evidence) stands(chance float64) bool {
	return e.cumulants[1] > 0 && e.sum > e.cumulants.quantile(rareAs(chance))
}

const (
	usualAlarm = 0.007 // chance of a UE that is silent to be found in its usual place
	fewPilots  = 8     // of an antenna, up to which a stranger's sequence may have order
	fewAlarm   = 0.003 // chance of noise to be found in these
	farAlarm   = 0.001 // chance of noise to be found in all other places
)

// falseAlarm returns the chance of noise to be found. Few pilots of another cell, all
// of equal magnitude and with four phases, are in order by chance more often than
// noise is.
func falseAlarm(pilots int) float64 {
	if pilots <= fewPilots {
		return fewAlarm
	}
	return usualAlarm
}

// rareAs returns what a standard normal variable exceeds with a given chance.
func rareAs(chance float64) float64 { return math.Sqrt2 * math.Erfinv(1-2*chance) }
