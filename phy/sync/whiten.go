// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"math"
	"slices"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
)

// What the antennas receive beside the pilots of the group may be far stronger
// than these, on some antennas, from some direction or on some subcarriers. The
// offsets are measured by sums over all of them, in which the strongest would
// have the only word.

const (
	drowned     = 2    // power of pairs over noise below which a look at the antennas pays
	maxBlocks   = 12   // parts of the allocation that are compared
	fewBlocks   = 4    // fewest parts that can be compared
	loudBlock   = 8    // power over that of the middle part from which a part is turned down
	leastOfMean = 1e-9 // of the mean power, added to each antenna
)

// whitener is the scratch that makes the noise of all antennas alike.
type whitener struct {
	cov   [maxRx * maxRx]complex128
	rows  []complex64 // a row of each antenna, or one
	off   [maxRx]int
	taps  [maxRx]complex64
	power [maxBlocks]float64
	order [maxBlocks]float64
}

func (w *whitener) init(pilots int) { w.rows = make([]complex64, maxRx*pilots) }

// turnDownBlocks scales the pilots of parts of the allocation that are much
// stronger than the middle one down to its power: interference on some PRBs, or a
// carrier.
func (s *correlator) turnDownBlocks(rx int) {
	w := &s.space
	prbs := (s.Group.NumPRB + maxBlocks - 1) / maxBlocks
	size := prbs * s.PilotsInPRB
	n := (s.NumPilots + size - 1) / size
	if n < fewBlocks {
		return
	}
	for b := range n {
		first, last := b*size, min((b+1)*size, s.NumPilots)
		sum := 0.0
		for c := range s.NumCombs {
			for t := range s.NumSymbols {
				for r := range rx {
					x := s.v[c][r][t][first:last]
					sum += real(mimo.DotConj(x, x))
				}
			}
		}
		w.power[b] = sum / float64(last-first)
	}
	copy(w.order[:n], w.power[:n])
	slices.Sort(w.order[:n])
	middle := w.order[n/2]
	for b, p := range w.power[:n] {
		if !(p > loudBlock*middle) {
			continue
		}
		down := complex(float32(math.Sqrt(middle/p)), 0)
		for c := range s.NumCombs {
			for t := range s.NumSymbols {
				for r := range rx {
					x := s.v[c][r][t][b*size : min((b+1)*size, s.NumPilots)]
					c64.Scale(x, x, down)
				}
			}
		}
	}
}

// whitenTotal makes all that is received white over the antennas. It reports
// false, and does nothing, where that is so already.
func (s *correlator) whitenTotal(rx int) bool {
	w := &s.space
	clear(w.cov[:rx*rx])
	for c := range s.NumCombs {
		for t := range s.NumSymbols {
			for a := range rx {
				for b := range a + 1 {
					w.cov[a*rx+b] += mimo.DotConj(s.v[c][a][t][:s.NumPilots], s.v[c][b][t][:s.NumPilots])
				}
			}
		}
	}
	return s.whiten(rx, float64(s.NumCombs*s.NumSymbols*s.NumPilots))
}

// whitenRest makes white what is no pilot: the differences of neighbouring pairs,
// in which a channel whose delay was taken out hardly shows.
func (s *correlator) whitenRest(rx int) bool {
	w := &s.space
	clear(w.cov[:rx*rx])
	n := s.NumPilots/2 - 1
	for l := range s.Group.NumLayers {
		for t := range s.numTimes {
			for a := range rx {
				d, p := w.rows[a*n:(a+1)*n], s.pairs[l][a][t]
				for m := range d {
					d[m] = p[m+1] - p[m]
				}
				for b := range a + 1 {
					w.cov[a*rx+b] += mimo.DotConj(d, w.rows[b*n:(b+1)*n])
				}
			}
		}
	}
	return s.whiten(rx, float64(s.Group.NumLayers*s.numTimes*n)/2)
}

// whiten multiplies v by the inverse of the Cholesky factor of a sum of count
// outer products, the lower triangle of cov. Few products make it closer to a
// multiple of the identity, which whitens nothing: false is reported then.
// (Ledoit and Wolf 2004, twice, so that white noise stays as it is.)
func (s *correlator) whiten(rx int, count float64) bool {
	w := &s.space
	trace, norm := 0.0, 0.0
	for a := range rx {
		for b := range a + 1 {
			v := w.cov[a*rx+b]
			sq := real(v)*real(v) + imag(v)*imag(v)
			if a == b {
				trace += real(v)
				norm += sq
			} else {
				norm += 2 * sq
			}
		}
	}
	mean := trace / float64(rx)
	spread := norm - trace*mean
	if !(spread > 0) || !(count > 0) {
		return false
	}
	rho := 2 * trace * trace / count / spread
	if rho >= 1 {
		return false
	}
	for a := range rx {
		for b := range a {
			w.cov[a*rx+b] *= complex((1-rho)/mean, 0)
		}
		w.cov[a*rx+a] = complex((1-rho)*real(w.cov[a*rx+a])/mean+rho+leastOfMean, 0)
	}
	if !mimo.Cholesky(w.cov[:rx*rx], rx) {
		return false
	}
	for c := range s.NumCombs {
		for t := range s.NumSymbols {
			s.whitenRow(c, t, rx)
		}
	}
	return true
}

// whitenRow solves L·x = v by forward substitution, for all pilots of a comb and
// symbol at once.
func (s *correlator) whitenRow(c, t, rx int) {
	w := &s.space
	n := s.NumPilots
	for r := range rx {
		row := w.cov[r*rx:]
		inv := 1 / real(row[r])
		for m := range r {
			w.taps[m], w.off[m] = complex64(-row[m]*complex(inv, 0)), m*n
		}
		x := w.rows[r*n:][:n]
		mimo.LinComb(x, w.taps[:r], w.rows, w.off[:r])
		scale := float32(inv)
		for i, v := range s.v[c][r][t][:n] {
			x[i] += complex(scale*real(v), scale*imag(v))
		}
	}
	for r := range rx {
		copy(s.v[c][r][t][:n], w.rows[r*n:])
	}
}
