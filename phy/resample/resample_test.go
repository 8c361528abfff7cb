// SPDX-License-Identifier: Apache-2.0

package resample

import (
	"encoding/json"
	"errors"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// convert resamples a whole signal, zero beyond its ends.
func convert(tb testing.TB, r *Resampler, x []complex64) []complex64 {
	tb.Helper()
	y := make([]complex64, r.NumOutputs(int64(len(x))))
	stretch(tb, r, y, x, 0)
	return y
}

// stretch computes outputs from start on.
func stretch(tb testing.TB, r *Resampler, dst, x []complex64, start int64) {
	tb.Helper()
	first, count := r.Inputs(start, len(dst))
	src := make([]complex64, count)
	for i := range src {
		if k := first + int64(i); k >= 0 && k < int64(len(x)) {
			src[i] = x[k]
		}
	}
	if err := r.Process(dst, src, start); err != nil {
		tb.Fatal(err)
	}
}

func mustNew(tb testing.TB, c Config) *Resampler {
	tb.Helper()
	r, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// TestSciPy compares with scipy.signal.resample_poly and the same filter.
func TestSciPy(t *testing.T) {
	text, err := os.ReadFile("testdata/scipy.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			From          float64   `json:"from"`
			To            float64   `json:"to"`
			PassHz        float64   `json:"pass_hz"`
			StopHz        float64   `json:"stop_hz"`
			AttenuationDB float64   `json:"attenuation_db"`
			Input, Output []float64 // I, Q, I, Q, …
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for _, c := range golden.Cases {
		r := mustNew(t, Config{c.From, c.To, c.PassHz, c.StopHz, c.AttenuationDB})
		got, want := convert(t, r, complexes(c.Input)), complexes(c.Output)
		if len(got) > len(want) {
			t.Fatalf("%v to %v: %d outputs, SciPy has %d", c.From, c.To, len(got), len(want))
		}
		for i := range got {
			if d := cmplx.Abs(complex128(got[i] - want[i])); d > 2e-6 {
				t.Fatalf("%v to %v: output %d: got %v, want %v", c.From, c.To, i, got[i], want[i])
			}
		}
	}
}

func complexes(iq []float64) []complex64 {
	out := make([]complex64, len(iq)/2)
	for i := range out {
		out[i] = complex(float32(iq[2*i]), float32(iq[2*i+1]))
	}
	return out
}

// rates are pairs that radios and simulators use, and two that no small ratio
// connects.
var rates = [][2]float64{
	{20e6, 15.36e6}, {15.36e6, 20e6}, {25e6, 30.72e6}, {30.72e6, 23.04e6}, {11.52e6, 15.36e6}, {61.44e6, 15.36e6},
	{15.36e6, 61.44e6}, {100e6, 122.88e6}, {15.36e6 * 1.0000037, 15.36e6}, {19_999_993, 30.72e6}, {15.36e6, 15.36e6},
}

// TestTones measures gain and residual of tones over the pass band, and the
// attenuation of tones that would fold into it.
func TestTones(t *testing.T) {
	for _, pair := range rates {
		r := mustNew(t, Config{From: pair[0], To: pair[1]})
		for _, f := range []float64{-1, -0.7, -0.31, 0, 0.02, 0.5, 0.99, 1} {
			if e := toneError(t, r, f*r.cfg.PassHz, 1); e > -69 {
				t.Errorf("%v to %v: tone at %.2f of the pass band: error %.1f dB", pair[0], pair[1], f, e)
			}
		}
		for f := r.cfg.StopHz; f < pair[0]/2; f += pair[0] / 37 {
			if e := toneError(t, r, f, 0); e > -78 {
				t.Errorf("%v to %v: tone at %.0f Hz of the stop band: %.1f dB", pair[0], pair[1], f, e)
			}
		}
	}
}

// toneError returns the power of the output for a tone of unit power, less gain
// times the tone at the new rate, in dB, away from the ends.
func toneError(t *testing.T, r *Resampler, hz, gain float64) float64 {
	tone := func(rate float64, n int) []complex64 {
		x := make([]complex64, n)
		for i := range x {
			s, c := math.Sincos(2 * math.Pi * math.Mod(hz/rate*float64(i), 1))
			x[i] = complex(float32(c), float32(s))
		}
		return x
	}
	x := tone(r.cfg.From, 4000)
	y := convert(t, r, x)
	want := tone(r.cfg.To, len(y))
	edge := int(float64(r.NumTaps())*r.cfg.To/r.cfg.From) + 1
	sum := 0.0
	for i := edge; i < len(y)-edge; i++ {
		d := complex128(y[i]) - complex(gain, 0)*complex128(want[i])
		sum += real(d)*real(d) + imag(d)*imag(d)
	}
	return 10 * math.Log10(sum/float64(len(y)-2*edge)+1e-20)
}

// TestStretches cuts the output in many ways: all give the same bits.
func TestStretches(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]complex64, 700)
	for i := range x {
		x[i] = complex(float32(rng.NormFloat64()), float32(rng.NormFloat64()))
	}
	for _, pair := range rates {
		r := mustNew(t, Config{From: pair[0], To: pair[1]})
		want := convert(t, r, x)
		for at := 0; at < len(want); {
			n := min(1+rng.IntN(97), len(want)-at)
			got := make([]complex64, n)
			stretch(t, r, got, x, int64(at))
			if !slices.Equal(got, want[at:at+n]) {
				t.Fatalf("%v to %v: outputs %d…%d differ", pair[0], pair[1], at, at+n-1)
			}
			at += n
		}
		if got := r.NumOutputs(0); got != 0 {
			t.Errorf("%d outputs of nothing", got)
		}
	}
}

// TestFarAndNegative asks for outputs before the signal, and so late that products
// need 128 bits: the position is exact.
func TestFarAndNegative(t *testing.T) {
	r := mustNew(t, Config{From: 20e6, To: 30.72e6}) // 192/125
	for _, c := range []struct{ n, input, rest int64 }{
		{0, 0, 0}, {1, 0, 125}, {2, 1, 58}, {-1, -1, 67}, {-192, -125, 0}, {192 << 40, 125 << 40, 0}, {192<<40 + 1, 125 << 40, 125},
	} {
		if input, rest := r.position(c.n); input != c.input || rest != uint64(c.rest) {
			t.Errorf("output %d: got input %d + %d/192, want %d + %d/192", c.n, input, rest, c.input, c.rest)
		}
	}
	dst := make([]complex64, 300)
	stretch(t, r, dst, []complex64{1}, -290)
	if dst[290] == 0 || dst[0] != 0 {
		t.Errorf("an impulse at input 0 gives %v at output 0, %v far before", dst[290], dst[0])
	}
}

func TestConfig(t *testing.T) {
	for name, c := range map[string]Config{
		"resample.from":           {To: 1e6},
		"resample.to":             {From: 1e6, To: math.NaN()},
		"resample.pass_hz":        {From: 1e6, To: 2e6, PassHz: 0.5e6},
		"resample.stop_hz":        {From: 1e6, To: 2e6, PassHz: 0.4e6, StopHz: 0.61e6},
		"resample.attenuation_db": {From: 1e6, To: 2e6, AttenuationDB: 20},
	} {
		var field *nr.FieldError
		if _, err := New(c); !errors.As(err, &field) || field.Field != name {
			t.Errorf("got %v, want an error of %s", err, name)
		}
	}
	var field *nr.FieldError
	if _, err := New(Config{From: 1e9, To: 1e6, PassHz: 0.4999e6}); !errors.As(err, &field) {
		t.Errorf("a transition of 200 Hz at 1 GHz: got %v", err)
	}
	r := mustNew(t, Config{From: 1e6, To: 2e6})
	var shape *tensor.ShapeError
	if err := r.Process(make([]complex64, 3), make([]complex64, 3), 0); !errors.As(err, &shape) {
		t.Errorf("too few inputs: got %v", err)
	}
}

func TestNoAllocs(t *testing.T) {
	r := mustNew(t, Config{From: 20e6, To: 30.72e6})
	dst := make([]complex64, 15360)
	_, n := r.Inputs(7, len(dst))
	src := make([]complex64, n)
	if got := testing.AllocsPerRun(10, func() { _ = r.Process(dst, src, 7) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// FuzzResampler makes any ratio and asks for any stretch: an error, or as many
// inputs as it names and finite outputs of finite inputs.
func FuzzResampler(f *testing.F) {
	f.Add(20e6, 30.72e6, 0.0, 0.0, 0.0, int64(0), uint16(100))
	f.Add(1.0, 1e12, 0.1, 0.0, 0.0, int64(-5), uint16(3))
	f.Add(15.36e6, 15.360001e6, 7e6, 8e6, 60.0, int64(1)<<40, uint16(50))
	f.Fuzz(func(t *testing.T, from, to, pass, stop, attenuation float64, start int64, num uint16) {
		c := Config{from, to, pass, stop, attenuation}
		if err := c.normalize(); err != nil || c.halfWidth() > 64 || c.From > 1e3*c.To {
			return
		}
		r := mustNew(t, c)
		start %= 1 << 44
		dst := make([]complex64, num)
		first, count := r.Inputs(start, len(dst))
		if len(dst) > 0 && (count < r.NumTaps() || count > r.NumTaps()+1e3*len(dst)) {
			t.Fatalf("%d inputs from %d for %d outputs", count, first, len(dst))
		}
		src := make([]complex64, count)
		for i := range src {
			src[i] = complex(1, -1)
		}
		if err := r.Process(dst, src, start); err != nil {
			t.Fatal(err)
		}
		for i, y := range dst {
			if !(cmplx.Abs(complex128(y)-complex(1, -1)) < 0.2) {
				t.Fatalf("output %d of a constant 1−j: %v", i, y)
			}
		}
	})
}

func BenchmarkProcess(b *testing.B) {
	for _, c := range []struct {
		name     string
		from, to float64
		pass     float64
		num      int // a slot
	}{
		{"prb=24/from=20MHz", 20e6, 15.36e6, 4.32e6, 7680},
		{"prb=273/from=100MHz", 100e6, 122.88e6, 49.14e6, 61440},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := mustNew(b, Config{From: c.from, To: c.to, PassHz: c.pass})
			dst := make([]complex64, c.num)
			_, n := r.Inputs(0, len(dst))
			src := make([]complex64, n)
			b.ReportAllocs()
			b.SetBytes(int64(8 * len(dst)))
			for b.Loop() {
				if err := r.Process(dst, src, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(r.NumTaps()), "taps")
		})
	}
}
