// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"
	"math/cmplx"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// LS is the least squares estimator: code-division despreading in frequency and
// time, linear interpolation and extrapolation in both. Use [NewLS].
//
// The codes w_f and w_t that it takes off are those of TS 38.211 §6.4.1.1.3.
type LS struct{ impl ls }

// NewLS returns a least squares estimator with memory for the limits of ref.
func NewLS(ref *dmrs.Reference) *LS { return &LS{newLS(ref)} }

// Configure implements [Estimator].
func (e *LS) Configure(g *nr.Group) error { return e.impl.Configure("chest", g) }

// Estimate implements [Estimator].
func (e *LS) Estimate(dst *nr.Channel, pilots *nr.Pilots, offsets *nr.Offsets) error {
	rx, err := e.impl.begin(dst, pilots, offsets)
	if err != nil {
		return err
	}
	e.impl.estimate(dst, rx)
	return nil
}

// ls is what works in [LS], and its scratch.
type ls struct {
	front
	pairs []complex64    // despread estimates of one layer, antenna and occasion
	code  [2][]complex64 // codes in frequency over the pilots
	whole []complex64    // interpolated pairs, all of them
	turn  []complex64    // what takes a layer out of a comb that UEs share
	own   []complex64    // the delay of its UE
}

// lsLayer says how one layer is despread.
type lsLayer struct {
	turn  []complex64 // weights of the pilots, of unit magnitude where UEs do not share the comb
	ramp  []complex64 // delay to put back
	cfo   float64     // carrier offset of the layer that is still in its pilots, Hz
	noise float64     // noise that the weights add up, against those of a code
}

func newLS(ref *dmrs.Reference) ls {
	pilots := ref.Limits().MaxPRB * dmrs.PilotsPerPRB(1)
	s := ls{
		front: newFront(ref),
		pairs: make([]complex64, pilots/2), whole: make([]complex64, 2*pilots),
		turn: make([]complex64, pilots), own: make([]complex64, 2*pilots),
	}
	for fd := range s.code {
		s.code[fd] = make([]complex64, pilots)
		for i := range s.code[fd] {
			s.code[fd][i] = complex(float32(1-2*(i&fd)), 0)
		}
	}
	return s
}

// estimate despreads pairs of pilots, interpolates linearly over subcarriers
// into one anchor for each DM-RS occasion, and linearly over time by the
// weights.
//
// The codes of two layers on one comb are +1, +1 and +1, −1 over a pair of pilots: half
// the sum and half the difference tell them apart where the channel is the same at both.
// Everything in this file is about that "where".
func (e *ls) estimate(dst *nr.Channel, rx int) {
	g := &e.Group
	dst.Anchors.Resize(g.NumLayers, rx, e.NumOccasions, g.NumSubcarriers())
	dst.Weights.Resize(g.NumLayers, g.NumSymbols, e.NumOccasions)
	var power [nr.MaxUEs]float64
	errVar := 1 / (e.Beta * e.Beta) / float64(2*g.Length) // of a pair
	for l := range g.NumLayers {
		ly := e.layer(l)
		for r := range rx {
			for o := range e.NumOccasions {
				pairs := e.despreadPairs(&ly, l, r, o)
				power[e.Layers[l].UE] += meanPower(pairs) - errVar*ly.noise
				e.interpolate(dst.Anchors.Row(l, r, o), pairs, &ly, e.Combs[e.Layers[l].Comb].Delta)
			}
		}
		e.weights(dst, l, errVar*ly.noise, ly.cfo)
	}
	for u := range g.NumUEs {
		rows := rx * e.NumOccasions * g.UEs[u].NumLayers
		e.setSNR(dst, u, powerOf{power[u] / float64(rows), errVar, rows * e.NumPilots / 2})
	}
	e.colour(dst)
}

