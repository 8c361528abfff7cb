// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"slices"

	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

// bundle is a part of the allocation with one covariance of the noise, Q = L·Lᴴ.
type bundle struct {
	first, prbs int
	count       float64                   // independent values of each antenna that Q comes from
	white       bool                      // Q is sigma²·I
	sigma       float64                   // root of the mean of the diagonal
	cov         [maxRx * maxRx]complex128 // Q, in units of the scaled pilots
	factor      [maxRx * maxRx]complex128 // L, lower triangle
}

// merger joins cells to bundles, and is the scratch for that.
type merger struct {
	bundles [nr.MaxNoiseBundles]bundle
	numBun  int
	cost    [fineCells]float64 // of each part alone
	joint   [fineCells]float64 // of each part together with the next
	power   [maxRx]float64     // of the antennas in the middle cell
	order   [fineCells]float64
	work    [maxRx * maxRx]complex128
}

// alike says whether all cells could have the same covariance: no element of one
// is far from the mean.
//
// An element of the covariance of n values has the variance P_aa·P_bb/n. The sum
// over all rx² is then χ² distributed (Wilson and Hilferty 1931).
func (m *noiseMeter) alike(rx int) bool {
	if m.used == 1 {
		return true
	}
	clear(m.work[:rx*rx])
	for i := range m.used {
		for k, v := range m.cells[i].sum[:rx*rx] {
			m.work[k] += v / complex(m.count, 0)
		}
	}
	const z = 4.5 // standard deviations
	dof := float64(rx * rx)
	limit := 1 - 2/(9*dof) + z*math.Sqrt(2/(9*dof))
	limit = dof * limit * limit * limit
	for i := range m.used {
		c := &m.cells[i]
		if c.count < 1 {
			continue
		}
		sum := 0.0
		for a := range rx {
			for b := range a + 1 {
				d := c.sum[a*rx+b]/complex(c.count, 0) - m.work[a*rx+b]
				sq := (real(d)*real(d) + imag(d)*imag(d)) / (real(m.work[a*rx+a]) * real(m.work[b*rx+b]))
				if a != b {
					sq *= 2
				}
				sum += sq
			}
		}
		if sum*c.count > limit*(1-c.count/m.count) {
			return false
		}
	}
	return true
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
	c.count += next.count
	for k, v := range next.sum[:rx*rx] {
		c.sum[k] += v
	}
}

// merge joins the neighbours whose difference means least, again and again, as
// long as one covariance describes them more briefly than two: the logarithm of
// the likelihood that is lost against rx² numbers saved (Rissanen 1978).
func (m *noiseMeter) merge(rx int) {
	m.middlePower(rx)
	for i := range m.used {
		m.cost[i] = m.length(rx, &m.cells[i], nil)
	}
	for i := range m.used - 1 {
		m.joint[i] = m.length(rx, &m.cells[i], &m.cells[i+1])
	}
	for m.used > 1 {
		best, least := 0, math.Inf(1)
		for i := range m.used - 1 {
			saved := float64(rx*rx) / 2 * math.Log(m.cells[i].count+m.cells[i+1].count+2)
			if d := m.joint[i] - m.cost[i] - m.cost[i+1] - saved; d < least {
				best, least = i, d
			}
		}
		if least > 0 && m.used <= nr.MaxNoiseBundles {
			break
		}
		m.joinAt(best, rx)
	}
	m.finish(rx)
}

// joinAt joins cell i with the next one.
func (m *noiseMeter) joinAt(i, rx int) {
	m.cells[i].join(&m.cells[i+1], rx)
	copy(m.cells[i+1:m.used-1], m.cells[i+2:m.used])
	copy(m.cost[i+1:m.used-1], m.cost[i+2:m.used])
	copy(m.joint[i:m.used-2], m.joint[i+1:m.used-1])
	m.used--
	m.cost[i] = m.length(rx, &m.cells[i], nil)
	for k := max(0, i-1); k <= min(i, m.used-2); k++ {
		m.joint[k] = m.length(rx, &m.cells[k], &m.cells[k+1])
	}
}

// middlePower finds the power of each antenna in the middle of the cells, which a
// few loud ones do not change.
func (m *noiseMeter) middlePower(rx int) {
	for a := range rx {
		for i := range m.used {
			m.order[i] = real(m.cells[i].sum[a*rx+a]) / max(m.cells[i].count, 1)
		}
		slices.Sort(m.order[:m.used])
		m.power[a] = max(m.order[m.used/2], 1e-30)
	}
}

