// SPDX-License-Identifier: Apache-2.0

// Package equalizertest is the conformance suite of [equalizer.Equalizer]: what
// every equalizer promises, model-driven or neural, run by the tests of each.
package equalizertest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/equalizer"
	"github.com/neuroran/neuroran/phy/nr"
)

// Options says how good an equalizer must be. The zero value holds it to the
// exact statistics of a linear detector.
type Options struct {
	// Spread bounds by how much the power of the errors may differ from the
	// stated variance, as a share; 0 stands for 0.06.
	Spread float64
}

// Run runs the suite on what create returns. Each subtest makes its own.
func Run(t *testing.T, create func(equalizer.Limits) equalizer.Equalizer, o Options) {
	t.Helper()
	if o.Spread == 0 {
		o.Spread = 0.06
	}
	t.Run("Exact", func(t *testing.T) { testExact(t, create) })
	t.Run("Statistics", func(t *testing.T) { testStatistics(t, create, o) })
	t.Run("Interference", func(t *testing.T) { testInterference(t, create) })
	t.Run("Units", func(t *testing.T) { testUnits(t, create) })
	t.Run("Bundles", func(t *testing.T) { testBundles(t, create) })
	t.Run("ZeroChannel", func(t *testing.T) { testZeroChannel(t, create) })
	t.Run("NoNumbers", func(t *testing.T) { testNoNumbers(t, create) })
	t.Run("Refuses", func(t *testing.T) { testRefuses(t, create) })
	t.Run("NoAllocs", func(t *testing.T) { testNoAllocs(t, create) })
}

// shapes are the layers of the UEs of the groups that are tried.
func shapes() [][]int { return [][]int{{1}, {2}, {1, 1}, {3}, {4}, {2, 1}, {1, 1, 1, 1}} }

// colours are matrices that make the noise of four antennas from white noise.
func colours() map[string][][]complex64 {
	m := Identity(4, 0.2)
	for r := range m {
		m[r][0] += complex(0.7, float32(r)*0.3)
	}
	return map[string][][]complex64{"white": Identity(4, 0.5), "coloured": m}
}

// equalize detects a link.
func equalize(t *testing.T, e equalizer.Equalizer, l *Link) []nr.Symbols {
	t.Helper()
	out := make([]nr.Symbols, l.Channel.Group.NumUEs)
	if err := e.Equalize(out, nr.ViewOf(&l.Data.RE), &l.Channel); err != nil {
		t.Fatal(err)
	}
	return out
}

// testExact detects without noise.
func testExact(t *testing.T, create func(equalizer.Limits) equalizer.Equalizer) {
	for _, layers := range shapes() {
		for _, rx := range []int{4, 8} {
			t.Run(fmt.Sprintf("layers=%v/rx=%d", layers, rx), func(t *testing.T) {
				l := NewLink(rand.New(rand.NewPCG(1, 1)), Group(3, 3, layers...), rx, nil)
				errs, _, _ := l.Errors(equalize(t, create(equalizer.DefaultLimits()), l))
				sum := 0.0
				for _, x := range errs {
					sum += real(x)*real(x) + imag(x)*imag(x)
				}
				if mse := sum / float64(len(errs)); mse > 1e-6 {
					t.Errorf("mean squared error %.2g, want 0", mse)
				}
			})
		}
	}
}

// testStatistics compares bias and stated variance with what happens, for white
// and coloured noise: the errors over their stated deviation have unit power,
// and correlate with nothing sent.
func testStatistics(t *testing.T, create func(equalizer.Limits) equalizer.Equalizer, o Options) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, layers := range shapes() {
		for name, mix := range colours() {
			t.Run(fmt.Sprintf("layers=%v/%s", layers, name), func(t *testing.T) {
				l := NewLink(rng, Group(100, 3, layers...), 4, mix)
				out := equalize(t, create(equalizer.DefaultLimits()), l)
				errs, vars, sent := l.Errors(out)
				var power, weight float64
				var bias complex128
				for i, x := range errs {
					power += (real(x)*real(x) + imag(x)*imag(x)) / vars[i]
					bias += x * complex(real(sent[i]), -imag(sent[i])) / complex(vars[i], 0)
					weight += 1 / vars[i]
				}
				n := float64(len(errs))
				if got := power / n; math.Abs(got-1) > o.Spread {
					t.Errorf("error power over stated variance %.3f, want 1", got)
				}
				if b := bias / complex(weight, 0); math.Hypot(real(b), imag(b)) > 0.03 {
					t.Errorf("bias %.3f, want 0", b)
				}
				want := l.Channel.Quality(0)
				if want.SetSINR(out[0].Quality.SINR); out[0].Quality != want || !want.SINRObserved || want.SINRStd == 0 {
					t.Errorf("quality %+v, want %+v", out[0].Quality, want)
				}
				if len(layers) == 1 {
					if got := float64(out[0].Quality.SINR); math.Abs(got/(weight/n)-1) > 1e-3 {
						t.Errorf("SINR %.3f, want %.3f", got, weight/n)
					}
				}
			})
		}
	}
}

