// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/internal/simd/mimo"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// Limits bounds what one Synchronizer can be given; New allocates for it.
type Limits = nr.GroupLimits

// DefaultLimits allows everything that the messages allow.
func DefaultLimits() Limits { return nr.DefaultGroupLimits() }

// Synchronizer measures the offsets of one group at a time. Use [New] and
// [Synchronizer.Configure]. One goroutine at a time may use it.
type Synchronizer struct {
	lim Limits
	plan
	ready bool

	ref   [maxLayers][maxPilotSyms][]complex64        // reference of each comb and DM-RS symbol
	v     [maxLayers][maxRx][maxPilotSyms][]complex64 // pilots times conj(reference)
	pairs [maxLayers][maxRx][maxPilotSyms][]complex64 // despread pairs of each layer and symbol
	turn  [maxLayers][]complex64                      // code of a layer times its conjugate ramp, over 2
	pick  []complex64                                 // pilots of one antenna and symbol
	delay delayState
}

// New returns a synchronizer with memory for the given limits. It returns a
// [*nr.FieldError] for a value outside its range.
func New(lim Limits) (*Synchronizer, error) {
	if err := lim.Validate(); err != nil {
		return nil, err
	}
	s := &Synchronizer{lim: lim}
	pilots := lim.MaxPRB * dmrs.PilotsPerPRB(1)
	for l := range lim.MaxLayers {
		for t := range maxPilotSyms {
			s.ref[l][t] = make([]complex64, pilots)
			for r := range lim.MaxRx {
				s.v[l][r][t] = make([]complex64, pilots)
				s.pairs[l][r][t] = make([]complex64, pilots/2)
			}
		}
		s.turn[l] = make([]complex64, pilots)
	}
	s.pick = make([]complex64, pilots)
	s.delay.init(pilots / 2)
	return s, nil
}

// Configure makes the reference signal of a group, which [nr.NewGroup] must have
// returned. It returns a [*nr.ShapeError] for a group beyond the limits. It does
// not allocate.
//
// TS 38.211 §6.4.1.1.
func (s *Synchronizer) Configure(g *nr.Group) error {
	s.ready = false
	if err := s.lim.Check("sync", g); err != nil {
		return err
	}
	s.plan = makePlan(g)
	for c := range s.numCombs {
		cb := &s.combs[c]
		for t := range s.numSyms {
			cInit := dmrs.CInit(g.Mu, g.Slot, s.symbol[t], cb.nid, cb.scid)
			dmrs.Sequence(s.ref[c][t][:s.numPilots], g.ConfigType, g.StartCRB, cInit)
		}
	}
	s.ready = true
	return nil
}

// Estimate measures delay and carrier offset of every UE of the configured
// group.
//
//   - dst: is replaced
//   - pilots: [rx, DM-RS symbol, 12·NumPRB] of the configured group
//
// Each pass removes what is known so far and measures what remains; where UEs
// share a CDM group, it also takes away the others' pilots as last estimated.
//
// Estimate returns [nr.ErrNotConfigured] for the pilots of another group and a
// [*nr.ShapeError] if dimensions disagree. It does not allocate.
func (s *Synchronizer) Estimate(dst *nr.Offsets, pilots *nr.Pilots) error {
	if !s.ready {
		return fmt.Errorf("sync: %w", nr.ErrNotConfigured)
	}
	if err := s.lim.CheckPilots("sync", &s.group, pilots); err != nil {
		return err
	}
	view := nr.ViewOf(&pilots.RE)
	*dst = nr.Offsets{}
	s.removeReference(&view)
	for pass := range s.passes() {
		for l := range s.group.NumLayers {
			s.despread(l, view.NumRx, dst, pass > 0)
		}
		for u := range s.group.NumUEs {
			s.updateDelay(dst, u, view.NumRx)
		}
	}
	for u := range s.group.NumUEs {
		s.updateCFO(dst, u, view.NumRx)
	}
	return nil
}

// passes returns how often the offsets are measured: a second time with the
// ramp removed, more often where UEs must be told apart.
func (s *Synchronizer) passes() int {
	for c := range s.numCombs {
		if s.combs[c].numUEs > 1 {
			return 4
		}
	}
	return 2
}

func (s *Synchronizer) removeReference(view *nr.View) {
	for c := range s.numCombs {
		delta := s.combs[c].delta
		for t := range s.numSyms {
			ref := s.ref[c][t][:s.numPilots]
			for r := range view.NumRx {
				y, v := view.Row(r, t)[delta:], s.v[c][r][t][:len(ref)]
				if s.group.ConfigType == 1 {
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
func (s *Synchronizer) despread(l, rx int, off *nr.Offsets, cancel bool) {
	ly := &s.layers[l]
	n := s.numPilots / 2
	s.fillTurn(l, off.DelaySeconds[ly.ue])
	for r := range rx {
		for t := range s.numSyms {
			c64.PairSum(s.pairs[l][r][t][:n], s.v[ly.comb][r][t], s.turn[l])
		}
		if s.fold {
			s.foldPairs(l, r)
		}
	}
	if !cancel || s.combs[ly.comb].numUEs < 2 {
		return
	}
	for o := range s.group.NumLayers {
		other := &s.layers[o]
		if other.comb == ly.comb && other.ue != ly.ue && (!s.fold || other.td == ly.td) {
			s.cancel(l, o, rx)
		}
	}
}

// fillTurn writes what despreads the pilots of layer l with a delay.
func (s *Synchronizer) fillTurn(l int, delay float64) {
	n := s.numPilots / 2
	turn, first := s.turn[l][:2*n], s.pick[:n]
	step := 2 * math.Pi * s.spacing * delay
	c64.Ramp(first, 0, step*float64(s.period))
	sin, cos := math.Sincos(step * float64(s.gap))
	code := float32(1-2*s.layers[l].fd) / 2
	gap := complex(float32(cos)*code, float32(sin)*code)
	for m, x := range first {
		turn[2*m], turn[2*m+1] = complex(real(x)/2, imag(x)/2), x*gap
	}
}

// foldPairs despreads the pairs of both symbols of each double symbol with the
// code of layer l in time.
func (s *Synchronizer) foldPairs(l, r int) {
	n := s.numPilots / 2
	code := complex(float32(1-2*s.layers[l].td)/2, 0)
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
func (s *Synchronizer) cancel(l, o, rx int) {
	n := s.numPilots / 2
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