// length returns how many nats describe the values of one or two cells with the
// covariance that they have: n·ln det. A few values of the middle power stand
// for what is known before.
func (m *noiseMeter) length(rx int, c, next *noiseCell) float64 {
	before := float64(rx)
	n := c.count + before
	if next != nil {
		n += next.count
	}
	for a := range rx {
		for b := range a + 1 {
			v := c.sum[a*rx+b]
			if next != nil {
				v += next.sum[a*rx+b]
			}
			m.work[a*rx+b] = v / complex(n*math.Sqrt(m.power[a]*m.power[b]), 0)
		}
		m.work[a*rx+a] += complex(before/n, 0)
	}
	if !mimo.Cholesky(m.work[:rx*rx], rx) {
		return 0
	}
	sum := 0.0
	for a := range rx {
		sum += 2 * math.Log(real(m.work[a*rx+a]))
	}
	return n * sum
}

// finish makes a bundle of each cell.
func (m *noiseMeter) finish(rx int) {
	m.numBun = m.used
	for i := range m.used {
		m.bundles[i].load(&m.cells[i], rx)
	}
}

// least is the least power of an antenna, of the mean: that of one that is not
// connected.
const least = 1e-9

// load turns the sums of a cell into a covariance.
//
// Two questions are asked of the values: whether the antennas differ, and whether
// they are correlated. Where chance explains what is seen, the covariance becomes
// a multiple of the identity, or diagonal; where it clearly does not, it stays as
// measured, since a strong interferer must keep its exact direction. In between
// it is a mean of both. White noise ends as exactly white.
func (b *bundle) load(c *noiseCell, rx int) {
	b.first, b.prbs, b.count = c.first, c.prbs, max(c.count, 1)
	mean, square := 0.0, 0.0
	for a := range rx {
		p := real(c.sum[a*rx+a]) / b.count
		b.cov[a*rx+a] = complex(p, 0)
		mean += p / float64(rx)
		square += p * p
	}
	b.sigma = math.Sqrt(mean)
	// Variance of the powers of equal antennas: mean²/n each.
	differ := trust(square-float64(rx)*mean*mean, mean*mean/b.count, rx-1, 4.2)
	for a := range rx {
		p := real(b.cov[a*rx+a])
		b.cov[a*rx+a] = complex(max(mean+differ*(p-mean), least*mean), 0)
	}
	coherence := 0.0
	for a := range rx {
		for k := range a {
			v := c.sum[a*rx+k] / complex(b.count, 0)
			b.cov[a*rx+k] = v
			if pp := real(c.sum[a*rx+a]) * real(c.sum[k*rx+k]) / (b.count * b.count); pp > 0 {
				coherence += (real(v)*real(v) + imag(v)*imag(v)) / pp
			}
		}
	}
	// Squared coherence of independent antennas: 1/n for each pair.
	related := trust(coherence, 1/b.count, rx*(rx-1)/2, 3)
	if b.count < 2*float64(rx) {
		related = 0
	}
	for a := range rx {
		for k := range a {
			v := b.cov[a*rx+k] * complex(related, 0)
			b.cov[a*rx+k], b.cov[k*rx+a] = v, complex(real(v), -imag(v))
		}
	}
	b.white = differ == 0 && related == 0
	b.decompose(rx)
}

// trust returns how far a sum of n squares is to be believed, each of which has
// the given mean when there is nothing: not at all up to where chance seldom
// gets, spread standard deviations of the sum, and in full from twice that.
func trust(sum, mean float64, n int, spread float64) float64 {
	limit := mean * (float64(n) + spread*math.Sqrt(float64(n)))
	if !(sum > limit) {
		return 0
	}
	return min(1, (sum-limit)/limit)
}

// decompose computes the factor. A covariance that is not positive definite is
// taken as white.
func (b *bundle) decompose(rx int) {
	if b.white {
		return
	}
	copy(b.factor[:rx*rx], b.cov[:rx*rx])
	for a := range rx {
		b.factor[a*rx+a] *= 1 + least
	}
	if mimo.Cholesky(b.factor[:rx*rx], rx) {
		return
	}
	b.white = true
	clear(b.cov[:rx*rx])
	for a := range rx {
		b.cov[a*rx+a] = complex(b.sigma*b.sigma, 0)
	}
}
