// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
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
		for k, v := range m.cells[i].Sum[:rx*rx] {
			m.work[k] += v / complex(m.count, 0)
		}
	}
	const z = 4.5 // standard deviations
	dof := float64(rx * rx)
	limit := 1 - 2/(9*dof) + z*math.Sqrt(2/(9*dof))
	limit = dof * limit * limit * limit
	for i := range m.used {
		c := &m.cells[i]
		if c.Count < 1 {
			continue
		}
		sum := 0.0
		for a := range rx {
			for b := range a + 1 {
				d := c.Sum[a*rx+b]/complex(c.Count, 0) - m.work[a*rx+b]
				sq := (real(d)*real(d) + imag(d)*imag(d)) / (real(m.work[a*rx+a]) * real(m.work[b*rx+b]))
				if a != b {
					sq *= 2
				}
				sum += sq
			}
		}
		if sum*c.Count > limit*(1-c.Count/m.count) {
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
	c.Join(&next.Sums, rx)
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
			saved := float64(rx*rx) / 2 * math.Log(m.cells[i].Count+m.cells[i+1].Count+2)
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
			m.order[i] = real(m.cells[i].Sum[a*rx+a]) / max(m.cells[i].Count, 1)
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
	sum := 0.0
	for a := range rx {
		sum += 2 * math.Log(real(m.work[a*rx+a]))
	}
	return n * sum
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
