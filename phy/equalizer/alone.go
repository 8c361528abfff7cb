// SPDX-License-Identifier: Apache-2.0

package equalizer

import "github.com/neuroran/neuroran/internal/simd/detect"

// A single layer needs no channel of its own in every symbol:
// with the anchors A_a and their weights w_a, the matched filter of Σ_a w_a·A_a
// is a combination of those of the anchors, and its gain one of their products,
// which all symbols share.

const (
	maxFew      = 4 // most anchors for which this is less work
	maxFewPairs = maxFew * (maxFew + 1) / 2
)

// anchorGains computes Σ_r conj(A_ra)·A_rb for every pair of anchors a ≤ b, on a
// chunk of n subcarriers.
func (e *linear) anchorGains(rx, anchors, n int) {
	pair := 0
	for a := range anchors {
		for b := a; b < anchors; b++ {
			detect.Dot(row(e.gains, pair, n), e.anchors[a*rowStep:], e.anchors[b*rowStep:], rx, anchors*rowStep, anchors*rowStep)
			pair++
		}
	}
}

// combine computes matched filter and gain of a symbol whose anchors have the
// weights w, like materialize and correlate.
func (e *linear) combine(w []complex64, rx, n int) {
	anchors := len(w)
	var weights [maxFewPairs]complex64
	pair, taps := 0, 0
	for a := range anchors {
		if w[a] != 0 {
			detect.Dot(row(e.h, taps, n), e.anchors[a*rowStep:], e.y, rx, anchors*rowStep, rowStep)
			e.taps[taps], e.off[taps] = conj(w[a]), taps*rowStep
			taps++
		}
		for b := a; b < anchors; b++ {
			weights[pair] = conj(w[a]) * w[b]
			if b > a {
				weights[pair] *= 2
			}
			pair++
		}
	}
	length := detect.RowLen(n)
	detect.Comb(e.work.Num[0][:length], e.taps[:taps], e.h, e.off[:taps])
	used := 0
	var off [maxFewPairs]int
	for i, v := range weights[:pair] {
		if v != 0 {
			weights[used], off[used] = v, i*rowStep
			used++
		}
	}
	gain := row(e.gains, maxFewPairs, n)
	detect.Comb(gain, weights[:used], e.gains, off[:used])
	detect.Real(e.work.Gain[0][:length/2], gain)
}

func conj(x complex64) complex64 { return complex(real(x), -imag(x)) }
