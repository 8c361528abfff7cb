// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	maxLayers  = nr.MaxGroupLayers
	maxRx      = nr.MaxRx
	maxSymbols = nr.MaxDMRSSymbols
)

// front is what the estimators share: it takes reference, delay and rotation out
// of the pilots and measures the noise.
type front struct {
	*dmrs.Reference

	u     [maxLayers][maxRx][maxSymbols][]complex64 // pilots over the reference, without delay and rotation, times scale, whitened
	ramp  [maxLayers][]complex64                    // exp(−j2πkΔf·τ) of each comb, to put the delay back
	mix   []complex64                               // what turns pilots into u
	mixed []complex64                               // [rx] rows while antennas are combined
	back  []complex64                               // conjugate ramp at the pilots of a comb
	pick  []complex64                               // pilots of one antenna and symbol
	off   nr.Offsets                                // of the UEs
	delay [maxLayers]float64                        // delay taken out of each comb, s
	cfo   [maxLayers]float64                        // carrier offset taken out of each comb, Hz

	scale float64 // what brings the samples near 1, a power of two
	noise noiseMeter
}

func newFront(ref *dmrs.Reference) front {
	e := front{Reference: ref}
	lim := ref.Limits()
	pilots := lim.MaxPRB * dmrs.PilotsPerPRB(1)
	for c := range lim.MaxLayers {
		e.ramp[c] = make([]complex64, lim.MaxPRB*nr.SubcarriersPerPRB)
		for s := range maxSymbols {
			for r := range lim.MaxRx {
				e.u[c][r][s] = make([]complex64, pilots)
			}
		}
	}
	e.mixed = make([]complex64, lim.MaxRx*lim.MaxPRB*nr.SubcarriersPerPRB)
	e.mix, e.back, e.pick = make([]complex64, pilots), make([]complex64, pilots), make([]complex64, pilots)
	e.noise.path.m = make([]complex64, windowPilots*windowPilots)
	initNoise(lim)
	return e
}

// begin checks the pilots, fills u and the noise, and sets all of dst that does
// not depend on the method. It returns the number of antennas.
//
// The order matters: noise is measured on pilots without delay and rotation, since the
// tables of noise assume a channel around delay zero; whitening needs the noise; ramps
// take back what whitening divided by. Nothing of dst is read, and every field is
// written, so that a channel may be used again for another group.
func (e *front) begin(dst *nr.Channel, pilots *nr.Pilots, off *nr.Offsets) (rx int, err error) {
	if err := e.Check("chest", pilots); err != nil {
		return 0, err
	}
	view := nr.ViewOf(&pilots.RE)
	rx = view.NumRx
	e.off = *off
	if e.scale = view.Unit(); e.scale == 0 {
		e.scale = 1
	}
	e.despread(&view)
	e.measureNoise(&view)
	e.whiten(rx)
	for c := range e.NumCombs {
		e.scaleRamp(e.ramp[c][:e.Group.NumSubcarriers()])
	}
	dst.Group, dst.Offsets = e.Group, *off
	e.writeNoise(dst, rx)
	dst.Seen, dst.Absent = [nr.MaxUEs]nr.Seen{}, [nr.MaxUEs]bool{}
	dst.SNR, dst.SNRStd = [nr.MaxUEs]float32{}, [nr.MaxUEs]float32{}
	return rx, nil
}

// powerOf is the power of a UE's whitened channel, of one element, layer and
// antenna, as measured.
type powerOf struct {
	signal, noise float64 // the channel, and the noise that was taken away from it
	looks         int     // independent values behind both
}

// setSNR writes the SNR of a UE. Power that noise alone may have is no signal.
func (e *front) setSNR(dst *nr.Channel, u int, power powerOf) {
	if power.looks == 0 {
		return
	}
	// Two errors add up. The power of the UE was measured on looks values, of which noise
	// is a part. And the noise that was subtracted was itself measured, on so many
	// samples as there are free dimensions.
	scale := e.Beta * e.Beta
	samples := max(1, e.noise.count) * float64(dst.NoiseCov.Dim(1))
	// Variance of the power itself, and of the noise that was subtracted.
	p, noise, looks := max(power.signal, 0), power.noise, float64(power.looks)
	std := math.Sqrt((2*p+noise)*noise/looks + (noise*noise+p*p)/samples)
	dst.SNRStd[u] = float32(std * scale)
	if p > significant*noise*math.Sqrt(1/looks+1/samples) {
		dst.SNR[u] = float32(p * scale)
	}
}

// significant is how many standard deviations the power of noise may be off
// before it counts as a signal.
const significant = 2.5

