// SPDX-License-Identifier: Apache-2.0

package sync

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// Limits bounds what one Synchronizer can be given; New allocates for it.
type Limits struct {
	MaxPRB    int // PRBs of a group, 1…[nr.MaxPRB]
	MaxRx     int // receive antennas, 1…[nr.MaxRx]
	MaxLayers int // layers of a group, 1…[nr.MaxGroupLayers]
}

// DefaultLimits allows everything that the messages allow.
func DefaultLimits() Limits {
	return Limits{MaxPRB: nr.MaxPRB, MaxRx: nr.MaxRx, MaxLayers: nr.MaxGroupLayers}
}

func (l Limits) validate() error {
	for _, f := range [...]struct {
		name     string
		got, max int
	}{{"MaxPRB", l.MaxPRB, nr.MaxPRB}, {"MaxRx", l.MaxRx, nr.MaxRx}, {"MaxLayers", l.MaxLayers, nr.MaxGroupLayers}} {
		if f.got < 1 || f.got > f.max {
			return &ConfigError{Field: f.name, Got: f.got, Want: fmt.Sprintf("1…%d", f.max)}
		}
	}
	return nil
}

// Synchronizer measures the offsets of one group at a time. Use [New] and
// [Synchronizer.Configure]. One goroutine at a time may use it.
type Synchronizer struct {
	lim Limits
	plan
	ready bool

	ref   [maxLayers][maxPilotSyms][]complex64        // reference of each comb and DM-RS symbol
	v     [maxLayers][maxRx][maxPilotSyms][]complex64 // pilots times conj(reference)
	pairs [maxLayers][maxRx][maxPilotSyms][]complex64 // despread pairs of each layer and symbol
	turn  [maxLayers][2][]complex64                   // conjugate ramp of a layer at both pilots of a pair
	delay delayState
}

// New returns a synchronizer with memory for the given limits. It returns a
// [*ConfigError] for a value outside its range.
func New(lim Limits) (*Synchronizer, error) {
	if err := lim.validate(); err != nil {
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
		s.turn[l][0] = make([]complex64, pilots/2)
		s.turn[l][1] = make([]complex64, pilots/2)
	}
	return s, nil
}

// Configure makes the reference signal of a group, which [nr.NewGroup] must have
// returned. It returns a [*ShapeError] for a group beyond the limits. It does
// not allocate.
//
// TS 38.211 §6.4.1.1.
func (s *Synchronizer) Configure(g *nr.Group) error {
	s.ready = false
	for _, f := range [...]struct {
		field    string
		got, max int
	}{
		{"group.prb", g.NumPRB, s.lim.MaxPRB},
		{"group.layers", g.NumLayers, s.lim.MaxLayers},
		{"group.ues", g.NumUEs, nr.MaxUEs},
		{"group.dmrs_symbols", g.NumDMRSSymbols(), maxPilotSyms},
		{"group.dmrs.config_type", g.ConfigType, 2},
		{"group.dmrs.length", g.Length, 2},
	} {
		if f.got < 1 || f.got > f.max {
			return &ShapeError{f.field, f.got, f.max}
		}
	}
	if g.NumDMRSSymbols()%g.Length != 0 {
		return &ShapeError{"group.dmrs_symbols", g.NumDMRSSymbols(), g.Length}
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
// Estimate returns [ErrNotConfigured] for the pilots of another group and a
// [*ShapeError] if dimensions disagree. It does not allocate.
func (s *Synchronizer) Estimate(dst *nr.Offsets, pilots *nr.Pilots) error {
	if !s.ready || pilots.Group != s.group {
		return ErrNotConfigured
	}
	if pilots.RE.Rank() != 3 {
		return &ShapeError{"pilots.rank", pilots.RE.Rank(), 3}
	}
	view := nr.ViewOf(&pilots.RE)
	switch {
	case view.NumRx < 1 || view.NumRx > s.lim.MaxRx:
		return &ShapeError{"pilots.rx", view.NumRx, s.lim.MaxRx}
	case view.NumSymbols != s.numSyms:
		return &ShapeError{"pilots.symbols", view.NumSymbols, s.numSyms}
	case view.NumSubcarriers != s.group.NumSubcarriers():
		return &ShapeError{"pilots.subcarriers", view.NumSubcarriers, s.group.NumSubcarriers()}
	}
	*dst = nr.Offsets{}
	s.removeReference(&view)
	for pass := range s.passes() {
		for l := range s.group.NumLayers {
			s.despread(l, view.NumRx, dst, pass > 0)
		}
		for u := range s.group.NumUEs {
			s.updateDelay(dst, u, view.NumRx)
			s.updateCFO(dst, u, view.NumRx)
		}
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
				y := view.Row(r, t)[delta:]
				v := s.v[c][r][t][:len(ref)]
				if s.group.ConfigType == 1 {
					for i, x := range ref {
						v[i] = y[2*i] * complex(real(x), -imag(x))
					}
					continue
				}
				for i, x := range ref {
					v[i] = y[i>>1*6+i&1] * complex(real(x), -imag(x))
				}
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
	step := 2 * math.Pi * s.spacing * off.DelaySeconds[ly.ue]
	first, second := s.turn[l][0][:n], s.turn[l][1][:n]
	fillRamp(first, step*float64(s.period))
	sin, cos := math.Sincos(step * float64(s.gap))
	gap := complex(float32(cos), float32(sin))
	for m, x := range first {
		second[m] = x * gap
	}
	code := complex(float32(1-2*ly.fd)/2, 0)
	for r := range rx {
		for t := range s.numSyms {
			v, p := s.v[ly.comb][r][t], s.pairs[l][r][t][:n]
			for m := range p {
				x := v[2*m] * first[m]
				y := v[2*m+1] * second[m]
				p[m] = complex(real(x)/2, imag(x)/2) + y*code
			}
		}
		if s.fold {
			s.foldPairs(l, r)
		}
		if !cancel || s.combs[ly.comb].numUEs < 2 {
			continue
		}
		for t := range s.numTimes {
			s.cancel(l, r, t)
		}
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

// cancel subtracts from the pairs of layer l what the other UEs of its comb add
// to them, as their own pairs say. Layers below l are of this pass, others of
// the last one.
func (s *Synchronizer) cancel(l, r, t int) {
	ly := &s.layers[l]
	n := s.numPilots / 2
	p := s.pairs[l][r][t][:n]
	for o := range s.group.NumLayers {
		other := &s.layers[o]
		if other.comb != ly.comb || other.ue == ly.ue || s.fold && other.td != ly.td {
			continue
		}
		sign := complex(float32(1-2*(ly.fd^other.fd)), 0)
		q := s.pairs[o][r][t][:n]
		a0, a1 := s.turn[l][0][:n], s.turn[l][1][:n]
		b0, b1 := s.turn[o][0][:n], s.turn[o][1][:n]
		for m := range p {
			leak := a0[m]*conj(b0[m]) + sign*a1[m]*conj(b1[m])
			p[m] -= complex(real(leak)/2, imag(leak)/2) * q[m]
		}
	}
}

func conj(x complex64) complex64 { return complex(real(x), -imag(x)) }

// fillRamp writes exp(j·step·k) for k = 0, 1, … with a recurrence that restarts
// before it loses precision.
func fillRamp(dst []complex64, step float64) {
	const restart = 64
	sin, cos := math.Sincos(step)
	turn := complex(cos, sin)
	var z complex128
	for k := range dst {
		if k%restart == 0 {
			s, c := math.Sincos(step * float64(k))
			z = complex(c, s)
		}
		dst[k] = complex64(z)
		z *= turn
	}
}
