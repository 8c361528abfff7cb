// SPDX-License-Identifier: Apache-2.0

package equalizer

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// link is one random channel with data.
type link struct {
	ch   nr.Channel
	data nr.Data
	sent [][]complex64 // [layer][RE in order of the grid]
}

// group returns one UE for each entry of layers; DM-RS on symbol 0 with one of
// two CDM groups free for data.
func group(prb, symbols int, layers ...int) nr.Group {
	g := nr.Group{NumPRB: prb, NumSymbols: symbols, DMRSMask: 1, ConfigType: 1, Length: 1, NumCDMGroupsWithoutData: 1, NumUEs: len(layers)}
	for u, n := range layers {
		g.UEs[u] = nr.UE{RNTI: uint16(u + 1), NumLayers: n}
		g.NumLayers += n
	}
	return g
}

func normal(rng *rand.Rand, sigma float64) complex64 {
	return complex(float32(rng.NormFloat64()*sigma*math.Sqrt2/2), float32(rng.NormFloat64()*sigma*math.Sqrt2/2))
}

// newLink draws a channel with two anchors and QPSK data. mix is the matrix that
// makes the noise from white noise of unit variance, nil for none.
func newLink(rng *rand.Rand, g nr.Group, rx int, mix [][]complex64) *link {
	l := &link{ch: nr.Channel{Group: g}, data: nr.Data{Group: g}}
	k := g.NumSubcarriers()
	l.ch.Anchors.Resize(g.NumLayers, rx, 2, k)
	for i := range l.ch.Anchors.Data() {
		l.ch.Anchors.Data()[i] = normal(rng, 1)
	}
	l.ch.Weights.Resize(g.NumLayers, g.NumSymbols, 2)
	for i := range l.ch.Weights.Data() {
		l.ch.Weights.Data()[i] = normal(rng, 0.7)
	}
	l.ch.ErrorVar.Resize(g.NumLayers, g.NumSymbols)
	l.ch.NoiseCov.Resize(rx, rx)
	for a := range mix {
		for b := range mix {
			for c := range mix {
				x, y := mix[a][c], mix[b][c]
				l.ch.NoiseCov.Row(a)[b] += x * complex(real(y), -imag(y))
			}
		}
	}
	l.data.RE.Resize(rx, g.NumSymbols, k)
	l.sent = make([][]complex64, g.NumLayers)
	for s := range g.NumSymbols {
		for i := range k {
			noise := make([]complex64, rx)
			for c := range mix {
				n := normal(rng, 1)
				for a := range mix {
					noise[a] += mix[a][c] * n
				}
			}
			for layer := range g.NumLayers {
				x := complex(float32(1-2*rng.IntN(2)), float32(1-2*rng.IntN(2))) * complex(math.Sqrt2/2, 0)
				l.sent[layer] = append(l.sent[layer], x)
				for r := range rx {
					w := l.ch.Weights.Row(layer, s)
					h := w[0]*l.ch.Anchors.Row(layer, r, 0)[i] + w[1]*l.ch.Anchors.Row(layer, r, 1)[i]
					noise[r] += h * x
				}
			}
			for r := range rx {
				l.data.RE.Row(r, s)[i] = noise[r]
			}
		}
	}
	return l
}

// errorsOf returns, for every detected value, its error and stated variance, in
// the order of UEs, elements and layers.
func (l *link) errorsOf(out []nr.Symbols) (e []complex128, v []float64, x []complex128) {
	g := &l.ch.Group
	first := 0
	for u := range g.NumUEs {
		i, n := 0, g.UEs[u].NumLayers
		for s := range g.NumSymbols {
			for k := range g.NumSubcarriers() {
				if g.DataMask(s)>>(k%12)&1 == 0 {
					continue
				}
				for a := range n {
					sent := l.sent[first+a][s*g.NumSubcarriers()+k]
					e = append(e, complex128(out[u].Z.Data()[i]-sent))
					v = append(v, float64(out[u].NoiseVar.Data()[i]))
					x = append(x, complex128(sent))
					i++
				}
			}
		}
		if i != out[u].Z.Len() {
			panic("data elements disagree")
		}
		first += n
	}
	return e, v, x
}

