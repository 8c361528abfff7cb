// SPDX-License-Identifier: Apache-2.0

package equalizer_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/phy/equalizer"
	"github.com/neuroran/neuroran/phy/equalizer/equalizertest"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

func TestLMMSE(t *testing.T) {
	equalizertest.Run(t, func(lim equalizer.Limits) equalizer.Equalizer { return newEqualizer(t, "lmmse", lim) }, equalizertest.Options{})
}

func TestZF(t *testing.T) {
	equalizertest.Run(t, func(lim equalizer.Limits) equalizer.Equalizer { return newEqualizer(t, "zf", lim) }, equalizertest.Options{})
}

func newEqualizer(tb testing.TB, name string, lim equalizer.Limits) equalizer.Equalizer {
	tb.Helper()
	e, err := equalizer.New(name, lim)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func TestNewRefuses(t *testing.T) {
	var field *nr.FieldError
	if _, err := equalizer.New("ml", equalizer.DefaultLimits()); !errors.As(err, &field) {
		t.Errorf("unknown name: got %v, want a *nr.FieldError", err)
	}
	if _, err := equalizer.New("zf", equalizer.Limits{}); !errors.As(err, &field) {
		t.Errorf("no limits: got %v, want a *nr.FieldError", err)
	}
}

// FuzzEqualize gives messages of any dimensions: an error or a finite result.
func FuzzEqualize(f *testing.F) {
	f.Add(uint64(1), uint8(2), uint8(3), uint8(1), uint8(4), uint8(0))
	f.Add(uint64(2), uint8(1), uint8(14), uint8(4), uint8(1), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, prb, symbols, layers, rx, damage uint8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		g := equalizertest.Group(int(prb%6)+1, int(symbols%14)+1, int(layers%4)+1)
		l := equalizertest.NewLink(rng, g, int(rx%8)+1, equalizertest.Identity(int(rx%8)+1, 0.1))
		switch damage % 8 {
		case 1:
			l.Channel.Group.NumSymbols = int(seed % 20)
		case 2:
			l.Channel.Weights.Resize(int(seed%5), int(symbols), 2)
		case 3:
			l.Channel.NoiseCov.Data()[0] = complex64(complex(math.NaN(), 0))
		case 4:
			l.Channel.Group.StartSymbol = int(seed % 30)
		case 5:
			l.Channel.Group.UEs[0].NumLayers = int(seed%9) - 2
		case 6:
			l.Channel.Group.NumUEs = int(seed % 9)
		}
		e := newEqualizer(t, []string{"lmmse", "zf"}[seed&1], equalizer.DefaultLimits())
		out := make([]nr.Symbols, 1)
		if err := e.Equalize(out, nr.ViewOf(&l.Data.RE), &l.Channel); err != nil {
			return
		}
		for _, v := range out[0].NoiseVar.Data() {
			if !(v >= equalizer.MinNoiseVar && v <= equalizer.MaxNoiseVar) && damage%8 != 3 {
				t.Fatalf("variance %v", v)
			}
		}
	})
}

func BenchmarkEqualize(b *testing.B) {
	for _, c := range []struct {
		layers []int
		rx     int
	}{{[]int{1}, 4}, {[]int{2}, 4}, {[]int{4}, 4}} {
		b.Run(fmt.Sprintf("prb=273/layers=%d/rx=%d/noise=white", c.layers[0], c.rx), func(b *testing.B) {
			l := equalizertest.NewLink(rand.New(rand.NewPCG(1, 1)), equalizertest.Group(273, 14, c.layers...), c.rx, equalizertest.Identity(c.rx, 0.5))
			e := newEqualizer(b, "lmmse", equalizer.DefaultLimits())
			out := make([]nr.Symbols, 1)
			b.ReportAllocs()
			for b.Loop() {
				_ = e.Equalize(out, nr.ViewOf(&l.Data.RE), &l.Channel)
			}
			b.ReportMetric(float64(b.N*273*12*14*c.layers[0])/b.Elapsed().Seconds()/1e6, "MRE/s")
		})
	}
}

// TestSmallLimits checks that the least memory is enough for one antenna and
// layer with several anchors, and that the result does not depend on the limits.
func TestSmallLimits(t *testing.T) {
	l := equalizertest.NewLink(rand.New(rand.NewPCG(4, 4)), equalizertest.Group(20, 3, 1), 1, equalizertest.Identity(1, 0.3))
	var got [2][]nr.Symbols
	for i, lim := range []equalizer.Limits{{MaxPRB: 20, MaxRx: 1, MaxLayers: 1}, equalizer.DefaultLimits()} {
		e := newEqualizer(t, "lmmse", lim)
		got[i] = make([]nr.Symbols, 1)
		if err := e.Equalize(got[i], nr.ViewOf(&l.Data.RE), &l.Channel); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got[0][0].Z.Data(), got[1][0].Z.Data()) {
		t.Error("results differ between limits")
	}
}

// TestManyAnchors checks that the way with few anchors and the general one give
// the same symbols: one more anchor of weight 0 changes nothing.
func TestManyAnchors(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	l := equalizertest.NewLink(rng, equalizertest.Group(20, 3, 1), 4, equalizertest.Identity(4, 0.3))
	many := l.Channel
	many.Anchors, many.Weights = tensor.Tensor[complex64]{}, tensor.Tensor[complex64]{}
	many.Anchors.Resize(1, 4, 5, 240)
	many.Weights.Resize(1, 3, 5)
	for r := range 4 {
		for a := range 2 {
			copy(many.Anchors.Row(0, r, a), l.Channel.Anchors.Row(0, r, a))
		}
	}
	for s := range 3 {
		copy(many.Weights.Row(0, s), l.Channel.Weights.Row(0, s))
	}
	e := newEqualizer(t, "lmmse", equalizer.DefaultLimits())
	few, all := make([]nr.Symbols, 1), make([]nr.Symbols, 1)
	if err := errors.Join(e.Equalize(few, nr.ViewOf(&l.Data.RE), &l.Channel), e.Equalize(all, nr.ViewOf(&l.Data.RE), &many)); err != nil {
		t.Fatal(err)
	}
	for i, z := range few[0].Z.Data() {
		v, w := few[0].NoiseVar.Data()[i], all[0].NoiseVar.Data()[i]
		d := complex128(z - all[0].Z.Data()[i])
		if math.Hypot(real(d), imag(d)) > 1e-3*math.Sqrt(float64(v)) || math.Abs(float64(v/w-1)) > 1e-3 {
			t.Fatalf("element %d: %v ± %v with few anchors, %v ± %v with many", i, z, v, all[0].Z.Data()[i], w)
		}
	}
}
