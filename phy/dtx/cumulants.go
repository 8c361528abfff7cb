// SPDX-License-Identifier: Apache-2.0

package dtx

import (
	"math"

	"github.com/neuroran/neuroran/phy/nr"
)

// cumulants are the first four: mean, variance, and those that skewness and excess
// kurtosis are made of. Those of independent summands add up.
type cumulants [4]float64

// The moments of a ratio of forms are integrals over one variable, in which the
// moments of the numerator stand alone (Sawa 1972): for x = N/D, D > 0,
//
//	E[x^k] = 1/(k−1)! · ∫ t^(k−1)·E[N^k·e^(−tD)] dt,  t from 0 to ∞
//
// With v white noise, N = vᴴ·A·v and D = vᴴ·B·v, the exponential turns v into noise
// of the covariance (I+tB)⁻¹ and leaves the factor 1/det(I+tB). The moments of N
// are then polynomials of the traces of powers of M = L⁻¹·A·L⁻ᵀ, I+tB = L·Lᵀ. Over
// u = ln t the integrand is smooth and vanishes at both ends, where the rule of
// equal steps converges faster than any power of them.
const (
	step       = 0.5 // of u
	first      = -20 // before it, the first moment gets e^u
	last       = 24  // the determinant is then beyond the least eigenvalue of B
	negligible = 40  // logarithm of what a summand may be divided by and count
)

// ratioCumulants returns the cumulants of Σ w_k·v_kᴴ·A·v_k / Σ v_kᴴ·B·v_k, where the
// v_k are independent white noise, for one v with the first weights of slowness,
// for two, and so on.
func ratioCumulants(a, b matrix) (out [nr.MaxDMRSSymbols]cumulants) {
	var moments [nr.MaxDMRSSymbols][4]float64
	for u := float64(first); u < last; u += step {
		t := math.Exp(u)
		root := identity(a.n).plus(t, b).cholesky()
		if root.logDet() > 4*max(u, 0)+negligible {
			break
		}
		m := a.between(root)
		square := m.times(m)
		traces := [4]float64{m.trace(), m.normSq(), square.traceOf(m), square.normSq()}
		for i := range moments {
			factor := step * math.Exp(-float64(i+1)*root.logDet())
			for k, x := range formMoments(weighted(traces, slowness[i][:i+1])) {
				factor *= t / float64(max(k, 1))
				moments[i][k] += factor * x
			}
		}
	}
	for i, m := range moments {
		out[i] = cumulantsOf(m)
	}
	return out
}

// weighted returns the traces of powers of a matrix that holds the given one several
// times along its diagonal, each time with a weight.
func weighted(traces [4]float64, weights []float64) [4]float64 {
	for k := range traces {
		sum := 0.0
		for _, w := range weights {
			sum += math.Pow(w, float64(k+1))
		}
		traces[k] *= sum
	}
	return traces
}

// formMoments returns the moments of vᴴ·M·v, v white noise, given the traces of M,
// M², M³ and M⁴: with the eigenvalues of M it is Σλ·e, the e exponential of mean 1.
func formMoments(traces [4]float64) [4]float64 {
	a, b, c, d := traces[0], traces[1], traces[2], traces[3]
	return [4]float64{a, a*a + b, a*a*a + 3*a*b + 2*c, a*a*a*a + 6*a*a*b + 3*b*b + 8*a*c + 6*d}
}

// cumulantsOf returns the cumulants of a variable with the given moments.
func cumulantsOf(m [4]float64) cumulants {
	mean, variance := m[0], m[1]-m[0]*m[0]
	third := m[2] - 3*mean*m[1] + 2*mean*mean*mean
	fourth := m[3] - 4*mean*m[2] + 6*mean*mean*m[1] - 3*mean*mean*mean*mean - 3*variance*variance
	return cumulants{mean, variance, third, fourth}
}

// skewness returns that of the variable.
func (c *cumulants) skewness() float64 { return c[2] / (c[1] * math.Sqrt(c[1])) }

// quantile returns the value that is exceeded as rarely as z by a standard normal
// variable, after Cornish and Fisher (1938).
func (c *cumulants) quantile(z float64) float64 {
	sigma := math.Sqrt(c[1])
	skew, excess := c.skewness(), c[3]/(c[1]*c[1])
	w := z + (z*z-1)*skew/6 + (z*z*z-3*z)*excess/24 - (2*z*z*z-5*z)*skew*skew/36
	return c[0] + sigma*w
}
