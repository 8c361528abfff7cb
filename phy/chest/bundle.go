// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"math/cmplx"
	"slices"

	"github.com/neuroran/neuroran/internal/simd/c128"
	"github.com/neuroran/neuroran/phy/noise"
	"github.com/neuroran/neuroran/phy/nr"
)

// bundle is a part of the allocation with one covariance of the noise, in units
// of the scaled pilots.
type bundle struct {
	first, prbs int
	noise.Covariance
}

// merger joins cells to bundles, and is the scratch for that.
//
// Bundles are found like this: cells are the finest parts, in the order of the band; each
// keeps its sums of outer products, so that joining two of them is an addition.
// Invariant: cells 0 to used−1 cover the allocation without gap or overlap, before and
// after each join; loss[i] belongs to cells i and i+1.
type merger struct {
	bundles [nr.MaxNoiseBundles]bundle
	numBun  int
	cost    [fineCells]float64 // of each part alone
	loss    [fineCells]float64 // of each part, if it were one with the next
	power   [maxRx]float64     // of the antennas in the middle cell
	work    [maxRx * maxRx]complex128
}

// alike says whether all cells could have the same covariance: that of none is far
// from the mean, by the measure of the mean, so that a strong interferer hides nothing
// that is weaker.
//
// The covariance W of n white values has elements of variance 1/n about those of the
// identity. The sum over all rx² of the squared distances times n is χ² distributed
// (Wilson and Hilferty 1931) where n is large, and has a longer tail where it is not.
func (m *noiseMeter) alike(rx int) bool {
	if m.used == 1 {
		return true
	}
	mean := m.work[:rx*rx]
	clear(mean)
	for i := range m.used {
		for k, v := range m.cells[i].Sum[:rx*rx] {
			mean[k] += v / complex(m.count, 0)
		}
	}
	// The mean is a little more than positive semidefinite: antennas that are not
	// connected, or that carry the same signal, must not make the factorization fail.
	for a := range rx {
		mean[a*rx+a] *= 1 + 1e-9 // antennas that hear the same, or nothing
		mean[a*rx+a] += 1e-30
	}
	if !c128.Cholesky(mean, rx) {
		return true
	}
	// The limit is a quantile of χ² with rx² degrees of freedom, 4.5 standard deviations
	// out: with four antennas and four cells a false alarm once in some 10⁵ slots. Too
	// many bundles cost a little accuracy each time, a missed interferer costs the block.
	const z = 4.5 // standard deviations
	dof := float64(rx * rx)
	limit := 1 - 2/(9*dof) + z*math.Sqrt(2/(9*dof))
	limit = dof * limit * limit * limit
	for i := range m.used {
		c := &m.cells[i]
		if c.Count < 1 {
			continue
		}
		// Two corrections: a cell of few values has a longer tail (the factor 1+4/n), and
		// the mean contains the cell itself (the factor 1−n/N).
		if m.distance(c, rx)*c.Count > limit*(1+4/c.Count)*(1-c.Count/m.count) {
			return false
		}
	}
	return true
}

// distance returns the squared distance of the covariance of a cell, whitened with the
// factor L in work, from the identity: that of L⁻¹·(L⁻¹·Q)ᴴ.
func (m *noiseMeter) distance(c *noiseCell, rx int) float64 {
	var half [maxRx * maxRx]complex128
	var column [maxRx]complex128
	for k := range rx {
		q := column[:rx]
		for a := range rx {
			if q[a] = c.Sum[a*rx+k]; a < k { // the lower triangle is there
				q[a] = cmplx.Conj(c.Sum[k*rx+a])
			}
			q[a] /= complex(c.Count, 0)
		}
		c128.SolveLower(m.work[:rx*rx], rx, q)
		for a, v := range q {
			half[a*rx+k] = cmplx.Conj(v)
		}
	}
	sum := 0.0
	for k := range rx {
		row := half[k*rx : (k+1)*rx]
		c128.SolveLower(m.work[:rx*rx], rx, row)
		row[k] -= 1
		for _, v := range row {
			sum += real(v)*real(v) + imag(v)*imag(v)
		}
	}
	return sum
}

// mergeAll makes one bundle of all cells.
func (m *noiseMeter) mergeAll(rx int) {
	for i := range m.cells[1:m.used] {
		m.cells[0].join(&m.cells[i+1], rx)
	}
	m.used = 1
	m.finish(rx)
}

// join adds the next cell.
func (c *noiseCell) join(next *noiseCell, rx int) {
	c.prbs += next.prbs
	c.Join(&next.Sums, rx)
}

