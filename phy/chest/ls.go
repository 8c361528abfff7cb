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

// interpolate draws straight lines through the centres of the pairs, beyond the
// outer ones too, and puts the delay ramp of the comb back.
func (e *Estimator) interpolate(dst, pairs []complex64, l int) {
	c := e.layers[l].comb
	ramp := e.ramp[c]
	period := 2 * nr.SubcarriersPerPRB / e.perPRB // subcarriers from pair to pair
	centre := float32(e.combs[c].delta) + 0.5*float32(3-e.group.ConfigType)
	last := len(pairs) - 2
	for m := 0; m <= last; m++ {
		a := pairs[m]
		slope := pairs[m+1] - a
		from, to := m*period+int(centre), (m+1)*period+int(centre)
		if m == 0 {
			from = 0
		}
		if m == last {
			to = len(dst)
		}
		at := float32(m*period) + centre
		for k := from; k < to; k++ {
			x := (float32(k) - at) / float32(period)
			dst[k] = (a + complex(x*real(slope), x*imag(slope))) * ramp[k]
		}
	}
}

// lsWeights writes the linear interpolation over time of layer l, and the
// variance that noise leaves in it. Two thirds of the variance of a pair remain
// after interpolation over subcarriers.
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
		dst.ErrorVar.Row(l)[s] = float32(errVar * sum * 2 / 3)
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
