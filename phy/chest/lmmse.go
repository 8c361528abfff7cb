// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// LMMSE is the linear minimum mean squared error estimator in frequency and
// time, with a power delay profile, a Doppler spread and a noise that it measures
// on the same pilots. Use [NewLMMSE].
//
// P. Hoeher, S. Kaiser and P. Robertson, "Two-Dimensional Pilot-Symbol-Aided Channel
// Estimation by Wiener Filtering", ICASSP 1997.
type LMMSE struct{ impl lmmse }

// NewLMMSE returns an LMMSE estimator with memory for the limits of ref.
func NewLMMSE(ref *dmrs.Reference) *LMMSE {
	e := &LMMSE{lmmse{front: newFront(ref)}}
	e.impl.init(ref.Limits())
	return e
}

// Configure implements [Estimator].
func (e *LMMSE) Configure(g *nr.Group) error { return e.impl.Configure("chest", g) }

// Estimate implements [Estimator].
func (e *LMMSE) Estimate(dst *nr.Channel, pilots *nr.Pilots, offsets *nr.Offsets) error {
	if pilots.Priors != [nr.MaxUEs]nr.Prior{} {
		return e.impl.estimateWithPriors(dst, pilots, offsets)
	}
	rx, err := e.impl.begin(dst, pilots, offsets)
	if err != nil {
		return err
	}
	e.impl.see(&pilots.Priors, rx)
	e.impl.estimate(dst, rx)
	return nil
}

// see measures profile and time model of all UEs.
//
// Invariant: after see, profile.gain, time and power are those of every UE that has a
// layer on some comb; of a UE on two combs the later one stands, since both see the same
// paths.
func (e *lmmse) see(priors *[nr.MaxUEs]nr.Prior, rx int) {
	e.rx, e.priors, e.seen = rx, *priors, [nr.MaxUEs]nr.Seen{}
	for c := range e.NumCombs {
		e.foldComb(c, rx)
		e.measureComb(c, rx)
	}
}

// estimateWithPriors measures twice: with the offsets that this slot alone shows,
// for what this slot alone says of the channel, and with those to go on with. What
// is seen then depends on this slot only, and a tracker that is fed with the same
// slots ends in the same state.
func (e *lmmse) estimateWithPriors(dst *nr.Channel, pilots *nr.Pilots, offsets *nr.Offsets) error {
	alone := *offsets
	for u := range alone.Seen {
		o := &alone.Seen[u]
		alone.DelaySeconds[u], alone.DelayStd[u] = o.DelaySeconds, o.DelayStd
		alone.CFOHz[u], alone.CFOStd[u] = o.CFOHz, o.CFOStd
	}
	rx, err := e.begin(dst, pilots, &alone)
	if err != nil {
		return err
	}
	e.see(&[nr.MaxUEs]nr.Prior{}, rx)
	seen := e.seen
	if _, err = e.begin(dst, pilots, offsets); err != nil {
		return err
	}
	e.see(&pilots.Priors, rx)
	e.seen = seen
	e.estimate(dst, rx)
	return nil
}

// lmmse is what works in [LMMSE], and its scratch.
type lmmse struct {
	front
	fold    [2][maxRx][dmrs.MaxOccasions][]complex64 // pilots of double symbols, despread over time, of each code
	profile profileMeter
	time    [nr.MaxUEs]timeModel // of the UEs
	power   [nr.MaxUEs]powerOf   // of the UEs
	bank    filterBank
	priors  [nr.MaxUEs]nr.Prior
	seen    [nr.MaxUEs]nr.Seen
	part    *bundle // that is being filtered
	rx      int     // antennas
	filterState
}

// Everything is made for the largest group, so that no slot allocates. Double symbols
// have at most half as many occasions as symbols.
func (s *lmmse) init(lim nr.GroupLimits) {
	pilots := lim.MaxPRB * dmrs.PilotsPerPRB(1)
	for td := range s.fold {
		for r := range lim.MaxRx {
			for o := range dmrs.MaxOccasions / 2 {
				s.fold[td][r][o] = make([]complex64, pilots)
			}
		}
	}
	s.profile.init(lim)
	s.bank.init()
	s.filterState.init(lim)
}

// estimate estimates the channel of each comb, with the power delay profile and
// the correlation in time that see has measured.
//
// With the covariance R_f ⊗ R_t over frequency and time and R_t = U·Λ·Uᵀ, the
// LMMSE estimate falls apart into one filter over frequency for each column of
// U, with the noise divided by its eigenvalue. The filtered columns are the
// anchors; the weights are R_t(symbol, pilots)·U·Λ⁻¹.
func (e *lmmse) estimate(dst *nr.Channel, rx int) {
	dst.Seen = e.seen
	anchors := 0
	for c := range e.NumCombs {
		for _, l := range e.Combs[c].Layers[:e.Combs[c].NumLayers] {
			anchors = max(anchors, e.time[e.Layers[l].UE].rank)
		}
	}
	g := &e.Group
	dst.Anchors.Resize(g.NumLayers, rx, anchors, g.NumSubcarriers())
	dst.Weights.Resize(g.NumLayers, g.NumSymbols, anchors)
	for c := range e.NumCombs {
		e.foldComb(c, rx)
		e.filterComb(dst, c, rx)
	}
	e.colour(dst)
}

// foldComb separates double symbols by their codes in time. The noise of what
// it writes is half that of a symbol.
//
// With codes +1, +1 and +1, −1 over the two symbols of an occasion, half their sum is the
// channel of the first code and half their difference that of the second, as long as the
// channel does not change from one symbol to the next; the carrier offset was taken out
// before. A group with single symbols has nothing to separate.
func (e *lmmse) foldComb(c, rx int) {
	if e.Group.Length == 1 {
		return
	}
	for td := range 2 {
		if e.Combs[c].TimeCodes>>td&1 == 0 {
			continue
		}
		sign := complex(float32(1-2*td)/2, 0)
		for r := range rx {
			for o := range e.NumOccasions {
				a, b := e.u[c][r][2*o][:e.NumPilots], e.u[c][r][2*o+1][:e.NumPilots]
				v := e.fold[td][r][o][:e.NumPilots]
				for i := range v {
					v[i] = complex(real(a[i])/2, imag(a[i])/2) + b[i]*sign
				}
			}
		}
	}
}

// stream returns the pilots of one comb, code in time, antenna and occasion.
func (e *lmmse) stream(c, td, r, o int) []complex64 {
	if e.Group.Length == 1 {
		return e.u[c][r][o][:e.NumPilots]
	}
	return e.fold[td][r][o][:e.NumPilots]
}

// streamNoise returns the variance of the noise in a stream.
func (e *lmmse) streamNoise() float64 {
	return 1 / (e.Beta * e.Beta) / float64(e.Group.Length)
}
