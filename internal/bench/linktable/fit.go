// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"

	"github.com/neuroran/neuroran/phy/link"
)

// fit is a block error rate that falls with the SINR x like 1 − Φ((x − mid)/width).
type fit struct {
	mid, width float64 // dB
	midStd     float64 // standard deviation of the error of mid, dB
}

// The width has a weak prior, log-normal about 0.3 dB, which decides while all blocks
// have been right, or all wrong, or all outcomes are of one SINR.
const (
	minWidth, maxWidth = 0.03, 2
	usualWidth         = 0.3
	priorSpread        = 0.7 // of the logarithm
)

// update fits the curve to the points by maximum likelihood. The likelihood is not
// concave far from its top, so it is searched on grids, each around the best of the one
// before.
func (f *fit) update(points []link.Point) {
	low, high := math.Inf(1), math.Inf(-1)
	for i := range points {
		low, high = min(low, points[i].SNRdB), max(high, points[i].SNRdB)
	}
	const half = 6
	mid, logWidth := (low+high)/2, math.Log(usualWidth)
	midStep, widthStep := (high-low+2)/2/half, math.Log(maxWidth/minWidth)/2/half
	for range 7 {
		best, at, width := math.Inf(-1), mid, logWidth
		for m := -half; m <= half; m++ {
			for w := -half; w <= half; w++ {
				x, y := mid+float64(m)*midStep, logWidth+float64(w)*widthStep
				y = min(max(y, math.Log(minWidth)), math.Log(maxWidth))
				if l := logLikelihood(points, x, y); l > best {
					best, at, width = l, x, y
				}
			}
		}
		mid, logWidth, midStep, widthStep = at, width, midStep/3, widthStep/3
	}
	f.mid, f.width = mid, math.Exp(logWidth)
	f.midStd = f.uncertainty(points)
}

// rate returns the block error rate at a SINR, away from 0 and 1.
func rate(x, mid, width float64) float64 {
	return min(max(0.5*math.Erfc((x-mid)/width/math.Sqrt2), 1e-9), 1-1e-9)
}

func logLikelihood(points []link.Point, mid, logWidth float64) float64 {
	prior := (logWidth - math.Log(usualWidth)) / priorSpread
	sum, width := -prior*prior/2, math.Exp(logWidth)
	for i := range points {
		p := &points[i]
		q := rate(p.SNRdB, mid, width)
		sum += float64(p.BlockErrors)*math.Log(q) + float64(p.Blocks-p.BlockErrors)*math.Log1p(-q)
	}
	return sum
}

// uncertainty returns the standard deviation of mid: the root of its entry in the
// inverse of the Fisher information, whose variables are mid and the logarithm of width.
func (f *fit) uncertainty(points []link.Point) float64 {
	mm, mw, ww := 1e-9, 0.0, 1/(priorSpread*priorSpread)
	for i := range points {
		p := &points[i]
		u := (p.SNRdB - f.mid) / f.width
		q, phi := rate(p.SNRdB, f.mid, f.width), math.Exp(-u*u/2)/math.Sqrt(2*math.Pi)
		info := float64(p.Blocks) * phi * phi / (q * (1 - q))
		mm, mw, ww = mm+info/(f.width*f.width), mw+info*u/f.width, ww+info*u*u
	}
	return math.Sqrt(ww / (mm*ww - mw*mw))
}
