// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"math"
	"slices"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sigmf"
	"github.com/neuroran/neuroran/tensor"
)

// silent is the power of an antenna over that of the loudest below which it hears
// nothing: less than the quantization noise of any of them.
const silent = 1e-9

// dead returns the antennas, from 0, that hear nothing, and whether none hears
// anything.
func dead(x *tensor.Tensor[complex64]) (list []int, all bool) {
	powers := make([]float64, x.Dim(0))
	loudest := 0.0
	for r := range powers {
		for _, z := range x.Row(r) {
			powers[r] += power(complex128(z))
		}
		loudest = max(loudest, powers[r])
	}
	for r, p := range powers {
		if !(p > silent*loudest) {
			list = append(list, r)
		}
	}
	return list, len(list) == len(powers)
}

// prefixes is what the cyclic prefixes of a slot show: what follows a prefix after
// the length of a transform is the same, if there are symbols of this numerology.
type prefixes struct {
	seen bool // there are symbols
	late int  // samples by which they begin later than the slot says
}

// minCorrelation is the least share of the power that symbols must have.
const minCorrelation = 0.1

// findPrefixes compares samples around a slot at all places of a symbol.
func findPrefixes(rec *sigmf.Recording, t *sigmf.Transmission) (prefixes, error) {
	c := &rec.Carrier
	n, reach := c.FFTSize, int64(c.FFTSize/2)
	from := max(t.SampleStart-reach, 0)
	to := min(t.SampleStart+int64(c.SlotSamples(t.Slot))+reach, rec.NumSamples)
	var x tensor.Tensor[complex64]
	if from >= to {
		return prefixes{}, nil
	}
	if err := rec.ReadSamples(&x, from, int(to-from)); err != nil {
		return prefixes{}, err
	}
	best, at, products := 0.0, int64(0), 1
	for late := -reach; late < reach; late += max(1, int64(n/128)) {
		var sum complex128
		var energy float64
		used := 0
		start := int(t.SampleStart + late - from)
		for l := range nr.SymbolsPerSlot {
			cp := c.CPSamples(t.Slot, l)
			if start >= 0 && start+cp+n <= x.Dim(1) {
				for r := range x.Dim(0) {
					row := x.Row(r)[start:]
					for i := range cp {
						a, b := complex128(row[i]), complex128(row[i+n])
						sum += a * complex(real(b), -imag(b))
						energy += (power(a) + power(b)) / 2
					}
				}
				used += cp * x.Dim(0)
			}
			start += cp + n
		}
		if rho := math.Sqrt(power(sum)) / energy; energy > 0 && rho > best {
			best, at, products = rho, late, used
		}
	}
	// Samples of noise in the band of the carrier depend on their neighbours.
	independent := float64(products) * float64(c.NumSubcarriers()) / float64(n)
	return prefixes{best > max(minCorrelation, 5/math.Sqrt(independent)), int(at)}, nil
}

// band is where in the carrier the power of a slot is.
type band struct {
	power []float64 // of each PRB
	first int       // PRBs that are loud and that no other grant explains
	num   int       // 0 where all PRBs are about equally loud
}

// contrast is by how much loud PRBs must differ from quiet ones: 6 dB.
const contrast = 4.0

// findBand measures the PRBs in the symbols of a transmission.
func findBand(rec *sigmf.Recording, grid *nr.Grid, index int) band {
	t := &rec.Transmissions[index]
	b := band{power: make([]float64, rec.Carrier.NumPRB)}
	for r := range grid.RE.Dim(0) {
		for l := t.Grant.StartSymbol; l < t.Grant.StartSymbol+t.Grant.NumSymbols; l++ {
			for k, z := range grid.RE.Row(r, l) {
				b.power[k/nr.SubcarriersPerPRB] += power(complex128(z))
			}
		}
	}
	sorted := slices.Sorted(slices.Values(b.power))
	quiet, loud := sorted[len(sorted)/20], sorted[len(sorted)-1-len(sorted)/20]
	if quiet = max(quiet, loud*1e-6); loud < contrast*quiet {
		return b
	}
	threshold := math.Sqrt(quiet * loud)
	last := -1
	for p, x := range b.power {
		if x < threshold || explained(rec, index, p) {
			continue
		}
		if last < 0 {
			b.first = p
		}
		last = p
	}
	if last >= 0 {
		b.num = last + 1 - b.first
	}
	return b
}

// explained reports whether another transmission of the slot has a PRB.
func explained(rec *sigmf.Recording, index, prb int) bool {
	t := &rec.Transmissions[index]
	for i := range rec.Transmissions {
		o := &rec.Transmissions[i]
		if i != index && o.Slot == t.Slot && prb >= o.Grant.StartPRB && prb < o.Grant.StartPRB+o.Grant.NumPRB && !o.Grant.SharesPRBs(&t.Grant) {
			return true
		}
	}
	return false
}

// is reports whether the loud PRBs are those of a grant.
func (b *band) is(g *nr.Grant) bool { return b.num == 0 || b.first == g.StartPRB && b.num == g.NumPRB }
