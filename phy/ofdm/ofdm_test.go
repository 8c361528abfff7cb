// SPDX-License-Identifier: Apache-2.0

package ofdm

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

func noise(rng *rand.Rand, x []complex64) {
	for i := range x {
		x[i] = complex(float32(rng.NormFloat64()), float32(rng.NormFloat64()))
	}
}

// distance returns the root mean squared difference over that of want.
func distance(got, want []complex64) float64 {
	var num, den float64
	for i, w := range want {
		num += math.Pow(cmplx.Abs(complex128(got[i]-w)), 2)
		den += math.Pow(cmplx.Abs(complex128(w)), 2)
	}
	return math.Sqrt(num / den)
}

// slowTransform is the sum of the definition, in double precision.
func slowTransform(x []complex64) []complex64 {
	n := len(x)
	root := make([]complex128, n)
	for i := range root {
		root[i] = cmplx.Exp(complex(0, -2*math.Pi*float64(i)/float64(n)))
	}
	out := make([]complex64, n)
	for k := range out {
		sum := complex128(0)
		for i, v := range x {
			sum += complex128(v) * root[k*i%n]
		}
		out[k] = complex64(sum)
	}
	return out
}

func sizes(limit int) (out []int) {
	for n := 8; n <= limit; n *= 2 {
		out = append(out, n)
		if n >= 16 {
			out = append(out, 3*n/4)
		}
	}
	return out
}

func TestTransformFollowsTheDefinition(t *testing.T) {
	for _, n := range sizes(2048) {
		plan, err := NewPlan(n)
		if err != nil {
			t.Fatal(err)
		}
		x, got := make([]complex64, n), make([]complex64, n)
		noise(rand.New(rand.NewPCG(1, uint64(n))), x)
		if err := plan.Transform(got, x, make([]complex64, n)); err != nil {
			t.Fatal(err)
		}
		if d := distance(got, slowTransform(x)); d > 5e-7 {
			t.Errorf("%v: relative error %.2g, want at most 5e-7", plan, d)
		}
	}
}

// A shifted impulse and Parseval's sum hold at every size up to the largest.
func TestTransformProperties(t *testing.T) {
	for _, n := range append(sizes(8192), 3*2048) {
		plan, err := NewPlan(n)
		if err != nil {
			t.Fatal(err)
		}
		x, y, scratch := make([]complex64, n), make([]complex64, n), make([]complex64, n)
		at := n/3 + 1
		x[at] = 1
		plan.fft.Transform(y, x, scratch)
		for k, v := range y {
			want := cmplx.Exp(complex(0, -2*math.Pi*float64(k*at%n)/float64(n)))
			if cmplx.Abs(complex128(v)-want) > 1e-5 {
				t.Fatalf("%v: impulse at %d, bin %d: got %v, want %v", plan, at, k, v, want)
			}
		}
		noise(rand.New(rand.NewPCG(2, uint64(n))), x)
		plan.fft.Transform(y, x, scratch)
		if ex, ey := energy(x), energy(y)/float64(n); math.Abs(ex/ey-1) > 1e-5 {
			t.Errorf("%v: energy %v before, %v after", plan, ex, ey)
		}
	}
}

func energy(x []complex64) (sum float64) {
	for _, v := range x {
		sum += float64(real(v))*float64(real(v)) + float64(imag(v))*float64(imag(v))
	}
	return sum
}

func TestPlanRefuses(t *testing.T) {
	for _, n := range []int{-8, 0, 4, 7, 40, 16384} {
		var field *nr.FieldError
		if _, err := NewPlan(n); !errors.As(err, &field) {
			t.Errorf("NewPlan(%d): got %v, want a *nr.FieldError", n, err)
		}
	}
	plan, _ := NewPlan(16)
	var shape *tensor.ShapeError
	if err := plan.Transform(make([]complex64, 16), make([]complex64, 15), make([]complex64, 16)); !errors.As(err, &shape) {
		t.Errorf("short source: got %v, want a *tensor.ShapeError", err)
	}
}

// carriers cover all numerologies, both size families, a full and an odd grid.
var carriers = []nr.Carrier{
	{SubcarrierSpacingKHz: 15, NumPRB: 25, FFTSize: 512},
	{SubcarrierSpacingKHz: 30, NumPRB: 24, FFTSize: 384, PhaseCompensation: true, CarrierHz: 3.54972e9},
	{SubcarrierSpacingKHz: 30, NumPRB: 273, FFTSize: 4096},
	{SubcarrierSpacingKHz: 60, NumPRB: 11, FFTSize: 256, PhaseCompensation: true, CarrierHz: 2.14e9},
	{SubcarrierSpacingKHz: 120, NumPRB: 32, FFTSize: 384},
	{SubcarrierSpacingKHz: 15, NumPRB: 1, FFTSize: 128},
}