// testInterference compares a receiver that knows a strong interferer with one
// that is told the mean power of the antennas.
func testInterference(t *testing.T, create func(equalizer.Limits) equalizer.Equalizer) {
	m := Identity(4, 0.1)
	for r := range m {
		m[r][1] += complex(1, float32(r))
	}
	l := NewLink(rand.New(rand.NewPCG(9, 9)), Group(20, 2, 1), 4, m)
	knows := equalize(t, create(equalizer.DefaultLimits()), l)[0].Quality.SINR
	mean := complex64(0)
	for r := range 4 {
		mean += l.Channel.NoiseCov.Row(0, r)[r] / 4
	}
	l.Channel.NoiseCov.Clear()
	for r := range 4 {
		l.Channel.NoiseCov.Row(0, r)[r] = mean
	}
	if white := equalize(t, create(equalizer.DefaultLimits()), l)[0].Quality.SINR; knows < 10*white {
		t.Errorf("SINR %.1f with interference rejection, %.1f without: want ten times more", knows, white)
	}
}

// testUnits checks that the unit of the samples does not matter.
func testUnits(t *testing.T, create func(equalizer.Limits) equalizer.Equalizer) {
	for _, layers := range shapes() {
		for name, mix := range colours() {
			l := NewLink(rand.New(rand.NewPCG(7, 7)), Group(2, 2, layers...), 4, mix)
			want := equalize(t, create(equalizer.DefaultLimits()), l)
			for _, unit := range []float64{1e-15, 1e-9, 1e9, 1e15} {
				x := NewLink(rand.New(rand.NewPCG(7, 7)), Group(2, 2, layers...), 4, mix)
				x.scale(unit)
				got := equalize(t, create(equalizer.DefaultLimits()), x)
				for u := range got {
					for i, z := range got[u].Z.Data() {
						v, w := got[u].NoiseVar.Data()[i], want[u].NoiseVar.Data()[i]
						if w > 10 { // hardly told apart: rounding shows
							continue
						}
						if d := z - want[u].Z.Data()[i]; real(d)*real(d)+imag(d)*imag(d) > 1e-4*w || v > 1.01*w || v < 0.99*w {
							t.Fatalf("layers %v, %s, unit %g: %v ± %v, want %v ± %v", layers, name, unit, z, v, want[u].Z.Data()[i], w)
						}
					}
				}
			}
		}
	}
}

// testBundles cuts a group in three noise bundles and makes the noise of the
// middle one, and its estimate, ten times stronger: what surrounds it must stay
// as it was.
func testBundles(t *testing.T, create func(equalizer.Limits) equalizer.Equalizer) {
	l := NewLink(rand.New(rand.NewPCG(8, 8)), Group(20, 1, 2), 4, Identity(4, 0.3))
	l.Channel.Group.DMRSMask, l.Channel.Group.StartSymbol = 1<<5, 0
	want := equalize(t, create(equalizer.DefaultLimits()), l)[0]
	cov := l.Channel.NoiseCov.Data()
	l.Channel.NumBundles, l.Channel.BundlePRB = 3, [nr.MaxNoiseBundles]int{0, 7, 9}
	l.Channel.NoiseCov.Resize(3, 4, 4)
	l.Channel.ErrorRatio.Resize(3, 2, 1)
	l.Channel.ErrorRatio.Clear()
	for b := range 3 {
		for i, v := range cov[:16] {
			l.Channel.NoiseCov.Data()[16*b+i] = v * complex([3]float32{1, 10, 1}[b], 0)
		}
	}
	got := equalize(t, create(equalizer.DefaultLimits()), l)[0]
	for i, v := range got.NoiseVar.Data() {
		prb, ratio := i/24, v/want.NoiseVar.Data()[i]
		if bad := prb == 7 || prb == 8; bad && ratio < 5 || !bad && (ratio < 0.99 || ratio > 1.01) {
			t.Fatalf("PRB %d: noise %.2f times as before", prb, ratio)
		}
	}
}

// testZeroChannel checks that nothing is claimed where nothing is received.
func testZeroChannel(t *testing.T, create func(equalizer.Limits) equalizer.Equalizer) {
	for _, layers := range shapes() {
		l := NewLink(rand.New(rand.NewPCG(2, 2)), Group(1, 2, layers...), 2, Identity(2, 1))
		l.Channel.Anchors.Clear()
		for _, o := range equalize(t, create(equalizer.DefaultLimits()), l) {
			for i, z := range o.Z.Data() {
				if z != 0 || o.NoiseVar.Data()[i] != equalizer.MaxNoiseVar {
					t.Fatalf("layers %v: z = %v ± %v, want 0 ± %g", layers, z, o.NoiseVar.Data()[i], float64(equalizer.MaxNoiseVar))
				}
			}
		}
	}
}

