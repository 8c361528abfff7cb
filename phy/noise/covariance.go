// SPDX-License-Identifier: Apache-2.0

package noise

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c128"
	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
)

// Covariance is the covariance of noise over antennas, Q = L·Lᴴ.
//
// Whether antennas are alike and unrelated is judged after M. S. Bartlett, 1937, and D.
// N. Lawley, 1956.
type Covariance struct {
	White   bool                      // Q is Sigma²·I
	Related bool                      // antennas are correlated: Q is not diagonal
	Sigma   float64                   // root of the mean of the diagonal
	q       [maxRx * maxRx]complex128 // Q
	factor  [maxRx * maxRx]complex128 // L, lower triangle; only where Q is not white
	rx      int
}

// least is the least power of an antenna, of the mean: that of one that is not
// connected.
const least = 1e-9

// At returns the covariance of antennas a and b.
func (c *Covariance) At(a, b int) complex128 {
	if !c.White {
		return c.q[a*c.rx+b]
	}
	if a != b {
		return 0
	}
	return complex(c.Sigma*c.Sigma, 0)
}

// Load estimates the covariance of rx antennas from sums.
//
// Two questions are asked of the values: whether the antennas differ, and whether
// they are correlated. Where chance explains what is seen, the covariance becomes
// a multiple of the identity, or diagonal; where it clearly does not, it stays as
// measured, powers included, since a strong interferer must keep its exact
// direction. In between it is a mean of both. White noise ends as exactly white.
//
// Of a correlated covariance only the strong eigenvalues stay as measured. Those which
// could all be the same become so: with few values they spread by chance, and the
// directions in which the noise seems to be weak would be believed most.
//
// Sigma is at least floor, below which the noise is taken as white.
func (c *Covariance) Load(s *Sums, rx int, floor float64) {
	c.rx, c.Related = rx, false
	n := max(s.Count, 1)
	mean, logs, coherence := 0.0, 0.0, 0.0
	for a := range rx {
		mean += real(s.Sum[a*rx+a]) / n / float64(rx)
	}
	for a := range rx {
		p := real(s.Sum[a*rx+a]) / n
		logs += math.Log(mean / max(p, least*mean))
		for b := range a {
			v := s.Sum[a*rx+b]
			if pp := real(s.Sum[a*rx+a]) * real(s.Sum[b*rx+b]); pp > 0 {
				coherence += (real(v)*real(v) + imag(v)*imag(v)) / pp
			}
		}
	}
	c.Sigma = math.Sqrt(mean)
	if !(c.Sigma > floor) {
		c.White, c.Sigma = true, floor
		return
	}
	// The squared coherence of independent antennas is 1/n for each pair.
	pairs := float64(rx * (rx - 1) / 2)
	related := trust(coherence*n, pairs, 3*math.Sqrt(pairs))
	if n < float64(rx+1) {
		related = 0
	}
	// Twice the logarithm of the likelihood of equal powers is χ² distributed but for a
	// factor (Bartlett 1937).
	dof := float64(rx - 1)
	unequal := 2 * n * logs / (1 + float64(rx+1)/(6*n*float64(rx)))
	differ := max(related, trust(unequal, dof, 3.5*math.Sqrt(2*dof)))
	if c.White = differ == 0; c.White {
		return
	}
	for a := range rx {
		for b := range a + 1 {
			v := s.Sum[a*rx+b] / complex(n, 0)
			c.q[a*rx+b], c.q[b*rx+a] = v, complex(real(v), -imag(v))
		}
	}
	if c.Related = related > 0; c.Related {
		c.level(n)
	}
	for a := range rx {
		p := (1-related)*real(s.Sum[a*rx+a])/n + related*real(c.q[a*rx+a])
		for b := range rx {
			c.q[a*rx+b] *= complex(related, 0)
		}
		c.q[a*rx+a] = complex(max(mean+differ*(p-mean), least*mean), 0)
	}
	c.decompose()
}

// level makes the weak eigenvalues of Q equal, where they could be.
func (c *Covariance) level(count float64) {
	var e eigen
	rx := c.rx
	copy(c.factor[:rx*rx], c.q[:rx*rx])
	e.decompose(c.factor[:rx*rx], rx)
	if k := e.strong(count); k < rx-1 {
		e.level(k, count)
		e.compose(c.q[:rx*rx])
	}
}

// trust returns how far a statistic of the given mean is to be believed: not at all
// up to where chance seldom gets, a distance above its mean, and in full from twice
// that.
func trust(x, mean, distance float64) float64 {
	limit := mean + distance
	if !(x > limit) {
		return 0
	}
	return min(1, (x-limit)/limit)
}

// decompose computes the factor. A covariance that is not positive definite is
// taken as white.
func (c *Covariance) decompose() {
	rx := c.rx
	copy(c.factor[:rx*rx], c.q[:rx*rx])
	for a := range rx {
		c.factor[a*rx+a] *= 1 + least
	}
	c.White = !c128.Cholesky(c.factor[:rx*rx], rx)
}

// Whiten replaces rows of equal length by L⁻¹ times them. Scratch has room for a
// row of each antenna.
func (c *Covariance) Whiten(rows *Rows, scratch []complex64) {
	n := len(rows[0])
	if c.White {
		inv := complex(float32(1/c.Sigma), 0)
		for _, row := range rows[:c.rx] {
			c64.Scale(row, row, inv)
		}
		return
	}
	// Forward substitution for all values at once.
	var taps [maxRx]complex64
	var off [maxRx]int
	for r := range c.rx {
		inv := 1 / real(c.factor[r*c.rx+r])
		for k := range r {
			taps[k], off[k] = complex64(-c.factor[r*c.rx+k]*complex(inv, 0)), k*n
		}
		x, scale := scratch[r*n:][:n], float32(inv)
		mimo.LinComb(x, taps[:r], scratch, off[:r])
		for i, v := range rows[r] {
			x[i] += complex(scale*real(v), scale*imag(v))
		}
	}
	for r, row := range rows[:c.rx] {
		copy(row, scratch[r*n:])
	}
}

// Colour replaces rows of equal length by L times them, the inverse of
// [Covariance.Whiten].
func (c *Covariance) Colour(rows *Rows, scratch []complex64) {
	n := len(rows[0])
	if c.White {
		sigma := complex(float32(c.Sigma), 0)
		for _, row := range rows[:c.rx] {
			c64.Scale(row, row, sigma)
		}
		return
	}
	var taps [maxRx]complex64
	var off [maxRx]int
	for r, row := range rows[:c.rx] {
		copy(scratch[r*n:], row)
		off[r] = r * n
	}
	for r, row := range rows[:c.rx] {
		for k := range r + 1 {
			taps[k] = complex64(c.factor[r*c.rx+k])
		}
		mimo.LinComb(row, taps[:r+1], scratch, off[:r+1])
	}
}
