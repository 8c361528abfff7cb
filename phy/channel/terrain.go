// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"math"
	"math/rand/v2"

	"github.com/neuroran/neuroran/phy/nr"
)

// TerrainConfig describes the surroundings of one base station, which stands at (0, 0). It is
// passed by value.
//
// TR 38.901 §7.2 and §7.4.
type TerrainConfig struct {
	Environment Environment
	BaseHeight  float64 // of its antenna, m; 0 stands for 25
	UEHeight    float64 // of those of UEs, m; 0 stands for 1.5
	CarrierHz   float64 // 0.5…100 GHz; 0 stands for 3.5 GHz
	Seed        uint64  // everything random follows from it
}

// Validate reports the first field out of range, as a [*nr.FieldError].
func (c *TerrainConfig) Validate() error {
	x := c.withDefaults()
	switch {
	case !(x.Environment.CorrLOS > 0 && x.Environment.CorrNLOS > 0 && x.Environment.CorrState > 0):
		return &nr.FieldError{Field: "terrain.environment", Got: x.Environment.Name, Want: "UMa or UMi"}
	case !(x.UEHeight >= 1.5 && x.UEHeight < 13):
		return &nr.FieldError{Field: "terrain.ue_height", Got: c.UEHeight, Want: "1.5…13 m"}
	case !(x.BaseHeight > x.UEHeight && x.BaseHeight <= 150):
		return &nr.FieldError{Field: "terrain.base_height", Got: c.BaseHeight, Want: "above UEs, at most 150 m"}
	case !(x.CarrierHz >= 0.5e9 && x.CarrierHz <= 100e9):
		return &nr.FieldError{Field: "terrain.carrier_hz", Got: c.CarrierHz, Want: "0.5…100 GHz"}
	}
	return nil
}

func (c TerrainConfig) withDefaults() TerrainConfig {
	set := func(p *float64, usual float64) {
		if *p == 0 {
			*p = usual
		}
	}
	set(&c.BaseHeight, 25)
	set(&c.UEHeight, 1.5)
	set(&c.CarrierHz, 3.5e9)
	return c
}

// Terrain is the loss between a base station and every place around it. It is the same
// whenever one comes back to a place, and about the same near by: whether there is a line of
// sight, and shadowing with and without one, are Gaussian fields whose correlation
// falls exponentially with distance. A Terrain is immutable and may be shared.
//
// TR 38.901 §7.4.4 (shadowing) and §7.6.3 (spatial consistency).
type Terrain struct {
	cfg              TerrainConfig
	state, los, nlos field
	sharpness        float64 // of the border of the line of sight
}

// NewTerrain returns the terrain of a configuration. It returns the errors of
// [TerrainConfig.Validate].
func NewTerrain(cfg TerrainConfig) (*Terrain, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	e := &cfg.Environment
	return &Terrain{
		cfg: cfg, sharpness: math.Sqrt(20 * cfg.CarrierHz / lightSpeed),
		state: newField(e.CorrState, cfg.Seed, 1), los: newField(e.CorrLOS, cfg.Seed, 2), nlos: newField(e.CorrNLOS, cfg.Seed, 3),
	}, nil
}

// Config returns the configuration with its defaults filled in.
func (t *Terrain) Config() TerrainConfig { return t.cfg }

// LossDB returns path loss and shadowing at a place, metres from the base station. It does not
// allocate.
func (t *Terrain) LossDB(x, y float64) float64 {
	e, d := &t.cfg.Environment, math.Hypot(x, y)
	sight := t.Sight(x, y)
	gain := 0.0
	for _, way := range [...]struct {
		los           bool
		share, spread float64
		shadow        *field
	}{{true, sight * sight, e.ShadowLOSdB, &t.los}, {false, 1 - sight*sight, e.ShadowNLOSdB, &t.nlos}} {
		if way.share > 0 {
			loss := e.PathLossDB(way.los, d, t.cfg.BaseHeight, t.cfg.UEHeight, t.cfg.CarrierHz) + way.spread*way.shadow.at(x, y)
			gain += way.share * math.Pow(10, -loss/10)
		}
	}
	return -10 * math.Log10(gain)
}

// Sight returns how much of a line of sight there is at a place: 1 for all of it, 0 for none,
// and something between on the border.
//
// TR 38.901 §7.6.3.3, the soft LOS state.
func (t *Terrain) Sight(x, y float64) float64 {
	p := t.cfg.Environment.LOSProbability(math.Hypot(x, y))
	if p >= 1 {
		return 1
	}
	f := math.Sqrt2 * math.Erfinv(2*p-1)
	return 0.5 + math.Atan(t.sharpness*(t.state.at(x, y)+f))/math.Pi
}

// field is a Gaussian random field of mean 0 and variance 1 over the plane whose correlation
// is exp(−distance/D): a sum of plane waves with random directions, phases and wave numbers,
// drawn from the spectrum of that correlation, (1 + k²D²)^(−3/2).
type field []wave

type wave struct{ kx, ky, phase float64 }

// waves is how many plane waves make a field.
const waves = 400

// newField draws a field.
func newField(corr float64, seed, purpose uint64) field {
	rng := rand.New(rand.NewPCG(seed, 0x6669656c64<<8|purpose)) // "field"
	f := make(field, waves)
	for i := range f {
		// The share of the spectrum below k is 1 − 1/√(1 + k²D²).
		u := (float64(i) + rng.Float64()) / waves
		k := math.Sqrt(1/((1-u)*(1-u))-1) / corr
		sin, cos := math.Sincos(2 * math.Pi * rng.Float64())
		f[i] = wave{k * cos, k * sin, 2 * math.Pi * rng.Float64()}
	}
	return f
}

// at returns the value at a place.
func (f field) at(x, y float64) float64 {
	sum := 0.0
	for i := range f {
		sum += math.Cos(f[i].kx*x + f[i].ky*y + f[i].phase)
	}
	return sum * math.Sqrt(2/float64(len(f)))
}
