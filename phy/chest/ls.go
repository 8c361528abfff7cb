// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"math/cmplx"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

// lsState is the scratch of the least squares estimator.
type lsState struct {
	pairs []complex64    // despread estimates of one layer, antenna and occasion
	code  [2][]complex64 // codes in frequency over the pilots
	whole []complex64    // interpolated pairs, all of them
	turn  []complex64    // what takes a layer out of a comb that UEs share
	ramp  []complex64    // the delay of its UE
}

// lsLayer says how one layer is despread.
type lsLayer struct {
	turn  []complex64 // weights of the pilots, of unit magnitude where UEs do not share the comb
	ramp  []complex64 // delay to put back
	cfo   float64     // carrier offset of the layer that is still in its pilots, Hz
	noise float64     // noise that the weights add up, against those of a code
}

func (s *lsState) init(pilots int) {
	s.pairs = make([]complex64, pilots/2)
	s.whole = make([]complex64, 2*pilots)
	s.turn, s.ramp = make([]complex64, pilots), make([]complex64, 2*pilots)
	for fd := range s.code {
		s.code[fd] = make([]complex64, pilots)
		for i := range s.code[fd] {
			s.code[fd][i] = complex(float32(1-2*(i&fd)), 0)
		}
	}
}

// estimateLS despreads pairs of pilots, interpolates linearly over subcarriers
// into one anchor for each DM-RS occasion, and linearly over time by the
// weights.
func (e *Estimator) estimateLS(dst *nr.Channel, rx int) {
	g := &e.group
	dst.Anchors.Resize(g.NumLayers, rx, e.numOcc, g.NumSubcarriers())
	dst.Weights.Resize(g.NumLayers, g.NumSymbols, e.numOcc)
	var power [nr.MaxUEs]float64
	errVar := e.noiseVar / (e.beta * e.beta) / float64(2*g.Length)
	for l := range g.NumLayers {
		ly := e.lsLayer(l)
		for r := range rx {
			for o := range e.numOcc {
				pairs := e.despreadPairs(&ly, l, r, o)
				power[e.layers[l].ue] += meanPower(pairs) - errVar*ly.noise
				e.interpolate(dst.Anchors.Row(l, r, o), pairs, &ly, e.combs[e.layers[l].comb].delta)
			}
		}
		e.lsWeights(dst, l, errVar*ly.noise, ly.cfo)
	}
	for u := range g.NumUEs {
		e.setSNR(dst, u, power[u]/float64(rx*e.numOcc*g.UEs[u].NumLayers))
	}
}

// setSNR writes the SNR of a UE from its mean channel power.
func (e *Estimator) setSNR(dst *nr.Channel, u int, power float64) {
	if e.noiseVar > 0 {
		dst.SNR[u] = float32(max(power, 0) * e.beta * e.beta / e.noiseVar)
	}
}

// lsLayer returns how layer l is despread.
//
// Where UEs share the comb, their delays differ from the mean that was taken out
// of its pilots, so that their codes are not orthogonal any more. The pilots of a
// pair are then
//
//	u1 = x0 + x1,  u2 = e0·x0 − e1·x1
//
// with e_l what the rest of the delay of layer l turns from the first pilot to
// the second, and x0 = (e1·u1 + u2)/(e0 + e1), x1 = (e0·u1 − u2)/(e0 + e1).
func (e *Estimator) lsLayer(l int) lsLayer {
	ly := &e.layers[l]
	if e.combs[ly.comb].numUEs == 1 {
		return lsLayer{turn: e.ls.code[ly.fd], ramp: e.ramp[ly.comb], noise: 1}
	}
	cb := &e.combs[ly.comb]
	step := func(ue int) float64 { // phase of one subcarrier
		return -2 * math.Pi * e.spacing * (e.off.DelaySeconds[ue] - e.delay[ly.comb])
	}
	gap := float64(e.pilotAt(1) - e.pilotAt(0))
	own := cmplx.Rect(1, step(ly.ue)*gap)
	other := own
	for _, k := range cb.layers[:cb.numLayers] {
		if e.layers[k].td == ly.td && e.layers[k].fd != ly.fd {
			other = cmplx.Rect(1, step(e.layers[k].ue)*gap)
		}
	}
	sum := own + other
	if cmplx.Abs(sum) < 1 { // too close to each other to be told apart
		other, sum = own, 2*own
	}
	n := e.numPilots / 2
	first := e.pick[:n]
	c64.Ramp(first, -step(ly.ue)*float64(cb.delta), -step(ly.ue)*float64(e.pilotAt(2)))
	a, b := complex64(2*other/sum), complex64(complex(float64(2-4*ly.fd), 0)/sum)
	turn := e.ls.turn[:2*n]
	for m, v := range first {
		turn[2*m], turn[2*m+1] = a*v, b*v
	}
	ramp := e.ls.ramp[:e.group.NumSubcarriers()]
	c64.Ramp(ramp, 0, -2*math.Pi*e.spacing*e.off.DelaySeconds[ly.ue])
	magnitude := cmplx.Abs(sum)
	return lsLayer{turn, ramp, e.off.CFOHz[ly.ue] - e.cfo[ly.comb], 4 / (magnitude * magnitude)}
}

