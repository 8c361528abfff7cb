// SPDX-License-Identifier: Apache-2.0

package dtx

import "math"

// cumulants are the first four: mean, variance, and those that skewness and excess
// kurtosis are made of. Those of independent summands add up.
type cumulants [4]float64

// shareCumulants returns the cumulants of vᴴ·A·v / vᴴ·v with v white noise in n
// dimensions, given the traces of A, A², A³ and A⁴.
//
// With the eigenvalues of A the ratio is Σλ·w, w uniform on the simplex (Dirichlet
// with all parameters 1), whose moments are the complete symmetric polynomials of
// the eigenvalues over binomial coefficients.
func shareCumulants(n float64, traces [4]float64) cumulants {
	t1, t2, t3, t4 := traces[0], traces[1], traces[2], traces[3]
	m1 := t1 / n
	m2 := (t1*t1 + t2) / (n * (n + 1))
	m3 := (t1*t1*t1 + 3*t1*t2 + 2*t3) / (n * (n + 1) * (n + 2))
	m4 := (t1*t1*t1*t1 + 6*t1*t1*t2 + 3*t2*t2 + 8*t1*t3 + 6*t4) / (n * (n + 1) * (n + 2) * (n + 3))
	variance := m2 - m1*m1
	third := m3 - 3*m1*m2 + 2*m1*m1*m1
	fourth := m4 - 4*m1*m3 + 6*m1*m1*m2 - 3*m1*m1*m1*m1 - 3*variance*variance
	return cumulants{m1, variance, third, fourth}
}

// quantile returns the value that is exceeded as rarely as z by a standard normal
// variable, after Cornish and Fisher (1938).
func (c *cumulants) quantile(z float64) float64 {
	sigma := math.Sqrt(c[1])
	skew, excess := c[2]/(sigma*sigma*sigma), c[3]/(c[1]*c[1])
	w := z + (z*z-1)*skew/6 + (z*z*z-3*z)*excess/24 - (2*z*z*z-5*z)*skew*skew/36
	return c[0] + sigma*w
}
