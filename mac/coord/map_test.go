// SPDX-License-Identifier: Apache-2.0

package coord

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// hills is something to learn, without noise.
func hills(x, y float64) float64 {
	return 10 + 8*math.Sin(x/60) + 6*math.Cos(y/80) - math.Hypot(x-200, y-200)/30
}

func samplesOf(n int, noiseDB float64) []Sample {
	rng := rand.New(rand.NewPCG(1, 2))
	samples := make([]Sample, n)
	for i := range samples {
		x, y := 400*rng.Float64(), 400*rng.Float64()
		samples[i] = Sample{x, y, float32(hills(x, y) + noiseDB*rng.NormFloat64())}
	}
	return samples
}

// TestTrain learns a landscape from noisy samples, twice the same, within 1 kB.
func TestTrain(t *testing.T) {
	cfg := Config{Width: 400, Height: 400}
	m, err := Train(cfg, samplesOf(20000, 3))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Train(cfg, samplesOf(20000, 3))
	if err != nil {
		t.Fatal(err)
	}
	sum, n := 0.0, 0.0
	for x := 3.0; x < 400; x += 7 {
		for y := 3.0; y < 400; y += 7 {
			d := float64(m.SINRdB(x, y)) - hills(x, y)
			sum, n = sum+d*d, n+1
			if m.SINRdB(x, y) != again.SINRdB(x, y) {
				t.Fatal("two maps of the same samples")
			}
		}
	}
	if rms := math.Sqrt(sum / n); rms > 0.5 {
		t.Errorf("off by %.2f dB from samples with 3 dB of noise", rms)
	}
	b, err := m.MarshalBinary()
	if err != nil || len(b) > 1024 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	var back Map
	if err := back.UnmarshalBinary(b); err != nil || back.SINRdB(123, 45) != m.SINRdB(123, 45) {
		t.Errorf("%v after a way through bytes: %v", back.SINRdB(123, 45), err)
	}
	if n := testing.AllocsPerRun(100, func() { m.SINRdB(30, 40) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestHoles fills places without samples from those around, and goes on beyond the border.
func TestHoles(t *testing.T) {
	m, err := Train(Config{Width: 100, Height: 100, Columns: 11, Rows: 11}, []Sample{{0, 0, 10}, {100, 100, 10}, {100, 0, 10}})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range [][2]float64{{50, 50}, {-1e9, 3}, {1e300, 1e300}, {math.NaN(), math.Inf(1)}, {0, 100}} {
		if got := m.SINRdB(at[0], at[1]); math.Abs(float64(got)-10) > 0.1 {
			t.Errorf("at %v: %v dB, want 10", at, got)
		}
	}
	if m, err = Train(Config{Columns: 1, Rows: 1, Width: 1, Height: 1}, []Sample{{0, 0, 3}, {9, 9, 5}}); err != nil || math.Abs(float64(m.SINRdB(7, 7))-4) > 0.01 {
		t.Errorf("a map of one point: %v, %v", m, err)
	}
}

// TestRefusals lists what cannot be learned, or read.
func TestRefusals(t *testing.T) {
	good := []Sample{{1, 1, 1}}
	for name, f := range map[string]func() error{
		"no samples":  func() error { _, err := Train(Config{Width: 1, Height: 1}, nil); return err },
		"no area":     func() error { _, err := Train(Config{}, good); return err },
		"too fine":    func() error { _, err := Train(Config{Width: 1, Height: 1, Columns: 50, Rows: 50}, good); return err },
		"NaN":         func() error { _, err := Train(Config{Width: math.NaN(), Height: 1}, good); return err },
		"bad sample":  func() error { _, err := Train(Config{Width: 1, Height: 1}, []Sample{{math.NaN(), 0, 0}}); return err },
		"stiff":       func() error { _, err := Train(Config{Width: 1, Height: 1, Smoothness: -1}, good); return err },
		"no bytes":    func() error { return new(Map).UnmarshalBinary(nil) },
		"other magic": func() error { return new(Map).UnmarshalBinary(make([]byte, 100)) },
		"fewer levels": func() error {
			return new(Map).UnmarshalBinary(append([]byte(magic+"\x02\x02\x00"), make([]byte, 22)...))
		},
	} {
		var bad *nr.FieldError
		if err := f(); !errors.As(err, &bad) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestTell sets the quality of a UE of a cell by its place.
func TestTell(t *testing.T) {
	m, err := Train(Config{Width: 400, Height: 400}, samplesOf(5000, 0))
	if err != nil {
		t.Fatal(err)
	}
	c, err := mac.New(mac.Config{Carrier: nr.Carrier{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 512}})
	if err != nil {
		t.Fatal(err)
	}
	g := nr.Grant{NumLayers: 1, NumAntennaPorts: 1, Mapping: nr.MappingA, NumSymbols: 14, MCSTable: nr.MCSTable64QAM, DMRS: nr.DMRS{ConfigType: 1, Length: 1, TypeAPosition: 2, NumCDMGroupsWithoutData: 2}}
	if m.Tell(c, 7, 0, 100, 100) {
		t.Error("a UE that is not there")
	}
	if err := c.Attach(7, mac.UEConfig{Grant: g}); err != nil {
		t.Fatal(err)
	}
	if !m.Tell(c, 7, 0, 100, 100) {
		t.Error("not told")
	}
	if u, _ := c.UE(7); u.Quality[3] != m.SINRdB(100, 100) || !u.Sounded {
		t.Errorf("quality %v, want %v", u.Quality[3], m.SINRdB(100, 100))
	}
}

// FuzzMap reads maps: those that are refused say so, those that are read answer everywhere.
func FuzzMap(f *testing.F) {
	m, err := Train(Config{Width: 40, Height: 40, Columns: 3, Rows: 2}, samplesOf(10, 0))
	if err != nil {
		f.Fatal(err)
	}
	b, _ := m.MarshalBinary()
	f.Add(b, 3.0, 4.0)
	f.Add([]byte(magic), math.Inf(-1), 1e300)
	f.Fuzz(func(t *testing.T, b []byte, x, y float64) {
		var m Map
		if m.UnmarshalBinary(b) != nil {
			return
		}
		if v := m.SINRdB(x, y); !(v >= -100.001 && v <= 100.001) {
			t.Errorf("%v dB at (%v, %v)", v, x, y)
		}
		if again, err := m.MarshalBinary(); err != nil || len(again) != len(b) {
			t.Errorf("%d bytes of %d, %v", len(again), len(b), err)
		}
	})
}

func BenchmarkSINRdB(b *testing.B) {
	m, err := Train(Config{Width: 400, Height: 400}, samplesOf(5000, 0))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	x := 0.0
	for b.Loop() {
		m.SINRdB(x, 200)
		x += 0.1
	}
}