func identity(n int, sigma float32) [][]complex64 {
	m := make([][]complex64, n)
	for i := range m {
		m[i] = make([]complex64, n)
		m[i][i] = complex(sigma, 0)
	}
	return m
}

var shapes = [][]int{{1}, {2}, {1, 1}, {3}, {4}, {2, 1}, {1, 1, 1, 1}}

func TestExactWithoutNoise(t *testing.T) {
	for _, method := range []Method{ZF, LMMSE} {
		for _, layers := range shapes {
			for _, rx := range []int{4, 8} {
				t.Run(fmt.Sprintf("%v layers=%v rx=%d", method, layers, rx), func(t *testing.T) {
					l := newLink(rand.New(rand.NewPCG(1, 1)), group(3, 3, layers...), rx, nil)
					e, err := New(Config{Method: method}, DefaultLimits())
					if err != nil {
						t.Fatal(err)
					}
					out := make([]nr.Symbols, len(layers))
					if err := e.Equalize(out, nr.ViewOf(&l.data.RE), &l.ch); err != nil {
						t.Fatal(err)
					}
					errs, _, _ := l.errorsOf(out)
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
}

// TestStatistics compares bias and stated variance with what happens, for white
// and coloured noise: the errors over their stated deviation have unit power,
// and correlate with nothing sent.
func TestStatistics(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, method := range []Method{ZF, LMMSE} {
		for _, layers := range shapes {
			for name, mix := range map[string][][]complex64{"white": identity(4, 0.5), "coloured": func() [][]complex64 {
				m := identity(4, 0.2)
				for r := range m {
					m[r][0] += complex(0.7, float32(r)*0.3)
				}
				return m
			}()} {
				t.Run(fmt.Sprintf("%v layers=%v %s", method, layers, name), func(t *testing.T) {
					l := newLink(rng, group(100, 3, layers...), 4, mix)
					e, _ := New(Config{Method: method}, DefaultLimits())
					out := make([]nr.Symbols, len(layers))
					if err := e.Equalize(out, nr.ViewOf(&l.data.RE), &l.ch); err != nil {
						t.Fatal(err)
					}
					errs, vars, sent := l.errorsOf(out)
					var power, inverse, weight float64
					var bias complex128
					for i, x := range errs {
						power += (real(x)*real(x) + imag(x)*imag(x)) / vars[i]
						bias += x * complex(real(sent[i]), -imag(sent[i])) / complex(vars[i], 0)
						weight += 1 / vars[i]
						inverse += 1 / vars[i]
					}
					n := float64(len(errs))
					if got := power / n; math.Abs(got-1) > 0.06 {
						t.Errorf("error power over stated variance %.3f, want 1", got)
					}
					if b := bias / complex(weight, 0); math.Hypot(real(b), imag(b)) > 0.03 {
						t.Errorf("bias %.3f, want 0", b)
					}
					if len(layers) == 1 {
						if got := float64(out[0].Quality.SINR); math.Abs(got/(inverse/n)-1) > 1e-3 {
							t.Errorf("SINR %.3f, want %.3f", got, inverse/n)
						}
					}
				})
			}
		}
	}
}

// TestInterferenceRejection: with one strong interferer the coloured detector
// wins clearly over the one that takes the noise as white.
func TestInterferenceRejection(t *testing.T) {
	m := identity(4, 0.1)
	for r := range m {
		m[r][1] += complex(1, float32(r))
	}
	l := newLink(rand.New(rand.NewPCG(9, 9)), group(20, 2, 1), 4, m)
	var sinr [2]float32
	for i, white := range []bool{true, false} {
		e, _ := New(Config{WhiteNoise: white}, DefaultLimits())
		out := make([]nr.Symbols, 1)
		if err := e.Equalize(out, nr.ViewOf(&l.data.RE), &l.ch); err != nil {
			t.Fatal(err)
		}
		sinr[i] = out[0].Quality.SINR
	}
	if sinr[1] < 10*sinr[0] {
		t.Errorf("SINR %.1f with interference rejection, %.1f without: want ten times more", sinr[1], sinr[0])
	}
}

func TestZeroChannel(t *testing.T) {
	for _, layers := range shapes {
		l := newLink(rand.New(rand.NewPCG(2, 2)), group(1, 2, layers...), 2, identity(2, 1))
		l.ch.Anchors.Clear()
		for _, method := range []Method{ZF, LMMSE} {
			e, _ := New(Config{Method: method}, DefaultLimits())
			out := make([]nr.Symbols, len(layers))
			if err := e.Equalize(out, nr.ViewOf(&l.data.RE), &l.ch); err != nil {
				t.Fatal(err)
			}
			for u := range out {
				for i, z := range out[u].Z.Data() {
					if z != 0 || out[u].NoiseVar.Data()[i] != MaxNoiseVar {
						t.Fatalf("%v %v: z = %v ± %v, want 0 ± %g", method, layers, z, out[u].NoiseVar.Data()[i], float64(MaxNoiseVar))
					}
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	if _, err := New(Config{Method: 9}, DefaultLimits()); err == nil {
		t.Error("New accepts an unknown method")
	}
	if _, err := New(Config{}, Limits{}); err == nil {
		t.Error("New accepts no limits")
	}
	e, _ := New(Config{}, Limits{MaxPRB: 4, MaxRx: 4, MaxLayers: 2})
	for name, change := range map[string]func(*link) []nr.Symbols{
		"UEs":       func(*link) []nr.Symbols { return nil },
		"PRBs":      func(l *link) []nr.Symbols { l.ch.Group.NumPRB = 5; return make([]nr.Symbols, 1) },
		"weights":   func(l *link) []nr.Symbols { l.ch.Weights.Resize(1, 2, 1); return make([]nr.Symbols, 1) },
		"noise":     func(l *link) []nr.Symbols { l.ch.NoiseCov.Resize(3, 3); return make([]nr.Symbols, 1) },
		"layers":    func(l *link) []nr.Symbols { l.ch.Group.UEs[0].NumLayers = 2; return make([]nr.Symbols, 1) },
		"anchors":   func(l *link) []nr.Symbols { l.ch.Anchors.Resize(4); return make([]nr.Symbols, 1) },
		"error var": func(l *link) []nr.Symbols { l.ch.ErrorVar.Resize(1, 9); return make([]nr.Symbols, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLink(rand.New(rand.NewPCG(1, 1)), group(2, 2, 1), 4, identity(4, 1))
			var shape *nr.ShapeError
			if err := e.Equalize(change(l), nr.ViewOf(&l.data.RE), &l.ch); !errors.As(err, &shape) {
				t.Errorf("got error %v, want a *nr.ShapeError", err)
			}
		})
	}
}

func TestNoAllocs(t *testing.T) {
	for _, layers := range [][]int{{1}, {2}, {4}} {
		for name, mix := range map[string][][]complex64{"white": identity(4, 0.5), "coloured": {{1, 0, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}} {
			l := newLink(rand.New(rand.NewPCG(1, 1)), group(20, 3, layers...), 4, mix)
			e, _ := New(Config{}, DefaultLimits())
			out := make([]nr.Symbols, len(layers))
			run := func() { _ = e.Equalize(out, nr.ViewOf(&l.data.RE), &l.ch) }
			run()
			if n := testing.AllocsPerRun(20, run); n != 0 && !raceEnabled {
				t.Errorf("%v %s: %v allocations, want 0", layers, name, n)
			}
		}
	}
}

// FuzzEqualize gives messages of any dimensions: an error or a finite result.
func FuzzEqualize(f *testing.F) {
	f.Add(uint64(1), uint8(2), uint8(3), uint8(1), uint8(4), uint8(0))
	f.Add(uint64(2), uint8(1), uint8(14), uint8(4), uint8(1), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, prb, symbols, layers, rx, damage uint8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		g := group(int(prb%6)+1, int(symbols%14)+1, int(layers%4)+1)
		l := newLink(rng, g, int(rx%8)+1, identity(int(rx%8)+1, 0.1))
		switch damage % 8 {
		case 1:
			l.ch.Group.NumSymbols = int(seed % 20)
		case 2:
			l.ch.Weights.Resize(int(seed%5), int(symbols), 2)
		case 3:
			l.ch.NoiseCov.Data()[0] = complex64(complex(math.NaN(), 0))
		case 4:
			l.ch.Group.StartSymbol = int(seed % 30)
		case 5:
			l.ch.Group.UEs[0].NumLayers = int(seed%9) - 2
		case 6:
			l.ch.Group.NumUEs = int(seed % 9)
		}
		e, _ := New(Config{Method: Method(seed & 1)}, DefaultLimits())
		out := make([]nr.Symbols, 1)
		if err := e.Equalize(out, nr.ViewOf(&l.data.RE), &l.ch); err != nil {
			return
		}
		for _, v := range out[0].NoiseVar.Data() {
			if !(v >= MinNoiseVar && v <= MaxNoiseVar) && damage%8 != 3 {
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
			l := newLink(rand.New(rand.NewPCG(1, 1)), group(273, 14, c.layers...), c.rx, identity(c.rx, 0.5))
			e, _ := New(Config{}, DefaultLimits())
			out := make([]nr.Symbols, 1)
			b.ReportAllocs()
			for b.Loop() {
				_ = e.Equalize(out, nr.ViewOf(&l.data.RE), &l.ch)
			}
			b.ReportMetric(float64(b.N*273*12*14*c.layers[0])/b.Elapsed().Seconds()/1e6, "MRE/s")
		})
	}
}

// TestSmallLimits checks that the least memory is enough for one antenna and
// layer with several anchors, and that the result does not depend on the limits.
func TestSmallLimits(t *testing.T) {
	l := newLink(rand.New(rand.NewPCG(4, 4)), group(20, 3, 1), 1, identity(1, 0.3))
	var got [2][]nr.Symbols
	for i, lim := range []Limits{{MaxPRB: 20, MaxRx: 1, MaxLayers: 1}, DefaultLimits()} {
		e, err := New(Config{}, lim)
		if err != nil {
			t.Fatal(err)
		}
		got[i] = make([]nr.Symbols, 1)
		if err := e.Equalize(got[i], nr.ViewOf(&l.data.RE), &l.ch); err != nil {
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
	l := newLink(rng, group(20, 3, 1), 4, identity(4, 0.3))
	many := l.ch
	many.Anchors, many.Weights = tensor.Tensor[complex64]{}, tensor.Tensor[complex64]{}
	many.Anchors.Resize(1, 4, maxFew+1, 240)
	many.Weights.Resize(1, 3, maxFew+1)
	for r := range 4 {
		for a := range 2 {
			copy(many.Anchors.Row(0, r, a), l.ch.Anchors.Row(0, r, a))
		}
	}
	for s := range 3 {
		copy(many.Weights.Row(0, s), l.ch.Weights.Row(0, s))
	}
	e, _ := New(Config{}, DefaultLimits())
	few, all := make([]nr.Symbols, 1), make([]nr.Symbols, 1)
	if err := errors.Join(e.Equalize(few, nr.ViewOf(&l.data.RE), &l.ch), e.Equalize(all, nr.ViewOf(&l.data.RE), &many)); err != nil {
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