// despread fills u: the pilots of each comb over reference, amplitude, delay
// ramp and rotation. The layers' codes remain.
func (e *front) despread(view *nr.View) {
	// Per comb and symbol one vector of weights (mix) and per antenna one product with
	// it: the cost is that of reading the pilots once.
	for c := range e.NumCombs {
		cb := &e.Combs[c]
		tau, f := e.meanOffsets(c)
		e.delay[c], e.cfo[c] = tau, f
		c64.Ramp(e.ramp[c][:e.Group.NumSubcarriers()], 0, -2*math.Pi*e.SpacingHz*tau)
		e.fillBack(c)
		for s := range e.NumSymbols {
			e.fillMix(c, s)
			for r := range view.NumRx {
				y, u := view.Row(r, s)[cb.Delta:], e.u[c][r][s][:e.NumPilots]
				if e.Group.ConfigType == 1 {
					c64.MulEven(u, y, e.mix[:len(u)])
					continue
				}
				// Configuration type 2 has pilots in pairs, two of every six subcarriers.
				pick := e.pick[:len(u)]
				for i := 0; i < len(pick); i += 2 {
					pick[i], pick[i+1] = y[3*i], y[3*i+1]
				}
				c64.Mul(u, pick, e.mix[:len(u)])
			}
		}
	}
}

const (
	sureDelay = 0.05 // standard deviation that does not matter, of the cyclic prefix
	sureCFO   = 2e-3 // the same of the carrier offset, of the subcarrier spacing
)

// meanOffsets returns the mean delay and carrier offset of the layers of comb c,
// each weighted by how well it is known: a UE that is not heard has offsets that
// are noise, and must not move its partners out of the range of delays in which a
// channel is looked for. Such a UE gets the mean as its own.
func (e *front) meanOffsets(c int) (tau, f float64) {
	cb := &e.Combs[c]
	// 1/(std² + sure²): a UE that is known better than what matters counts no more than
	// one that just matters, so that the mean of two good ones stays in the middle.
	sure := [2]float64{sureDelay * e.Group.CyclicPrefix(), sureCFO * e.SpacingHz}
	var sum, weight [2]float64
	for _, l := range cb.Layers[:cb.NumLayers] {
		u := e.Layers[l].UE
		for i, x := range [2][2]float64{{e.off.DelaySeconds[u], e.off.DelayStd[u]}, {e.off.CFOHz[u], e.off.CFOStd[u]}} {
			w := 1 / (x[1]*x[1] + sure[i]*sure[i])
			sum[i] += w * x[0]
			weight[i] += w
		}
	}
	tau, f = sum[0]/weight[0], sum[1]/weight[1]
	// A UE whose delay is as good as unknown would, by its own delay, be estimated
	// somewhere else; with the mean it is estimated where its partners are, and harms
	// nobody.
	for _, l := range cb.Layers[:cb.NumLayers] {
		if u := e.Layers[l].UE; cb.NumUEs > 1 && e.off.DelayStd[u] > 0.5*e.Group.CyclicPrefix() {
			e.off.DelaySeconds[u], e.off.CFOHz[u] = tau, f
		}
	}
	return tau, f
}

// fillBack computes what takes the delay of comb c out of its pilots.
func (e *front) fillBack(c int) {
	step := 2 * math.Pi * e.SpacingHz * e.delay[c]
	first := step * float64(e.Combs[c].Delta)
	back := e.back[:e.NumPilots]
	if e.Group.ConfigType == 1 {
		c64.Ramp(back, first, 2*step)
		return
	}
	// The pilots of a pair are one subcarrier apart, and pairs are six: a ramp over
	// pairs, and one turn for the second pilot of each.
	pairs := e.pick[:len(back)/2]
	c64.Ramp(pairs, first, 6*step)
	sin, cos := math.Sincos(step)
	gap := complex(float32(cos), float32(sin))
	for m, x := range pairs {
		back[2*m], back[2*m+1] = x, x*gap
	}
}

// fillMix computes conj(reference · ramp · rotation)·scale/β of comb c in the s-th
// DM-RS symbol.
func (e *front) fillMix(c, s int) {
	sin, cos := math.Sincos(-2 * math.Pi * e.cfo[c] * e.Times[s])
	mix := e.mix[:e.NumPilots]
	c64.MulConj(mix, e.back, e.Sequence(c, s))
	size := e.scale / e.Beta
	c64.Scale(mix, mix, complex(float32(cos*size), float32(sin*size)))
}

// rotation returns exp(j2πf·t) in symbol s of the allocation: what a carrier
// offset of f Hz adds to the weights.
func (e *front) rotation(f float64, s int) complex128 {
	sin, cos := math.Sincos(2 * math.Pi * f * e.SlotTimes[e.Group.StartSymbol+s])
	return complex(cos, sin)
}