// despreadPairs averages the two pilots of each pair, and both symbols of a
// double symbol, with the codes of layer l.
func (e *Estimator) despreadPairs(ly *lsLayer, l, r, o int) []complex64 {
	pairs := e.ls.pairs[:e.numPilots/2]
	length := e.group.Length
	for s := range length {
		at := o*length + s
		sin, cos := math.Sincos(-2 * math.Pi * ly.cfo * e.dmrsTime[at])
		scale := float64(1-2*(s&e.layers[l].td)) / float64(2*length)
		part := pairs
		if s > 0 {
			part = e.pick[:len(pairs)]
		}
		c64.PairSum(part, e.u[e.layers[l].comb][r][at], ly.turn)
		c64.Scale(part, part, complex(float32(scale*cos), float32(scale*sin)))
		if s > 0 {
			for m, v := range part {
				pairs[m] += v
			}
		}
	}
	return pairs
}

func meanPower(x []complex64) float64 { return real(mimo.DotConj(x, x)) / float64(len(x)) }

// interpolate draws straight lines from pilot to pilot, the first at subcarrier
// delta, and puts the delay back. The mean of a pair stands at both of its pilots, as in
// Sionna's estimator, and beyond the outer pilots too.
func (e *Estimator) interpolate(dst, pairs []complex64, ly *lsLayer, delta int) {
	for k := range dst[:delta] {
		dst[k] = pairs[0]
	}
	if e.group.ConfigType == 1 {
		c64.LineFour(e.ls.whole, pairs)
		copy(dst[delta:], e.ls.whole)
	} else {
		lineSix(dst[delta:], pairs)
	}
	c64.Mul(dst, dst, ly.ramp)
}

// lineSix interpolates pairs of configuration type 2: a pair stands at two
// subcarriers of six, and on the line to the next pair at the others. The last
// pair reaches to the end of dst.
func lineSix(dst, pairs []complex64) {
	for m, a := range pairs {
		d := dst[6*m:]
		if m+1 == len(pairs) {
			for k := range d {
				d[k] = a
			}
			return
		}
		slope := pairs[m+1] - a
		d[0], d[1] = a, a
		for i := 1; i < 5; i++ {
			x := float32(i) / 5
			d[1+i] = a + complex(x*real(slope), x*imag(slope))
		}
	}
}

// lineNoise is the share of the variance of a pair that remains on average
// after interpolation over subcarriers: the mean over a period of
// (1−x)² + x² between pairs, and of 1 inside them.
func (p *plan) lineNoise() float64 {
	period := 2 * nr.SubcarriersPerPRB / p.perPRB
	gap := 3 - p.group.ConfigType
	between := float64(period - gap)
	sum := float64(gap)
	for i := range period - gap {
		x := float64(i) / between
		sum += (1-x)*(1-x) + x*x
	}
	return sum / float64(period)
}

// lsWeights writes the linear interpolation over time of layer l, whose carrier
// offset is cfo above that of its comb, and the variance that noise leaves in it.
func (e *Estimator) lsWeights(dst *nr.Channel, l int, errVar, cfo float64) {
	left := e.lineNoise()
	for s := range e.group.NumSymbols {
		w := dst.Weights.Row(l, s)
		rot := e.rotation(e.cfo[e.layers[l].comb]+cfo, s)
		sum := 0.0
		for o, x := range e.lineWeights(s) {
			if o == e.numOcc {
				break
			}
			w[o] = complex64(complex(x, 0) * rot)
			sum += x * x
		}
		dst.ErrorVar.Row(l)[s] = float32(errVar * sum * left)
	}
}

// lineWeights returns the weights of the occasions on the straight line through
// the two that are nearest to symbol s of the allocation.
func (e *Estimator) lineWeights(s int) (w [maxOccasions]float64) {
	if e.numOcc == 1 {
		w[0] = 1
		return w
	}
	t := e.symTime[e.group.StartSymbol+s]
	a := 0
	for a < e.numOcc-2 && t > e.occTime[a+1] {
		a++
	}
	x := (t - e.occTime[a]) / (e.occTime[a+1] - e.occTime[a])
	w[a], w[a+1] = 1-x, x
	return w
}
