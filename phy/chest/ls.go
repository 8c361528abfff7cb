// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/nr"
)

// lsState is the scratch of the least squares estimator.
type lsState struct {
	pairs []complex64    // despread estimates of one layer, antenna and occasion
	code  [2][]complex64 // codes in frequency over the pilots
	whole []complex64    // interpolated pairs, all of them
}

func (s *lsState) init(pilots int) {
	s.pairs = make([]complex64, pilots/2)
	s.whole = make([]complex64, 2*pilots)
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
		for r := range rx {
			for o := range e.numOcc {
				pairs := e.despreadPairs(l, r, o)
				power[e.layers[l].ue] += meanPower(pairs) - errVar
				e.interpolate(dst.Anchors.Row(l, r, o), pairs, l)
			}
		}
		e.lsWeights(dst, l, errVar)
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

// despreadPairs averages the two pilots of each pair, and both symbols of a
// double symbol, with the codes of layer l.
func (e *Estimator) despreadPairs(l, r, o int) []complex64 {
	ly := &e.layers[l]
	pairs := e.ls.pairs[:e.numPilots/2]
	code := e.ls.code[ly.fd]
	scale := float32(1) / float32(2*e.group.Length)
	u := e.u[ly.comb][r][o*e.group.Length : (o+1)*e.group.Length]
	c64.PairSum(pairs, u[0], code)
	if e.group.Length == 1 {
		c64.Scale(pairs, pairs, complex(scale, 0))
		return pairs
	}
	second := e.pick[:len(pairs)]
	c64.PairSum(second, u[1], code)
	td := float32(1 - 2*ly.td)
	for m, v := range second {
		p := pairs[m]
		pairs[m] = complex((real(p)+td*real(v))*scale, (imag(p)+td*imag(v))*scale)
	}
	return pairs
}

func meanPower(x []complex64) float64 { return real(mimo.DotConj(x, x)) / float64(len(x)) }

// interpolate draws straight lines from pilot to pilot and puts the delay ramp
// of the comb back. The mean of a pair stands at both of its pilots, as in
// Sionna's estimator, and beyond the outer pilots too.
func (e *Estimator) interpolate(dst, pairs []complex64, l int) {
	c := e.layers[l].comb
	delta := e.combs[c].delta
	for k := range dst[:delta] {
		dst[k] = pairs[0]
	}
	if e.group.ConfigType == 1 {
		c64.LineFour(e.ls.whole, pairs)
		copy(dst[delta:], e.ls.whole)
	} else {
		lineSix(dst[delta:], pairs)
	}
	c64.Mul(dst, dst, e.ramp[c])
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

// lsWeights writes the linear interpolation over time of layer l, and the
// variance that noise leaves in it.
func (e *Estimator) lsWeights(dst *nr.Channel, l int, errVar float64) {
	for s := range e.group.NumSymbols {
		w := dst.Weights.Row(l, s)
		rot := e.rotation(l, s)
		sum := 0.0
		for o, x := range e.lineWeights(s) {
			if o == e.numOcc {
				break
			}
			w[o] = complex64(complex(x, 0) * rot)
			sum += x * x
		}
		dst.ErrorVar.Row(l)[s] = float32(errVar * sum * e.lineNoise())
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
