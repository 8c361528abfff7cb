// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"errors"
	"math"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// TestPathLoss compares with values worked out by hand from TR 38.901 table 7.4.1-1.
func TestPathLoss(t *testing.T) {
	for _, c := range []struct {
		name     string
		e        Environment
		los      bool
		distance float64
		height   float64
		hz, want float64
	}{
		{"UMa, LOS, 100 m", UMa(), true, 100, 25, 3.5e9, 83.14},
		{"UMa, LOS, 2 km, beyond the break point of 560 m", UMa(), true, 2000, 25, 3.5e9, 121.444},
		{"UMa, NLOS, 300 m", UMa(), false, 300, 25, 3.5e9, 121.28},
		{"UMi, LOS, 50 m", UMi(), true, 50, 10, 28e9, 97.15},
		{"UMi, NLOS, 200 m", UMi(), false, 200, 10, 3.5e9, 115.229},
		{"UMi, nearer than 10 m", UMi(), true, 1, 10, 3.5e9, 66.761},
	} {
		if got := c.e.PathLossDB(c.los, c.distance, c.height, 1.5, c.hz); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s: %.3f dB, want %.2f", c.name, got, c.want)
		}
	}
	e := UMa()
	if p := e.LOSProbability(18); p != 1 {
		t.Errorf("line of sight at 18 m: %v", p)
	}
	if p, want := e.LOSProbability(63), 18./63+math.Exp(-1)*(1-18./63); math.Abs(p-want) > 1e-12 {
		t.Errorf("line of sight at 63 m: %v, want %v", p, want)
	}
}

// TestField has the moments and the correlation of a Gaussian field, over places and seeds.
func TestField(t *testing.T) {
	const corr = 20.0
	mean, power, fourth, at := 0.0, 0.0, 0.0, map[float64]float64{5: 0, 20: 0, 60: 0}
	n := 0.0
	for seed := range uint64(200) {
		f := newField(corr, seed, 1)
		for i := range 10 {
			x, y := float64(i)*200, float64(i%3)*300
			v := f.at(x, y)
			mean, power, fourth, n = mean+v, power+v*v, fourth+v*v*v*v, n+1
			for d := range at {
				at[d] += v * f.at(x+0.6*d, y-0.8*d)
			}
		}
	}
	if mean /= n; math.Abs(mean) > 0.1 {
		t.Errorf("mean %.3f", mean)
	}
	if power /= n; math.Abs(power-1) > 0.1 {
		t.Errorf("variance %.3f", power)
	}
	if kurtosis := fourth / n / power / power; math.Abs(kurtosis-3) > 0.4 {
		t.Errorf("kurtosis %.3f, want that of a Gaussian, 3", kurtosis)
	}
	for d, x := range at {
		if got, want := x/n, math.Exp(-d/corr); math.Abs(got-want) > 0.08 {
			t.Errorf("correlation %.3f at %g m, want %.3f (200 seeds)", got, d, want)
		}
	}
}

// TestTerrain is the same at the same place, near itself near by, and keeps to the share of
// places with a line of sight.
func TestTerrain(t *testing.T) {
	cfg := TerrainConfig{Environment: UMa()}
	seen, expected, step := 0.0, 0.0, 0.0
	for seed := range uint64(60) {
		cfg.Seed = seed
		a, err := NewTerrain(cfg)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := NewTerrain(cfg)
		for i := range 8 {
			sin, cos := math.Sincos(float64(i) * math.Pi / 4)
			x, y := 150*cos, 150*sin
			if a.LossDB(x, y) != b.LossDB(x, y) {
				t.Fatal("two terrains of one seed")
			}
			seen += a.Sight(x, y)
			expected += cfg.Environment.LOSProbability(150)
			step += math.Abs(a.LossDB(x, y)-a.LossDB(x+0.1, y)) / 480
		}
	}
	if math.Abs(seen-expected) > 0.1*480 {
		t.Errorf("line of sight at %.1f of 480 places, want about %.1f", seen, expected)
	}
	if step > 0.6 {
		t.Errorf("%.2f dB on average from one place to another 10 cm away", step)
	}
	a, _ := NewTerrain(cfg)
	if n := testing.AllocsPerRun(100, func() { a.LossDB(30, 40) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestTerrainRefuses what is no terrain, by name.
func TestTerrainRefuses(t *testing.T) {
	for want, cfg := range map[string]TerrainConfig{
		"terrain.environment": {}, "terrain.ue_height": {Environment: UMi(), UEHeight: 20},
		"terrain.base_height": {Environment: UMi(), BaseHeight: 1}, "terrain.carrier_hz": {Environment: UMi(), CarrierHz: math.NaN()},
	} {
		var bad *nr.FieldError
		if _, err := NewTerrain(cfg); !errors.As(err, &bad) || bad.Field != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