// merge joins the neighbours whose difference means least, again and again, as
// long as one covariance describes them more briefly than two: the logarithm of
// the likelihood that is lost against rx² numbers saved (Rissanen 1978).
//
// merge works on a line of cells, where only neighbours can be one. Each join changes the
// loss of two pairs at most, those at either side of the new cell, so that a merge of n
// cells costs 2n weighings and n² comparisons of numbers. It stops at the first minimum:
// what remains differs by more than its description costs. More than [nr.MaxNoiseBundles]
// cannot be told to an equalizer, and then the least harmful join is made although it
// loses.
func (m *noiseMeter) merge(rx int) {
	m.middleNoise(rx)
	for i := range m.used {
		m.cost[i] = m.length(rx, &m.cells[i], nil)
	}
	for i := range m.used - 1 {
		m.weigh(i, rx)
	}
	for m.used > 1 {
		best := 0
		for i, loss := range m.loss[:m.used-1] {
			if loss < m.loss[best] {
				best = i
			}
		}
		if m.loss[best] > 0 && m.used <= nr.MaxNoiseBundles {
			break
		}
		m.joinAt(best, rx)
	}
	m.finish(rx)
}

// weigh finds how much longer cells i and i+1 are described by one covariance.
//
// What a pair would save is half a logarithm of the number of values for each of the rx²
// numbers of a covariance: the price of telling a parameter to the accuracy that so many
// values give it.
func (m *noiseMeter) weigh(i, rx int) {
	a, b := &m.cells[i], &m.cells[i+1]
	saved := float64(rx*rx) / 2 * math.Log(a.Count+b.Count+2)
	m.loss[i] = m.length(rx, a, b) - m.cost[i] - m.cost[i+1] - saved
}

// joinAt joins cell i with the next one.
func (m *noiseMeter) joinAt(i, rx int) {
	m.cells[i].join(&m.cells[i+1], rx)
	copy(m.cells[i+1:m.used-1], m.cells[i+2:m.used])
	copy(m.cost[i+1:m.used-1], m.cost[i+2:m.used])
	copy(m.loss[i:m.used-2], m.loss[i+1:m.used-1])
	m.used--
	m.cost[i] = m.length(rx, &m.cells[i], nil)
	for k := max(0, i-1); k <= min(i, m.used-2); k++ {
		m.weigh(k, rx)
	}
}

// middleNoise finds the noise of each antenna in the middle cell: what the others do
// not tell about it, 1/(Q⁻¹)_aa, so that an interferer on the whole band is no part of
// it. A few loud cells do not change it.
//
// The diagonal of an inverse is 1 over what the other antennas cannot predict of this
// one. Its estimate from n values is too small by (n−rx+1)/n, which is put right. The
// median over cells is taken because it may be wrong in half of them.
func (m *noiseMeter) middleNoise(rx int) {
	for a := range rx {
		m.power[a] = 0
	}
	var left [maxRx][fineCells]float64
	for i := range m.used {
		c := &m.cells[i]
		n := max(c.Count, 1)
		for k, v := range c.Sum[:rx*rx] {
			m.work[k] = v / complex(n, 0)
		}
		for a := range rx {
			left[a][i] = real(m.work[a*rx+a])
		}
		if n < float64(rx+2) || !c128.Cholesky(m.work[:rx*rx], rx) {
			continue
		}
		for a := range rx {
			var e [maxRx]complex128
			e[a] = 1
			c128.SolveLower(m.work[:rx*rx], rx, e[:rx])
			sum := 0.0
			for _, v := range e[:rx] {
				sum += real(v)*real(v) + imag(v)*imag(v)
			}
			left[a][i] = n / (n - float64(rx) + 1) / sum
		}
	}
	for a := range rx {
		slices.Sort(left[a][:m.used])
		m.power[a] = max(left[a][m.used/2], 1e-30)
	}
}

// length returns how many nats describe the values of one or two cells with the
// covariance that they have: n·ln det. A few values of the middle power stand
// for what is known before.
func (m *noiseMeter) length(rx int, c, next *noiseCell) float64 {
	// The prior is rx values of noise of the middle power, without correlation. It keeps
	// the determinant away from zero where a cell has fewer values than antennas.
	before := float64(rx)
	n := c.Count + before
	if next != nil {
		n += next.Count
	}
	for a := range rx {
		for b := range a + 1 {
			v := c.Sum[a*rx+b]
			if next != nil {
				v += next.Sum[a*rx+b]
			}
			m.work[a*rx+b] = v / complex(n*math.Sqrt(m.power[a]*m.power[b]), 0)
		}
		m.work[a*rx+a] += complex(before/n, 0)
	}
	if !c128.Cholesky(m.work[:rx*rx], rx) {
		return 0
	}
	det := 1.0 // of powers near that of the noise: eight of them stay within range
	for a := range rx {
		det *= real(m.work[a*rx+a])
	}
	return 2 * n * math.Log(det)
}

// noiseless is the standard deviation that stands for no noise, of pilots near 1.
const noiseless = 1e-6

// finish makes a bundle of each cell.
func (m *noiseMeter) finish(rx int) {
	m.numBun = m.used
	for i := range m.used {
		b, c := &m.bundles[i], &m.cells[i]
		b.first, b.prbs = c.first, c.prbs
		b.Load(&c.Sums, rx, noiseless)
	}
}
