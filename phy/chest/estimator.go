// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"fmt"
	"math"

	"github.com/neuroran/neuroran/internal/simd/c64"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/nr"
)

// Estimator estimates the channel of one group at a time. Use [New] and
// [Estimator.Configure]. One goroutine at a time may use it.
type Estimator struct {
	cfg Config
	lim Limits
	plan
	ready bool

	ref   [maxLayers][maxPilotSyms][]complex64        // reference of each comb and DM-RS symbol
	u     [maxLayers][maxRx][maxPilotSyms][]complex64 // pilots over the reference, without delay and rotation
	ramp  [maxLayers][]complex64                      // exp(−j2πkΔf·τ) of each comb, to put the delay back
	mix   []complex64                                 // what turns pilots into u
	back  []complex64                                 // conjugate ramp at the pilots of a comb
	pick  []complex64                                 // pilots of one antenna and symbol
	off   nr.Offsets                                  // of the UEs
	delay [maxLayers]float64                          // delay taken out of each comb, s
	cfo   [maxLayers]float64                          // carrier offset taken out of each comb, Hz

	noise    noiseMeter
	ls       lsState
	lmmse    lmmseState
	noiseCov [maxRx * maxRx]complex128
	noiseVar float64 // mean of the diagonal of noiseCov
}

// New returns an estimator with memory for the given limits. It returns a
// [*nr.FieldError] for a value outside its range.
func New(cfg Config, lim Limits) (*Estimator, error) {
	if err := lim.Validate(); err != nil {
		return nil, err
	}
	if cfg.Method > LMMSE {
		return nil, &nr.FieldError{Field: "method", Got: cfg.Method, Want: "ls or lmmse"}
	}
	e := &Estimator{cfg: cfg, lim: lim}
	pilots := lim.MaxPRB * dmrs.PilotsPerPRB(1)
	for c := range lim.MaxLayers {
		e.ramp[c] = make([]complex64, lim.MaxPRB*nr.SubcarriersPerPRB)
		for s := range maxPilotSyms {
			e.ref[c][s] = make([]complex64, pilots)
			for r := range lim.MaxRx {
				e.u[c][r][s] = make([]complex64, pilots)
			}
		}
	}
	e.mix, e.back, e.pick = make([]complex64, pilots), make([]complex64, pilots), make([]complex64, pilots)
	e.ls.init(pilots)
	initNoise(lim)
	if cfg.Method == LMMSE {
		e.lmmse.init(lim)
	}
	return e, nil
}

// Configure makes the reference signal of a group, which [nr.NewGroup] must have
// returned. It returns a [*nr.ShapeError] for a group beyond the limits. It does
// not allocate.
//
// TS 38.211 §6.4.1.1.
func (e *Estimator) Configure(g *nr.Group) error {
	e.ready = false
	if err := e.lim.Check("chest", g); err != nil {
		return err
	}
	e.plan = makePlan(g)
	for c := range e.numCombs {
		s := 0
		for l := range nr.SymbolsPerSlot {
			if !g.IsDMRS(l) {
				continue
			}
			cInit := dmrs.CInit(g.Mu, g.Slot, l, e.combs[c].nid, e.combs[c].scid)
			dmrs.Sequence(e.ref[c][s][:e.numPilots], g.ConfigType, g.StartCRB, cInit)
			s++
		}
	}
	e.ready = true
	return nil
}