func newGrid(c *nr.Carrier, ports int, slot nr.Slot, seed uint64) *nr.Grid {
	g := &nr.Grid{Slot: slot, RE: tensor.New[complex64]([]int{ports, nr.SymbolsPerSlot, c.NumSubcarriers()})}
	noise(rand.New(rand.NewPCG(seed, uint64(slot))), g.RE.Data())
	return g
}

func TestDemodulateInvertsModulate(t *testing.T) {
	for _, c := range carriers {
		for _, advance := range []int{0, DefaultAdvance(c)} {
			cfg := Config{Carrier: c, NumPorts: 2, WindowAdvance: advance}
			mod, err := NewModulator(cfg)
			if err != nil {
				t.Fatal(err)
			}
			demod, err := NewDemodulator(cfg)
			if err != nil {
				t.Fatal(err)
			}
			for slot := range nr.Slot(9) {
				want, got, wave := newGrid(&c, 2, slot, 3), nr.Grid{}, nr.Baseband{}
				if err := errors.Join(mod.Process(&wave, want), demod.Process(&got, &wave)); err != nil {
					t.Fatal(err)
				}
				if d := distance(got.RE.Data(), want.RE.Data()); d > 1e-6 || got.Slot != slot {
					t.Errorf("%+v slot %d advance %d: relative error %.2g", c, slot, advance, d)
				}
			}
		}
	}
}

// Each sample is the sum of TS 38.211 §5.3.1, written out for a few of them,
// turned as §5.4 says, over √N.
func TestModulatorFollowsTheClause(t *testing.T) {
	for _, c := range carriers {
		mod, err := NewModulator(Config{Carrier: c, NumPorts: 1})
		if err != nil {
			t.Fatal(err)
		}
		slot := nr.Slot(2*c.Numerology().SlotsPerSubframe() - 1) // the last one of a subframe
		grid, wave := newGrid(&c, 1, slot, 4), nr.Baseband{}
		if err := mod.Process(&wave, grid); err != nil {
			t.Fatal(err)
		}
		start := 0 // of the slot, from the subframe, in samples
		for s := range nr.Slot(slot.InSubframe(c.Numerology())) {
			start += c.SlotSamples(s)
		}
		at := 0
		for l := range nr.SymbolsPerSlot {
			cp := c.CPSamples(slot, l)
			for _, i := range []int{0, cp / 2, cp, cp + c.FFTSize/3, cp + c.FFTSize - 1} {
				sum := complex128(0)
				for k, a := range grid.RE.Row(0, l) {
					turns := float64((k-c.NumSubcarriers()/2)*(i-cp)) / float64(c.FFTSize)
					sum += complex128(a) * cmplx.Exp(complex(0, 2*math.Pi*turns))
				}
				if c.PhaseCompensation {
					turns := math.Mod(c.CarrierHz*float64(start+at+cp)/c.SampleRate(), 1)
					sum *= cmplx.Exp(complex(0, -2*math.Pi*turns))
				}
				sum /= complex(math.Sqrt(float64(c.FFTSize)), 0)
				if got := wave.Samples.Row(0)[at+i]; cmplx.Abs(complex128(got)-sum) > 1e-4 {
					t.Fatalf("%+v symbol %d sample %d: got %v, want %v", c, l, i, got, sum)
				}
			}
			at += cp + c.FFTSize
		}
		if at != wave.Samples.Dim(1) {
			t.Errorf("%+v: %d samples, want %d", c, wave.Samples.Dim(1), at)
		}
	}
}

// A subframe of whole slots lasts exactly 1 ms, and the first symbol of each
// half is longer (TS 38.211 §5.3.1).
func TestSlotLengths(t *testing.T) {
	for _, c := range carriers {
		sum, long := 0, 0
		for s := range nr.Slot(c.Numerology().SlotsPerSubframe()) {
			sum += c.SlotSamples(s)
			for l := range nr.SymbolsPerSlot {
				if c.CPSamples(s, l) > 144*c.FFTSize/2048 {
					long++
				}
			}
		}
		if want := int(c.SampleRate() / 1000); sum != want || long != 2 {
			t.Errorf("%+v: %d samples and %d long prefixes a subframe, want %d and 2", c, sum, long, want)
		}
	}
}

