// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"math"
	"math/rand/v2"
)

// TDL is a tapped delay line with fading. Use [New]. One goroutine at a time may
// use it.
//
// TS 38.104 annex G.2, with profiles after TR 38.901 §7.7.2.
type TDL struct {
	cfg    Config
	delays []float64  // of each tap with the configured delay, s
	amps   []float64  // amplitude of each tap
	waves  []sinusoid // [rx, tx, tap, sinusoid]

	coef  []complex64 // scratch: coefficients of one pair of antennas
	taps  tapFilter
	steer steering
}

// sinusoid is one plane wave of a tap.
type sinusoid struct {
	hz    float64 // Doppler shift
	phase float64 // rad
}

// New returns the channel of a configuration. It returns a [*nr.FieldError] for a
// value outside its range.
func New(cfg Config) (*TDL, error) {
	if len(cfg.Profile.Taps) == 0 {
		cfg.Profile = Flat()
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	t := &TDL{cfg: cfg, amps: cfg.Profile.amplitudes()}
	for _, tap := range cfg.Profile.Taps {
		t.delays = append(t.delays, tap.DelaySeconds+cfg.DelaySeconds)
	}
	t.coef = make([]complex64, len(t.delays))
	t.waves = make([]sinusoid, cfg.NumRx*cfg.NumTx*len(t.delays)*sinusoids)
	t.Reset(cfg.Seed)
	return t, nil
}

// Config returns the configuration.
func (t *TDL) Config() Config { return t.cfg }

// Reset draws the fading anew from a seed. It does not allocate.
//
// Each tap is a sum of plane waves from directions that are random around
// equally spaced ones (Xiao, Zheng and Beaulieu 2006, as in Sionna), so that its
// autocorrelation in time is J0(2π·DopplerHz·t) on average over seeds.
func (t *TDL) Reset(seed uint64) {
	t.cfg.Seed = seed
	src := rand.NewPCG(seed, 0x6368616e6e656c) // "channel"
	rng := rand.New(src)
	for i := range t.waves {
		at := (float64(i%sinusoids) + rng.Float64()) / sinusoids
		t.waves[i] = sinusoid{
			hz:    t.cfg.DopplerHz * math.Cos(2*math.Pi*at),
			phase: 2 * math.Pi * rng.Float64(),
		}
	}
}

// coefficients writes the gain of every tap between two antennas at an instant.
func (t *TDL) coefficients(rx, tx int, seconds float64) []complex64 {
	n := len(t.delays)
	if t.cfg.Static {
		for i, a := range t.amps {
			t.coef[i] = complex(float32(a), 0)
		}
		return t.coef
	}
	waves := t.waves[(rx*t.cfg.NumTx+tx)*n*sinusoids:]
	norm := 1 / math.Sqrt(sinusoids)
	for i, a := range t.amps {
		var re, im float64
		for _, w := range waves[i*sinusoids : (i+1)*sinusoids] {
			sin, cos := math.Sincos(2*math.Pi*w.hz*seconds + w.phase)
			re += cos
			im += sin
		}
		t.coef[i] = complex(float32(re*a*norm), float32(im*a*norm))
	}
	return t.coef
}

// Response writes the frequency response between two antennas at an instant, at
// the frequencies firstHz, firstHz+stepHz, … It includes the configured delay,
// not the carrier offset. It does not allocate.
func (t *TDL) Response(dst []complex64, rx, tx int, seconds, firstHz, stepHz float64) {
	clear(dst)
	for i, a := range t.coefficients(rx, tx, seconds) {
		sin, cos := math.Sincos(-2 * math.Pi * firstHz * t.delays[i])
		z := complex128(a) * complex(cos, sin)
		sin, cos = math.Sincos(-2 * math.Pi * stepHz * t.delays[i])
		turn := complex(cos, sin)
		for k := range dst {
			dst[k] += complex64(z)
			z *= turn
		}
	}
}
