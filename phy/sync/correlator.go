// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

const (
	maxLayers  = nr.MaxGroupLayers
	maxRx      = nr.MaxRx
	maxSymbols = nr.MaxDMRSSymbols
)

// Correlator is the synchronizer that correlates pilots with each other: over
// subcarriers for the delay, over symbols for the carrier offset. Use
// [NewCorrelator].
//
// The pilots are the DM-RS of TS 38.211 §6.4.1.1.
type Correlator struct {
	impl correlator
}

// correlator is what works in [Correlator], and its scratch.
type correlator struct {
	*dmrs.Reference
	positions
	prior float64 // standard deviation of carrier offsets before pilots are seen, Hz
	scale float64 // what brings the pilots near 1, a power of two

	priors [nr.MaxUEs]nr.Prior // of the UEs

	v     [maxLayers][maxRx][maxSymbols][]complex64 // pilots times conj(reference), times scale
	pairs [maxLayers][maxRx][maxSymbols][]complex64 // despread pairs of each layer and symbol
	turn  [maxLayers][]complex64                    // code of a layer times its conjugate ramp, over 2
	pick  []complex64                               // pilots of one antenna and symbol
	sign  []complex64                               // reference of one comb and symbol, times scale
	delay delayState
	space whitener
}

// NewCorrelator returns a synchronizer with memory for the limits of ref. It
// returns a [*nr.FieldError] for a value out of range.
func NewCorrelator(cfg Config, ref *dmrs.Reference) (*Correlator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.CFOLimitHz == 0 {
		cfg.CFOLimitHz = CFOLimit(0, 0)
	}
	s := correlator{Reference: ref, prior: cfg.CFOLimitHz / math.Sqrt(3)}
	lim := ref.Limits()
	pilots := lim.MaxPRB * dmrs.PilotsPerPRB(1)
	for l := range lim.MaxLayers {
		for t := range maxSymbols {
			for r := range lim.MaxRx {
				s.v[l][r][t] = make([]complex64, pilots)
				s.pairs[l][r][t] = make([]complex64, pilots/2)
			}
		}
		s.turn[l] = make([]complex64, pilots)
	}
	s.pick, s.sign = make([]complex64, pilots), make([]complex64, pilots)
	s.delay.init(pilots / 2)
	s.space.init(pilots)
	return &Correlator{s}, nil
}

// Configure implements [Synchronizer].
func (s *Correlator) Configure(g *nr.Group) error {
	if err := s.impl.Reference.Configure("sync", g); err != nil {
		return err
	}
	s.impl.positions = makePositions(&s.impl.Layout)
	return nil
}

// Estimate implements [Synchronizer].
func (s *Correlator) Estimate(dst *nr.Offsets, pilots *nr.Pilots) error {
	if err := s.impl.Check("sync", pilots); err != nil {
		return err
	}
	view := nr.ViewOf(&pilots.RE)
	*dst = nr.Offsets{}
	s.impl.priors = pilots.Priors
	s.impl.estimate(dst, &view)
	return nil
}

// estimate measures the offsets of all UEs.
//
//  1. The reference is taken out. The antennas are whitened by what they receive
//     where nobody sends pilots, if there is such a place. Parts of the allocation
//     that are much stronger than the others are turned down.
//  2. The delays are measured. Where the pilots hardly stand out, something else
//     may dominate the antennas: they are whitened, and the delays measured anew,
//     first against all that is received, then against what is no pilot.
//  3. The carrier offsets are measured.
func (s *correlator) estimate(dst *nr.Offsets, view *nr.View) {
	s.scale = view.Unit()
	if s.scale == 0 {
		s.know(dst)
		return
	}
	rx := view.NumRx
	s.removeReference(view)
	s.whitenFree(view)
	s.turnDownBlocks(rx)
	s.measureDelays(dst, rx)
	if s.delay.strongest < drowned && s.whitenTotal(rx) {
		s.measureDelays(dst, rx)
		if s.whitenRest(rx) {
			s.measureDelays(dst, rx)
		}
	}
	for u := range s.Group.NumUEs {
		s.updateCFO(dst, u, rx)
		s.fuseDelay(dst, u)
	}
	s.know(dst)
}

// fuseDelay joins the measured delay of UE u with what was known before, each
// weighted by its variance. A measurement that the prior excludes is believed
// alone: the UE has moved, or got another timing advance.
func (s *correlator) fuseDelay(dst *nr.Offsets, u int) {
	p := &s.priors[u]
	if dst.DelayObserved[u] {
		dst.Seen[u].DelaySeconds, dst.Seen[u].DelayStd = dst.DelaySeconds[u], dst.DelayStd[u]
	}
	if !(p.DelayStd > 0) {
		return
	}
	if !dst.DelayObserved[u] {
		dst.DelaySeconds[u], dst.DelayStd[u] = p.DelaySeconds, p.DelayStd
		return
	}
	const excluded = 5 // standard deviations
	measured, known := dst.DelayStd[u]*dst.DelayStd[u], p.DelayStd*p.DelayStd
	if d := dst.DelaySeconds[u] - p.DelaySeconds; d*d > excluded*excluded*(measured+known) {
		return
	}
	w := known / (measured + known)
	dst.DelaySeconds[u] = p.DelaySeconds + w*(dst.DelaySeconds[u]-p.DelaySeconds)
	dst.DelayStd[u] = math.Sqrt(w * measured)
}

// measureDelays measures the delays of all UEs, starting from none. Each pass
// removes what is known so far and measures what remains; where UEs share a CDM
// group, it also takes away the others' pilots as last estimated.
func (s *correlator) measureDelays(dst *nr.Offsets, rx int) {
	*dst = nr.Offsets{}
	for pass := range s.passes() {
		s.delay.strongest = 0
		for l := range s.Group.NumLayers {
			s.despread(l, rx, dst, pass > 0)
		}
		for u := range s.Group.NumUEs {
			s.updateDelay(dst, u, rx)
		}
	}
}