// layer returns how layer l is despread.
//
// Where UEs share the comb, their delays differ from the mean that was taken out
// of its pilots, so that their codes are not orthogonal any more. The pilots of a
// pair are then
//
//	u1 = x0 + x1,  u2 = e0·x0 − e1·x1
//
// with e_l what the rest of the delay of layer l turns from the first pilot to
// the second, and x0 = (e1·u1 + u2)/(e0 + e1), x1 = (e0·u1 − u2)/(e0 + e1).
func (e *ls) layer(l int) lsLayer {
	ly := &e.Layers[l]
	if e.Combs[ly.Comb].NumUEs == 1 {
		return lsLayer{turn: e.code[ly.FreqCode], ramp: e.ramp[ly.Comb], noise: 1}
	}
	cb := &e.Combs[ly.Comb]
	step := func(ue int) float64 { // phase of one subcarrier
		return -2 * math.Pi * e.SpacingHz * (e.off.DelaySeconds[ue] - e.delay[ly.Comb])
	}
	gap := float64(e.PilotAt(1) - e.PilotAt(0))
	own := cmplx.Rect(1, step(ly.UE)*gap)
	other := own
	for _, k := range cb.Layers[:cb.NumLayers] {
		if e.Layers[k].TimeCode == ly.TimeCode && e.Layers[k].FreqCode != ly.FreqCode {
			other = cmplx.Rect(1, step(e.Layers[k].UE)*gap)
		}
	}
	sum := own + other
	// The two UEs are nearly half a turn apart over a pair: their codes have changed
	// places, and nothing but their mean can be said. The weights then are those of equal
	// delays.
	if cmplx.Abs(sum) < 1 { // too close to each other to be told apart
		other, sum = own, 2*own
	}
	n := e.NumPilots / 2
	first := e.pick[:n]
	c64.Ramp(first, -step(ly.UE)*float64(cb.Delta), -step(ly.UE)*float64(e.PilotAt(2)))
	a, b := complex64(2*other/sum), complex64(complex(float64(2-4*ly.FreqCode), 0)/sum)
	turn := e.turn[:2*n]
	for m, v := range first {
		turn[2*m], turn[2*m+1] = a*v, b*v
	}
	ramp := e.own[:e.Group.NumSubcarriers()]
	c64.Ramp(ramp, 0, -2*math.Pi*e.SpacingHz*e.off.DelaySeconds[ly.UE])
	e.scaleRamp(ramp)
	// The error grows as the codes come apart: 4/|e0+e1|² times that of orthogonal ones.
	magnitude := cmplx.Abs(sum)
	return lsLayer{turn, ramp, e.off.CFOHz[ly.UE] - e.cfo[ly.Comb], 4 / (magnitude * magnitude)}
}

// despreadPairs averages the two pilots of each pair, and both symbols of a
// double symbol, with the codes of layer l.
func (e *ls) despreadPairs(ly *lsLayer, l, r, o int) []complex64 {
	pairs := e.pairs[:e.NumPilots/2]
	length := e.Group.Length
	for s := range length {
		// The carrier offset that differs from the comb's mean is taken out while symbols
		// are added up, at the time of each.
		at := o*length + s
		sin, cos := math.Sincos(-2 * math.Pi * ly.cfo * e.Times[at])
		scale := float64(1-2*(s&e.Layers[l].TimeCode)) / float64(2*length)
		part := pairs
		if s > 0 {
			part = e.pick[:len(pairs)]
		}
		c64.PairSum(part, e.u[e.Layers[l].Comb][r][at], ly.turn)
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
// delta, and puts the delay back. The mean of a pair stands at both of its pilots,
// as in Sionna's estimator, and beyond the outer pilots too. No line joins two
// bundles, whose antennas are combined in different ways.
//
// The outermost pilots have a neighbour on one side only. A straight line beyond them
// would multiply their noise by the distance; the value of the last pair stands there
// instead.
func (e *ls) interpolate(dst, pairs []complex64, ly *lsLayer, delta int) {
	perPRB := e.PilotsInPRB / 2
	for i := range e.noise.numBun {
		b := &e.noise.bundles[i]
		part := pairs[b.first*perPRB:][:b.prbs*perPRB]
		d := dst[b.first*nr.SubcarriersPerPRB:][:b.prbs*nr.SubcarriersPerPRB]
		for k := range d[:delta] {
			d[k] = part[0]
		}
		if e.Group.ConfigType == 1 {
			c64.LineFour(e.whole, part)
			copy(d[delta:], e.whole)
		} else {
			lineSix(d[delta:], part)
		}
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
func lineNoise(l *dmrs.Layout) float64 {
	period, gap := l.PairPeriod(), l.PairGap()
	between := float64(period - gap)
	sum := float64(gap)
	for i := range period - gap {
		x := float64(i) / between
		sum += (1-x)*(1-x) + x*x
	}
	return sum / float64(period)
}

// weights writes the linear interpolation over time of layer l, whose carrier
// offset is cfo above that of its comb, and the variance that noise leaves in it.
func (e *ls) weights(dst *nr.Channel, l int, errVar, cfo float64) {
	left := lineNoise(&e.Layout)
	for s := range e.Group.NumSymbols {
		w := dst.Weights.Row(l, s)
		rot := e.rotation(e.cfo[e.Layers[l].Comb]+cfo, s)
		sum := 0.0
		for o, x := range e.lineWeights(s) {
			if o == e.NumOccasions {
				break
			}
			w[o] = complex64(complex(x, 0) * rot)
			sum += x * x
		}
		for b := range dst.NumBundles {
			dst.ErrorRatio.Row(b, l)[s] = float32(errVar * sum * left)
		}
	}
}

// lineWeights returns the weights of the occasions on the straight line through
// the two that are nearest to symbol s of the allocation.
func (e *ls) lineWeights(s int) (w [dmrs.MaxOccasions]float64) {
	if e.NumOccasions == 1 {
		w[0] = 1
		return w
	}
	t := e.SlotTimes[e.Group.StartSymbol+s]
	a := 0
	for a < e.NumOccasions-2 && t > e.OccasionTimes[a+1] {
		a++
	}
	x := (t - e.OccasionTimes[a]) / (e.OccasionTimes[a+1] - e.OccasionTimes[a])
	w[a], w[a+1] = 1-x, x
	return w
}
