// SPDX-License-Identifier: Apache-2.0

package chest

import (
	"math"

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
	delay [maxLayers]float64                          // delay taken out of each comb, s
	cfo   [maxLayers]float64                          // carrier offset taken out of each comb, Hz

	noise    noiseMeter
	ls       lsState
	lmmse    lmmseState
	noiseCov [maxRx * maxRx]complex128
	noiseVar float64 // mean of the diagonal of noiseCov
}

// New returns an estimator with memory for the given limits. It returns a
// [*ConfigError] for a value outside its range.
func New(cfg Config, lim Limits) (*Estimator, error) {
	if err := lim.validate(); err != nil {
		return nil, err
	}
	if cfg.Method > LMMSE {
		return nil, &ConfigError{Field: "Method", Got: int(cfg.Method), Want: "LS or LMMSE"}
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
	e.mix = make([]complex64, pilots)
	e.ls.init(pilots)
	if cfg.Method == LMMSE {
		e.lmmse.init(lim)
	}
	return e, nil
}

// Configure makes the reference signal of a group, which [nr.NewGroup] must have
// returned. It returns a [*ShapeError] for a group beyond the limits. It does
// not allocate.
//
// TS 38.211 §6.4.1.1.
func (e *Estimator) Configure(g *nr.Group) error {
	e.ready = false
	for _, f := range [...]struct {
		field    string
		got, max int
	}{
		{"group.prb", g.NumPRB, e.lim.MaxPRB},
		{"group.layers", g.NumLayers, e.lim.MaxLayers},
		{"group.ues", g.NumUEs, nr.MaxUEs},
		{"group.dmrs_symbols", g.NumDMRSSymbols(), maxPilotSyms},
		{"group.symbols", g.StartSymbol + g.NumSymbols, nr.SymbolsPerSlot},
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
// Estimate returns [ErrNotConfigured] for the pilots of another group and a
// [*ShapeError] if dimensions disagree. It allocates only when a tensor of dst
// has to grow.
func (e *Estimator) Estimate(dst *nr.Channel, pilots *nr.Pilots, off *nr.Offsets) error {
	if !e.ready || pilots.Group != e.group {
		return ErrNotConfigured
	}
	rx, err := e.checkPilots(pilots)
	if err != nil {
		return err
	}
	view := nr.ViewOf(&pilots.RE)
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

func (e *Estimator) checkPilots(p *nr.Pilots) (rx int, err error) {
	if p.RE.Rank() != 3 {
		return 0, &ShapeError{"pilots.rank", p.RE.Rank(), 3}
	}
	rx = p.RE.Dim(0)
	if rx < 1 || rx > e.lim.MaxRx {
		return 0, &ShapeError{"pilots.rx", rx, e.lim.MaxRx}
	}
	if p.RE.Dim(1) != e.numSyms {
		return 0, &ShapeError{"pilots.symbols", p.RE.Dim(1), e.numSyms}
	}
	if p.RE.Dim(2) != e.group.NumSubcarriers() {
		return 0, &ShapeError{"pilots.subcarriers", p.RE.Dim(2), e.group.NumSubcarriers()}
	}
	return rx, nil
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
		fillRamp(e.ramp[c][:e.group.NumSubcarriers()], -2*math.Pi*e.spacing*tau)
		for s := range e.numSyms {
			e.fillMix(c, s)
			for r := range view.NumRx {
				y := view.Row(r, s)
				u := e.u[c][r][s][:e.numPilots]
				mix := e.mix[:len(u)]
				if e.group.ConfigType == 1 {
					y = y[cb.delta:]
					for i := range u {
						u[i] = y[2*i] * mix[i]
					}
					continue
				}
				for i := range u {
					u[i] = y[i>>1*6+i&1+cb.delta] * mix[i]
				}
			}
		}
	}
}

// fillMix computes conj(reference · ramp · rotation)/β of comb c in the s-th
// DM-RS symbol.
func (e *Estimator) fillMix(c, s int) {
	ref, ramp, delta := e.ref[c][s], e.ramp[c], e.combs[c].delta
	sin, cos := math.Sincos(-2 * math.Pi * e.cfo[c] * e.dmrsTime[s])
	rot := complex(float32(cos/e.beta), float32(sin/e.beta))
	for i := range e.mix[:e.numPilots] {
		m := ref[i] * ramp[e.pilotAt(i)+delta]
		e.mix[i] = complex(real(m), -imag(m)) * rot
	}
}

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

// rotation returns exp(j2πf·t) of layer l in symbol s of the allocation: what
// the carrier offset of its comb adds to the weights.
func (e *Estimator) rotation(l, s int) complex128 {
	sin, cos := math.Sincos(2 * math.Pi * e.cfo[e.layers[l].comb] * e.symTime[e.group.StartSymbol+s])
	return complex(cos, sin)
}