// know replaces what is no finite number, and what no pilot said, by what was
// known before: no delay and no carrier offset.
func (s *correlator) know(dst *nr.Offsets) {
	anywhere := 1 / (float64(s.PairPeriod()) * s.SpacingHz * math.Sqrt(12))
	for u := range s.Group.NumUEs {
		if d := dst.DelaySeconds[u] + dst.DelayStd[u]; d-d != 0 || dst.DelayStd[u] == 0 {
			dst.DelaySeconds[u], dst.DelayStd[u], dst.DelayObserved[u] = 0, anywhere, false
		}
		if f := dst.CFOHz[u] + dst.CFOStd[u]; f-f != 0 || dst.CFOStd[u] == 0 {
			dst.CFOHz[u], dst.CFOStd[u], dst.CFOObserved[u] = 0, s.prior, false
		}
		o := &dst.Seen[u]
		if d := o.DelaySeconds + o.DelayStd; d-d != 0 {
			o.DelaySeconds, o.DelayStd = 0, 0
		}
		if f := o.CFOHz + o.CFOStd; f-f != 0 {
			o.CFOHz, o.CFOStd = 0, 0
		}
	}
}

// passes returns how often the offsets are measured: a second time with the
// ramp removed, more often where UEs must be told apart.
func (s *correlator) passes() int {
	for c := range s.NumCombs {
		if s.Combs[c].NumUEs > 1 {
			return 4
		}
	}
	return 2
}

// removeReference fills v.
func (s *correlator) removeReference(view *nr.View) {
	for c := range s.NumCombs {
		delta := s.Combs[c].Delta
		for t := range s.NumSymbols {
			ref := s.sign[:s.NumPilots]
			c64.Scale(ref, s.Sequence(c, t), complex(float32(s.scale), 0))
			for r := range view.NumRx {
				y, v := view.Row(r, t)[delta:], s.v[c][r][t][:len(ref)]
				if s.Group.ConfigType == 1 {
					c64.MulConjEven(v, y, ref)
					continue
				}
				pick := s.pick[:len(ref)]
				for i := 0; i < len(pick); i += 2 {
					pick[i], pick[i+1] = y[3*i], y[3*i+1]
				}
				c64.MulConj(v, pick, ref)
			}
		}
	}
}

// despread writes the pairs of layer l: the mean of both pilots with its code
// in frequency, after its ramp is removed. With cancel, what the layers of
// other UEs on the comb were found to send is taken away first.
func (s *correlator) despread(l, rx int, off *nr.Offsets, cancel bool) {
	ly := &s.Layers[l]
	n := s.NumPilots / 2
	s.fillTurn(l, off.DelaySeconds[ly.UE])
	for r := range rx {
		for t := range s.NumSymbols {
			c64.PairSum(s.pairs[l][r][t][:n], s.v[ly.Comb][r][t], s.turn[l])
		}
		if s.fold {
			s.foldPairs(l, r)
		}
	}
	if !cancel || s.Combs[ly.Comb].NumUEs < 2 {
		return
	}
	for o := range s.Group.NumLayers {
		other := &s.Layers[o]
		if other.Comb == ly.Comb && other.UE != ly.UE && (!s.fold || other.TimeCode == ly.TimeCode) {
			s.cancel(l, o, rx)
		}
	}
}

// fillTurn writes what despreads the pilots of layer l with a delay.
func (s *correlator) fillTurn(l int, delay float64) {
	n := s.NumPilots / 2
	turn, first := s.turn[l][:2*n], s.pick[:n]
	step := 2 * math.Pi * s.SpacingHz * delay
	c64.Ramp(first, 0, step*float64(s.PairPeriod()))
	sin, cos := math.Sincos(step * float64(s.PairGap()))
	code := float32(1-2*s.Layers[l].FreqCode) / 2
	gap := complex(float32(cos)*code, float32(sin)*code)
	for m, x := range first {
		turn[2*m], turn[2*m+1] = complex(real(x)/2, imag(x)/2), x*gap
	}
}

// foldPairs despreads the pairs of both symbols of each double symbol with the
// code of layer l in time.
func (s *correlator) foldPairs(l, r int) {
	n := s.NumPilots / 2
	code := complex(float32(1-2*s.Layers[l].TimeCode)/2, 0)
	for t := range s.numTimes {
		p, a, b := s.pairs[l][r][t][:n], s.pairs[l][r][2*t][:n], s.pairs[l][r][2*t+1][:n]
		for m := range p {
			p[m] = complex(real(a[m])/2, imag(a[m])/2) + b[m]*code
		}
	}
}

// cancel subtracts from the pairs of layer l what those of layer o, of another
// UE on the same comb, add to them. Pairs of layers below l are of this pass,
// others of the last one.
func (s *correlator) cancel(l, o, rx int) {
	n := s.NumPilots / 2
	a, b, leak := s.turn[l][:2*n], s.turn[o][:2*n], s.pick[:n]
	for m := range leak { // the conjugate of −2·Σ a·conj(b)
		v := b[2*m]*conj(a[2*m]) + b[2*m+1]*conj(a[2*m+1])
		leak[m] = complex(-2*real(v), -2*imag(v))
	}
	for r := range rx {
		for t := range s.numTimes {
			mimo.ConjMulAdd(s.pairs[l][r][t][:n], leak, s.pairs[o][r][t])
		}
	}
}

func conj(x complex64) complex64 { return complex(real(x), -imag(x)) }
