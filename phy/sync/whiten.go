// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"math"
	"math/bits"
	"slices"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/noise"
	"github.com/neuroran/neuroran/phy/nr"
)

// What the antennas receive beside the pilots of the group may be far stronger
// than these, on some antennas, from some direction or on some subcarriers. The
// offsets are measured by sums over all of them, in which the strongest would
// have the only word.

const (
	drowned      = 2   // power of pairs over noise below which a look at the antennas pays
	maxBlocks    = 12  // parts of the allocation that are compared
	fewBlocks    = 4   // fewest parts that can be compared
	loudBlock    = 8   // power over that of the middle part from which a part is turned down
	freeElements = 128 // elements of free CDM groups that are looked at
)

// whitener is the scratch that makes the noise of all antennas alike.
type whitener struct {
	sums  noise.Sums
	cov   noise.Covariance
	free  [maxRx][freeElements]complex64
	rows  []complex64 // a row of each antenna
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

// whitenFree makes white what is received in CDM groups that no layer uses. Where
// the antennas are alike already, nothing happens.
func (s *correlator) whitenFree(view *nr.View) {
	w, rx := &s.space, view.NumRx
	groups := bits.OnesCount8(s.FreeGroups)
	if groups == 0 || rx == 1 {
		return
	}
	var rows noise.Rows
	step := max(1, (s.NumPilots*s.NumSymbols*groups+freeElements-1)/freeElements)
	for r := range rx {
		n := 0
		for lambda := range 3 {
			if s.FreeGroups>>lambda&1 == 0 {
				continue
			}
			for t := range s.NumSymbols {
				row := view.Row(r, t)[lambda*s.Group.ConfigType:]
				for i := t % step; i < s.NumPilots && n < freeElements; i += step {
					w.free[r][n] = row[s.PilotAt(i)]
					n++
				}
			}
		}
		rows[r] = w.free[r][:n]
	}
	w.sums.Reset()
	w.sums.Add(&rows, rx, s.scale*s.scale, float64(len(rows[0])))
	s.whiten(rx)
}

// whitenTotal makes all that is received white over the antennas. It reports
// false, and does nothing, where that is so already.
func (s *correlator) whitenTotal(rx int) bool {
	var rows noise.Rows
	s.space.sums.Reset()
	for c := range s.NumCombs {
		for t := range s.NumSymbols {
			for r := range rx {
				rows[r] = s.v[c][r][t][:s.NumPilots]
			}
			s.space.sums.Add(&rows, rx, 1, float64(s.NumPilots))
		}
	}
	return s.whiten(rx)
}

// whitenRest makes white what is no pilot: the differences of neighbouring pairs,
// in which a channel whose delay was taken out hardly shows.
func (s *correlator) whitenRest(rx int) bool {
	var rows noise.Rows
	s.space.sums.Reset()
	n := s.NumPilots/2 - 1
	for l := range s.Group.NumLayers {
		for t := range s.numTimes {
			for r := range rx {
				d, p := s.space.rows[r*n:(r+1)*n], s.pairs[l][r][t]
				for m := range d {
					d[m] = p[m+1] - p[m]
				}
				rows[r] = d
			}
			s.space.sums.Add(&rows, rx, 1, float64(n)/2)
		}
	}
	return s.whiten(rx)
}

// whiten whitens v with the covariance of the sums. It reports false, and does
// nothing, where they are no evidence that the antennas differ.
func (s *correlator) whiten(rx int) bool {
	w := &s.space
	w.cov.Load(&w.sums, rx, 0)
	if w.cov.White {
		return false
	}
	var rows noise.Rows
	for c := range s.NumCombs {
		for t := range s.NumSymbols {
			for r := range rx {
				rows[r] = s.v[c][r][t][:s.NumPilots]
			}
			w.cov.Whiten(&rows, w.rows)
		}
	}
	return true
}
