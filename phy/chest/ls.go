// SPDX-License-Identifier: Apache-2.0

package chest

import "github.com/neuroran/neuroran/phy/nr"

// lsState is the scratch of the least squares estimator.
type lsState struct {
	pairs []complex64 // despread estimates of one layer, antenna and occasion
}

func (s *lsState) init(pilots int) { s.pairs = make([]complex64, pilots/2) }

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
	fd := complex(float32(1-2*ly.fd), 0)
	scale := float32(1) / float32(2*e.group.Length)
	u := e.u[ly.comb][r][o*e.group.Length]
	for m := range pairs {
		v := u[2*m] + fd*u[2*m+1]
		pairs[m] = complex(real(v)*scale, imag(v)*scale)
	}
	if e.group.Length == 1 {
		return pairs
	}
	u = e.u[ly.comb][r][o*e.group.Length+1]
	scale *= float32(1 - 2*ly.td)
	for m := range pairs {
		v := u[2*m] + fd*u[2*m+1]
		pairs[m] += complex(real(v)*scale, imag(v)*scale)
	}
	return pairs
}

func meanPower(x []complex64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(real(v)*real(v) + imag(v)*imag(v))
	}
	return sum / float64(len(x))
}

// interpolate draws straight lines from pilot to pilot and puts the delay ramp
// of the comb back. The mean of a pair stands at both of its pilots, as in
// Sionna's estimator, and beyond the outer pilots too.
func (e *Estimator) interpolate(dst, pairs []complex64, l int) {
	c := e.layers[l].comb
	period := 2 * nr.SubcarriersPerPRB / e.perPRB // subcarriers from pair to pair
	gap := 3 - e.group.ConfigType                 // subcarriers inside a pair
	between := period - gap                       // and from one pair to the next
	ramp := e.ramp[c][:len(dst)]
	k := 0
	for end := e.combs[c].delta; k < end; k++ {
		dst[k] = pairs[0] * ramp[k]
	}
	for m, a := range pairs {
		for end := k + gap; k < end; k++ {
			dst[k] = a * ramp[k]
		}
		slope := complex64(0)
		if m+1 < len(pairs) {
			slope = pairs[m+1] - a
		}
		for i := 0; i < between && k < len(dst); i++ {
			x := float32(i) / float32(between)
			dst[k] = (a + complex(x*real(slope), x*imag(slope))) * ramp[k]
			k++
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