// With the window advanced, a signal that is early or late by less than the
// prefix allows becomes a pure ramp over the subcarriers.
func TestWindowAdvanceAllowsEarlySignals(t *testing.T) {
	c := carriers[0]
	cfg := Config{Carrier: c, NumPorts: 1, WindowAdvance: 8}
	mod, _ := NewModulator(cfg)
	demod, err := NewDemodulator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	grid, wave, got := newGrid(&c, 1, 1, 5), nr.Baseband{}, nr.Grid{}
	if err := mod.Process(&wave, grid); err != nil {
		t.Fatal(err)
	}
	for _, delay := range []int{-8, -3, 5, 27} {
		moved := nr.Baseband{Slot: 1, Samples: tensor.New[complex64](wave.Samples.Dims())}
		src, dst := wave.Samples.Data(), moved.Samples.Data()
		for i := range dst {
			if k := i - delay; k >= 0 && k < len(src) {
				dst[i] = src[k]
			}
		}
		if err := demod.Process(&got, &moved); err != nil {
			t.Fatal(err)
		}
		for l := range nr.SymbolsPerSlot - 1 { // the last symbol lacks its end when early
			want := make([]complex64, c.NumSubcarriers())
			for k, a := range grid.RE.Row(0, l) {
				turns := -float64((k-len(want)/2)*delay) / float64(c.FFTSize)
				want[k] = complex64(complex128(a) * cmplx.Exp(complex(0, 2*math.Pi*turns)))
			}
			if d := distance(got.RE.Row(0, l), want); d > 1e-5 {
				t.Errorf("delay %d symbol %d: relative error %.2g", delay, l, d)
			}
		}
	}
}

func TestProcessRefusesOtherLengths(t *testing.T) {
	cfg := Config{Carrier: carriers[0], NumPorts: 2}
	mod, _ := NewModulator(cfg)
	demod, _ := NewDemodulator(cfg)
	var shape *tensor.ShapeError
	if err := demod.Process(new(nr.Grid), &nr.Baseband{Samples: tensor.New[complex64]([]int{2, 100})}); !errors.As(err, &shape) {
		t.Errorf("short slot: got %v, want a *tensor.ShapeError", err)
	}
	if err := mod.Process(new(nr.Baseband), newGrid(&carriers[0], 1, 0, 1)); !errors.As(err, &shape) {
		t.Errorf("one port of two: got %v, want a *tensor.ShapeError", err)
	}
}

func TestConfigRefuses(t *testing.T) {
	good := Config{Carrier: carriers[0], NumPorts: 1}
	for name, change := range map[string]func(*Config){
		"fft_size":       func(c *Config) { c.Carrier.FFTSize = 500 },
		"num_channels":   func(c *Config) { c.NumPorts = 9 },
		"window_advance": func(c *Config) { c.WindowAdvance = 37 },
	} {
		cfg := good
		change(&cfg)
		var field *nr.FieldError
		if _, err := NewDemodulator(cfg); !errors.As(err, &field) || field.Field != name {
			t.Errorf("NewDemodulator with bad %s: got %v", name, err)
		}
		if _, err := NewModulator(cfg); !errors.As(err, &field) || field.Field != name {
			t.Errorf("NewModulator with bad %s: got %v", name, err)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	cfg := Config{Carrier: carriers[1], NumPorts: 2, WindowAdvance: 2}
	mod, _ := NewModulator(cfg)
	demod, _ := NewDemodulator(cfg)
	grid, wave, got := newGrid(&cfg.Carrier, 2, 1, 6), nr.Baseband{}, nr.Grid{}
	if n := testing.AllocsPerRun(20, func() {
		if mod.Process(&wave, grid) != nil || demod.Process(&got, &wave) != nil {
			t.Error("a call failed")
		}
	}); n != 0 {
		t.Errorf("got %v allocations a slot, want 0", n)
	}
}

func BenchmarkTransform(b *testing.B) {
	for _, n := range []int{512, 1024, 1536, 2048, 3072, 4096, 8192} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			plan, _ := NewPlan(n)
			x, y, scratch := buffer(n), buffer(n), buffer(n)
			noise(rand.New(rand.NewPCG(1, 1)), x)
			b.ReportAllocs()
			for b.Loop() {
				plan.fft.Transform(y, x, scratch)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Msample/s")
		})
	}
}

func BenchmarkSlot(b *testing.B) {
	cfg := Config{Carrier: carriers[2], NumPorts: 1, WindowAdvance: DefaultAdvance(carriers[2])}
	grid, wave := newGrid(&cfg.Carrier, 1, 1, 1), nr.Baseband{}
	mod, _ := NewModulator(cfg)
	demod, _ := NewDemodulator(cfg)
	if err := mod.Process(&wave, grid); err != nil {
		b.Fatal(err)
	}
	b.Run("direction=modulate/prb=273", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := mod.Process(&wave, grid); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("direction=demodulate/prb=273", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := demod.Process(grid, &wave); err != nil {
				b.Fatal(err)
			}
		}
	})
}
