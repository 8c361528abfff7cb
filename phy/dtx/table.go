// SPDX-License-Identifier: Apache-2.0

package dtx

import (
	"math"
	"sync"

	"github.com/neuroran/neuroran/internal/simd/f64"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	maxPieces = 6              // most PRBs of a piece
	maxPilots = 6 * maxPieces  // their pilots
	middle    = 0.1            // delay that is most likely, cyclic prefixes
	decay     = 0.25           // of the likelihood of other delays, at both sides
	width     = 1.2            // of the window around it in which UEs lie that are taken away
	shareEps  = 1e-3           // noise against which other UEs are taken away
	turnOfCP  = 144.0 / 2048.0 // turns of one subcarrier for a delay of a cyclic prefix
)

// slowness weighs the combinations of DM-RS occasions, by their number, minus 1: a
// channel changes little over a slot, but for a carrier offset, which may be so great
// that the last combinations hold it all. The weights of a row have the mean 1.
var slowness = [nr.MaxDMRSSymbols][nr.MaxDMRSSymbols]float64{
	{1},
	{1.5, 0.5},
	{1.8, 0.7, 0.5},
	{2.1, 0.8, 0.6, 0.5},
}

// table holds both forms of a piece, and the cumulants of their ratio where the
// pilots have no order.
type table struct {
	inside, energy []float32                    // A and B of the package's documentation, real, by rows; B is nil for the identity
	moments        [nr.MaxDMRSSymbols]cumulants // by the number of rows, minus 1
	blind          [nr.MaxDMRSSymbols]bool      // by the same: no signal could stand out
}

// tables by configuration type, PRBs, codes in frequency of other UEs, and codes of
// the UE's own, minus 1. They are made on first use, and shared.
var tables = makeTables()

func makeTables() (t [2][maxPieces][4][3]func() *table) {
	for ct := range t {
		for prb := range t[ct] {
			for others := range t[ct][prb] {
				for own := range t[ct][prb][others] {
					t[ct][prb][others][own] = sync.OnceValue(func() *table {
						return newTable(ct+1, prb+1, uint8(others), uint8(own+1))
					})
				}
			}
		}
	}
	return t
}

// newTable computes the forms of a piece.
func newTable(configType, prb int, others, own uint8) *table {
	n := prb * dmrs.PilotsPerPRB(configType)
	a := covariance(configType, n, own, likely)
	b := identity(n)
	if others != 0 {
		p := without(covariance(configType, n, others, anywhere))
		a, b = p.times(a).times(p), p.times(p)
	}
	a.scale(b.trace() / a.trace())
	t := &table{inside: a.single(), moments: ratioCumulants(a, b)}
	if others != 0 {
		t.energy = b.single()
		v := make([]float64, n) // of a UE without noise, at the most likely delay
		for i := range v {
			v[i] = dmrs.CodeSum(own, i)
		}
		t.judge(n, a.of(v)/b.of(v))
	}
	return t
}

// sight is how far the share of a UE without noise must be above the quantile.
const sight = 1.05

// judge finds out for which numbers of rows a UE, of which the share is known where
// there is no noise, would stand out of n pilots: of few, others may leave nothing in
// which it could.
func (t *table) judge(n int, most float64) {
	for i := range t.blind {
		m := &t.moments[i]
		t.blind[i] = m.skewness() < -1 || slowness[i][0]*most < sight*m.quantile(rareAs(falseAlarm(n*(i+1))))
	}
}

// places are the delays around which UEs are looked for, in cyclic prefixes after the
// most likely one, by configuration type minus 1. Together they are what the pairs of
// pilots tell apart.
var places = [2][]float64{{0, 0.5, -0.5, 0.9, -0.9, 1.3, -1.3, 1.7, -1.7}, {0, 0.5, -0.5, 0.9, -0.9, 1.2}}

// ramps turns the delay of a place to 0: the conjugate response of a path with that
// delay at the pilots of a piece, by configuration type minus 1 and place.
var ramps = func() (t [2][][maxPilots]complex64) {
	for ct := range t {
		t[ct] = make([][maxPilots]complex64, len(places[ct]))
		for p, after := range places[ct] {
			for i := range t[ct][p] {
				sin, cos := math.Sincos(-2 * math.Pi * turnOfCP * (middle + after) * float64(dmrs.Subcarrier(ct+1, 0, i)))
				t[ct][p][i] = complex(float32(cos), float32(sin))
			}
		}
	}
	return t
}()

// covariance returns that of n pilots of layers with the codes of a mask, each with
// a channel of unit power and the given correlation over subcarriers.
func covariance(configType, n int, codes uint8, correlation func(distance int) float64) matrix {
	m := newMatrix(n)
	for i := range n {
		for k := range n {
			d := dmrs.Subcarrier(configType, 0, i) - dmrs.Subcarrier(configType, 0, k)
			m.v[i*n+k] = dmrs.CodeSum(codes, i-k) * correlation(d)
		}
	}
	return m
}

// likely is the correlation over subcarriers of a channel whose delay is Laplace
// distributed around the middle: timing advance keeps UEs within a fraction of the
// cyclic prefix, and what lies beyond is still seen where pilots are many.
func likely(distance int) float64 {
	x := 2 * math.Pi * turnOfCP * decay * float64(distance)
	return 1 / (1 + x*x)
}

// anywhere is that of uniform delays over the window.
func anywhere(distance int) float64 {
	if distance == 0 {
		return 1
	}
	x := math.Pi * turnOfCP * width * float64(distance)
	return math.Sin(x) / x
}

// without returns ε(R+ε)⁻¹, which takes away what has the covariance R.
func without(r matrix) matrix {
	n := r.n
	s := f64.NewSystem(n, n)
	s.Reset(n, n)
	for i := range n {
		copy(s.Row(i), r.v[i*n:(i+1)*n])
		s.Row(i)[i] += shareEps
		clear(s.Right(i))
		s.Right(i)[i] = shareEps
	}
	s.Factor()
	s.Solve(n)
	out := newMatrix(n)
	for i := range n {
		copy(out.v[i*n:(i+1)*n], s.Right(i))
	}
	return out
}
