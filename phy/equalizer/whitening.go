// SPDX-License-Identifier: Apache-2.0

package equalizer

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c128"
	"github.com/neuroran/neuroran/internal/simd/detect"
	"github.com/neuroran/neuroran/phy/nr"
)

// whitening makes the noise of one bundle white and of unit variance, whatever
// its colour and the unit of the samples. All that follows then works on numbers
// whose squares are signal to noise ratios.
//
// With Q = L·Lᴴ the covariance of the noise, antennas are combined to L⁻¹·y.
type whitening struct {
	scale float32                 // of all antennas, first
	white bool                    // then nothing more is to be done
	rows  [maxRx][maxRx]complex64 // L⁻¹ of the scaled noise, lower triangular
	work  [maxRx * maxRx]complex128
	col   [maxRx]complex128
}

// maxRatio is the largest ratio of channel to noise amplitudes that is counted
// on; a noise below it does not limit detection in single precision.
const maxRatio = 1e5

// load prepares bundle b. A covariance that is not positive definite is taken as
// white, with the mean of its diagonal.
func (w *whitening) load(ch *nr.Channel, b int) {
	rx := ch.NoiseCov.Dim(1)
	cov := ch.NoiseCov.Data()[b*rx*rx:][:rx*rx]
	mean, equal := 0.0, true
	for r := range rx {
		mean += float64(real(cov[r*rx+r])) / float64(rx)
		equal = equal && cov[r*rx+r] == cov[0]
		for m := range r {
			equal = equal && cov[r*rx+m] == 0
		}
	}
	first, last := ch.Bundle(b)
	least := amplitude(ch, first*nr.SubcarriersPerPRB, last*nr.SubcarriersPerPRB) / maxRatio
	sigma := math.Sqrt(max(mean, 0))
	w.white = equal || rx == 1 || !(sigma > least)
	if !(sigma > least) || sigma-sigma != 0 {
		sigma = least
	}
	w.scale = 1
	if s := float32(1 / sigma); s > 0 && s < math.MaxFloat32 {
		w.scale = s
	}
	if !w.white {
		w.white = !w.factor(cov, rx, sigma)
	}
}

// amplitude returns the greatest part of the anchors at some of the subcarriers
// from k on.
func amplitude(ch *nr.Channel, k, end int) float64 {
	width := ch.Anchors.Dim(3)
	step := (end-k)/8 | 1
	top := float32(0)
	for row := ch.Anchors.Data(); len(row) > 0; row = row[width:] {
		for i := k; i < end; i += step {
			top = max(top, abs(real(row[i])), abs(imag(row[i])))
		}
	}
	return float64(top)
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// factor computes L⁻¹ of the noise over sigma². It reports false for a matrix
// that is not positive definite.
func (w *whitening) factor(cov []complex64, rx int, sigma float64) bool {
	inv := 1 / sigma
	for i, v := range cov {
		w.work[i] = complex(float64(real(v))*inv*inv, float64(imag(v))*inv*inv)
	}
	for r := range rx {
		w.work[r*rx+r] += 1e-9
	}
	if !c128.Cholesky(w.work[:rx*rx], rx) {
		return false
	}
	for m := range rx {
		col := w.col[:rx]
		clear(col)
		col[m] = 1
		c128.SolveLower(w.work[:rx*rx], rx, col)
		for r := range rx {
			w.rows[r][m] = complex64(col[r])
		}
	}
	return true
}

// apply whitens rows of rx antennas, of a chunk of n subcarriers. Row r of both
// starts at r·step.
func (w *whitening) apply(dst, src []float32, rx, step, n int, off *[max(maxRx, maxAnchors)]int) {
	for m := range rx {
		off[m] = m * step
	}
	for r := range rx {
		detect.Comb(dst[r*step:][:detect.RowLen(n)], w.rows[r][:r+1], src, off[:r+1])
	}
}