// testNoNumbers receives samples that are no numbers. At an antenna without a channel
// they change nothing; at another, nothing is known of the elements that they hit, and
// the rest stays as it was.
func testNoNumbers(t *testing.T, create func(equalizer.Limits) equalizer.Equalizer) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, layers := range shapes() {
		for name, mix := range colours() {
			l := NewLink(rand.New(rand.NewPCG(9, 9)), Group(3, 2, layers...), 4, mix)
			for layer := range l.Channel.Group.NumLayers {
				for a := range 2 {
					clear(l.Channel.Anchors.Row(layer, 3, a))
				}
			}
			for s := range 2 {
				clear(l.Data.RE.Row(3, s))
			}
			want := equalize(t, create(equalizer.DefaultLimits()), l)
			for i := range l.Data.RE.Row(3, 1) {
				l.Data.RE.Row(3, 1)[i] = complex(nan, inf)
			}
			sameSymbols(t, fmt.Sprintf("layers %v, %s, deaf antenna", layers, name), equalize(t, create(equalizer.DefaultLimits()), l), want, nil)
			bad := 7 // of symbol 1, after the data elements of the symbol with DM-RS
			l.Data.RE.Row(0, 1)[bad] = complex(inf, nan)
			erased := func(re int) bool { return re == 18+bad }
			sameSymbols(t, fmt.Sprintf("layers %v, %s, one element", layers, name), equalize(t, create(equalizer.DefaultLimits()), l), want, erased)
		}
	}
}

// sameSymbols compares symbols, of which those of erased elements must be unknown.
func sameSymbols(t *testing.T, what string, got, want []nr.Symbols, erased func(re int) bool) {
	t.Helper()
	for u := range got {
		n := got[u].Z.Dim(1)
		for i, z := range got[u].Z.Data() {
			v, x, w := got[u].NoiseVar.Data()[i], want[u].Z.Data()[i], want[u].NoiseVar.Data()[i]
			if erased != nil && erased(i/n) {
				x, w = 0, equalizer.MaxNoiseVar
			}
			if z != x || v != w {
				t.Fatalf("%s, UE %d, element %d: got %v ± %v, want %v ± %v", what, u, i/n, z, v, x, w)
			}
		}
		if q := got[u].Quality; q.SINR-q.SINR != 0 {
			t.Errorf("%s, UE %d: SINR %v", what, u, q.SINR)
		}
	}
}

// testRefuses checks that dimensions that disagree are refused.
func testRefuses(t *testing.T, create func(equalizer.Limits) equalizer.Equalizer) {
	e := create(equalizer.Limits{MaxPRB: 4, MaxRx: 4, MaxLayers: 2})
	for name, change := range map[string]func(*Link, *[]nr.Symbols){
		"UEs":       func(_ *Link, dst *[]nr.Symbols) { *dst = nil },
		"PRBs":      func(l *Link, _ *[]nr.Symbols) { l.Channel.Group.NumPRB = 5 },
		"weights":   func(l *Link, _ *[]nr.Symbols) { l.Channel.Weights.Resize(1, 2, 1) },
		"noise":     func(l *Link, _ *[]nr.Symbols) { l.Channel.NoiseCov.Resize(1, 3, 3) },
		"layers":    func(l *Link, _ *[]nr.Symbols) { l.Channel.Group.UEs[0].NumLayers = 2 },
		"anchors":   func(l *Link, _ *[]nr.Symbols) { l.Channel.Anchors.Resize(4) },
		"errors":    func(l *Link, _ *[]nr.Symbols) { l.Channel.ErrorRatio.Resize(1, 1, 9) },
		"bundles":   func(l *Link, _ *[]nr.Symbols) { l.Channel.NumBundles = 2 },
		"bundle":    func(l *Link, _ *[]nr.Symbols) { l.Channel.BundlePRB[0] = 1 },
		"no bundle": func(l *Link, _ *[]nr.Symbols) { l.Channel.NumBundles = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			l := NewLink(rand.New(rand.NewPCG(1, 1)), Group(2, 2, 1), 4, Identity(4, 1))
			dst := make([]nr.Symbols, 1)
			change(l, &dst)
			var shape *nr.ShapeError
			if err := e.Equalize(dst, nr.ViewOf(&l.Data.RE), &l.Channel); !errors.As(err, &shape) {
				t.Errorf("got error %v, want a *nr.ShapeError", err)
			}
		})
	}
}

// testNoAllocs checks the call of a slot.
func testNoAllocs(t *testing.T, create func(equalizer.Limits) equalizer.Equalizer) {
	for _, layers := range [][]int{{1}, {2}, {4}} {
		for name, mix := range colours() {
			l := NewLink(rand.New(rand.NewPCG(1, 1)), Group(20, 3, layers...), 4, mix)
			e := create(equalizer.DefaultLimits())
			out := make([]nr.Symbols, len(layers))
			run := func() { _ = e.Equalize(out, nr.ViewOf(&l.Data.RE), &l.Channel) }
			run()
			if n := testing.AllocsPerRun(20, run); n != 0 && !testvec.Race {
				t.Errorf("%v %s: %v allocations, want 0", layers, name, n)
			}
		}
	}
}
