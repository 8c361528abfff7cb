// SPDX-License-Identifier: Apache-2.0

package dtx

import (
	"math"
	"slices"

	"github.com/neuroran/neuroran/phy/nr"
)

// tooLoud is how many times the energy of the others a PRB or an occasion may have.
const tooLoud = 4

// energies are those of the PRBs of a piece, by occasion.
type energies [nr.MaxDMRSSymbols][maxPieces]float64

// turnDown gives occasions and PRBs whose energy stands far out the energy of the middle
// one: a pulse or a narrow interferer would make a few pilots decide, where the
// cumulants count on all. All antennas are turned down alike, so that what they hear of
// one interferer stays the same. turnDown notes the energy of each antenna.
func (p *piece) turnDown() {
	var energy [nr.MaxRx]energies
	for r := range p.rx {
		sum := 0.0
		for o := range p.occasions {
			row := p.row(r, o)
			for b := range p.size {
				for _, x := range row[b*p.inPRB : (b+1)*p.inPRB] {
					energy[r][o][b] += float64(real(x)*real(x) + imag(x)*imag(x))
				}
				sum += energy[r][o][b]
			}
		}
		p.under[r] = sum / p.all[r]
	}
	var factors energies // of energies
	loud := p.factors(&energy, p.occasions, func(o, _ int) int { return o })
	for o, f := range loud[:p.occasions] {
		for b := range p.size {
			factors[o][b] = f
			for r := range p.rx {
				energy[r][o][b] *= f
			}
		}
	}
	loud = p.factors(&energy, p.size, func(_, b int) int { return b })
	for b, f := range loud[:p.size] {
		for o := range p.occasions {
			factors[o][b] *= f
			for r := range p.rx {
				energy[r][o][b] *= f
			}
		}
	}
	p.scale(&factors)
	for r := range p.rx {
		p.energy[r], p.prb[r] = 0, [maxPieces]float64{}
		for o := range p.occasions {
			for b, e := range energy[r][o][:p.size] {
				p.energy[r] += e
				p.prb[r][b] += e
			}
		}
	}
}

// factors returns what the energies of each of num parts are to be multiplied with; part
// tells to which one an occasion and PRB belong.
func (p *piece) factors(energy *[nr.MaxRx]energies, num int, part func(o, b int) int) (mean [maxPieces]float64) {
	for r := range p.rx {
		var own [maxPieces]float64
		for o := range p.occasions {
			for b := range p.size {
				own[part(o, b)] += energy[r][o][b]
			}
		}
		middle := middleOf(own, num) // the mean is over the antennas, each in its own unit
		for i := range num {
			mean[i] += own[i] / middle
		}
	}
	middle := middleOf(mean, num)
	for i, e := range mean[:num] {
		mean[i] = 1
		if e > tooLoud*middle {
			mean[i] = middle / e
		}
	}
	return mean
}

// middleOf returns the energy of the middle one of num parts. Parts without energy were
// not received at all, and are no measure of the others.
func middleOf(energy [maxPieces]float64, num int) float64 {
	heard := energy[:num]
	slices.Sort(heard)
	for len(heard) > 1 && heard[0] == 0 {
		heard = heard[1:]
	}
	return max(heard[(len(heard)-1)/2], math.SmallestNonzeroFloat64)
}

// scale multiplies the energies of occasions and PRBs.
func (p *piece) scale(factors *energies) {
	for o := range p.occasions {
		for b, f := range factors[o][:p.size] {
			if f == 1 {
				continue
			}
			a := float32(math.Sqrt(f))
			for r := range p.rx {
				part := p.row(r, o)[b*p.inPRB : (b+1)*p.inPRB]
				for i, x := range part {
					part[i] = complex(a*real(x), a*imag(x))
				}
			}
		}
	}
}