// Estimate writes the channel of the configured group.
//
//   - dst: all fields are replaced, tensors resized
//   - pilots: [rx, DM-RS symbol, 12·NumPRB] of the configured group
//   - off: delay and carrier offset of each UE, as phy/sync measures them; zero
//     values are allowed
//
// Estimate returns [nr.ErrNotConfigured] for the pilots of another group and a
// [*nr.ShapeError] if dimensions disagree. It allocates only when a tensor of dst
// has to grow.
func (e *Estimator) Estimate(dst *nr.Channel, pilots *nr.Pilots, off *nr.Offsets) error {
	if !e.ready {
		return fmt.Errorf("chest: %w", nr.ErrNotConfigured)
	}
	if err := e.lim.CheckPilots("chest", &e.group, pilots); err != nil {
		return err
	}
	view := nr.ViewOf(&pilots.RE)
	rx := view.NumRx
	e.off = *off
	e.despread(&view, off)
	e.measureNoise(&view)
	dst.Group, dst.Offsets = e.group, *off
	dst.NoiseCov.Resize(rx, rx)
	for i, v := range e.noiseCov[:rx*rx] {
		dst.NoiseCov.Data()[i] = complex64(v)
	}
	dst.ErrorVar.Resize(e.group.NumLayers, e.group.NumSymbols)
	dst.SNR = [nr.MaxUEs]float32{}
	if e.cfg.Method == LS {
		e.estimateLS(dst, rx)
	} else {
		e.estimateLMMSE(dst, rx)
	}
	return nil
}

// despread fills u: the pilots of each comb over reference, amplitude, delay
// ramp and rotation. The layers' codes remain.
func (e *Estimator) despread(view *nr.View, off *nr.Offsets) {
	for c := range e.numCombs {
		cb := &e.combs[c]
		tau, f := 0.0, 0.0
		for _, l := range cb.layers[:cb.numLayers] {
			tau += off.DelaySeconds[e.layers[l].ue] / float64(cb.numLayers)
			f += off.CFOHz[e.layers[l].ue] / float64(cb.numLayers)
		}
		e.delay[c], e.cfo[c] = tau, f
		c64.Ramp(e.ramp[c][:e.group.NumSubcarriers()], 0, -2*math.Pi*e.spacing*tau)
		e.fillBack(c)
		for s := range e.numSyms {
			e.fillMix(c, s)
			for r := range view.NumRx {
				y, u := view.Row(r, s)[cb.delta:], e.u[c][r][s][:e.numPilots]
				if e.group.ConfigType == 1 {
					c64.MulEven(u, y, e.mix[:len(u)])
					continue
				}
				pick := e.pick[:len(u)]
				for i := 0; i < len(pick); i += 2 {
					pick[i], pick[i+1] = y[3*i], y[3*i+1]
				}
				c64.Mul(u, pick, e.mix[:len(u)])
			}
		}
	}
}

// fillBack computes what takes the delay of comb c out of its pilots.
func (e *Estimator) fillBack(c int) {
	step := 2 * math.Pi * e.spacing * e.delay[c]
	first := step * float64(e.combs[c].delta)
	back := e.back[:e.numPilots]
	if e.group.ConfigType == 1 {
		c64.Ramp(back, first, 2*step)
		return
	}
	pairs := e.pick[:len(back)/2]
	c64.Ramp(pairs, first, 6*step)
	sin, cos := math.Sincos(step)
	gap := complex(float32(cos), float32(sin))
	for m, x := range pairs {
		back[2*m], back[2*m+1] = x, x*gap
	}
}

// fillMix computes conj(reference · ramp · rotation)/β of comb c in the s-th
// DM-RS symbol.
func (e *Estimator) fillMix(c, s int) {
	sin, cos := math.Sincos(-2 * math.Pi * e.cfo[c] * e.dmrsTime[s])
	mix := e.mix[:e.numPilots]
	c64.MulConj(mix, e.back, e.ref[c][s])
	c64.Scale(mix, mix, complex(float32(cos/e.beta), float32(sin/e.beta)))
}

// rotation returns exp(j2πf·t) in symbol s of the allocation: what a carrier
// offset of f Hz adds to the weights.
func (e *Estimator) rotation(f float64, s int) complex128 {
	sin, cos := math.Sincos(2 * math.Pi * f * e.symTime[e.group.StartSymbol+s])
	return complex(cos, sin)
}
