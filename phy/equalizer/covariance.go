// SPDX-License-Identifier: Apache-2.0

package equalizer

import (
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

// covariance is the disturbance of one symbol: noise, interference and the
// error of the channel estimate.
type covariance struct {
	white bool    // Q = q·I
	q     float32 // its variance, when white
	inv   [maxRx * maxRx]complex64

	work [maxRx * maxRx]complex128
	col  [maxRx]complex128
}

// load computes Q of symbol s and its inverse. A matrix that is not positive
// definite is taken as white, with the mean of its diagonal.
func (c *covariance) load(ch *nr.Channel, s int) {
	rx := ch.NoiseCov.Dim(0)
	est := 0.0
	for l := range ch.ErrorVar.Dim(0) {
		est += float64(ch.ErrorVar.Row(l)[s])
	}
	cov := ch.NoiseCov.Data()
	mean, equal := 0.0, true
	for r := range rx {
		mean += float64(real(cov[r*rx+r]))
		equal = equal && cov[r*rx+r] == cov[0]
		for m := range r {
			equal = equal && cov[r*rx+m] == 0
		}
	}
	mean = mean/float64(rx) + est
	c.white, c.q = true, float32(max(mean, 0))
	if equal || rx == 1 {
		return
	}
	for i, v := range cov {
		c.work[i] = complex128(v)
	}
	for r := range rx {
		c.work[r*rx+r] += complex(est+1e-9*mean, 0)
	}
	if !mimo.Cholesky(c.work[:rx*rx], rx) {
		return
	}
	c.white = false
	for m := range rx {
		col := c.col[:rx]
		clear(col)
		col[m] = 1
		mimo.Solve(c.work[:rx*rx], rx, col)
		for r := range rx {
			c.inv[r*rx+m] = complex64(col[r])
		}
	}
}
