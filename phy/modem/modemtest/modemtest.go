// SPDX-License-Identifier: Apache-2.0

// Package modemtest is the conformance suite of [modem.Demapper]: what every
// demapper promises, model-driven or neural, run by the tests of each.
package modemtest

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

// Options says how close an implementation must come to its target.
type Options struct {
	MaxLog  bool            // the target is max-log instead of exact log-MAP
	NMSEdB  float64         // bound on Σ(l − target)² / Σ target² over the drawn symbols, dB
	Refuses []nr.Modulation // schemes that Configure refuses with a *nr.UnsupportedError
	Seed    uint64          // seed of the drawn symbols
}

// Range returns the signal-to-noise ratios in dB, per symbol, over which a
// demapper of the scheme must hold its bound: those of the MCS that use it.
func Range(m nr.Modulation) (lo, hi float64) {
	switch m {
	case nr.QAM16:
		return 5, 15
	case nr.QAM64:
		return 10, 22
	case nr.QAM256:
		return 17, 29
	}
	return -6, 9 // π/2-BPSK and QPSK
}

// Run runs the suite on what create returns. Each subtest makes its own.
func Run(t *testing.T, create func() modem.Demapper, o Options) {
	t.Helper()
	for _, m := range []nr.Modulation{nr.Pi2BPSK, nr.QPSK, nr.QAM16, nr.QAM64, nr.QAM256} {
		t.Run(m.String(), func(t *testing.T) {
			d := create()
			if refused(o, m) {
				var unsupported *nr.UnsupportedError
				if err := d.Configure(m); !errors.As(err, &unsupported) {
					t.Fatalf("Configure: got %v, want a *nr.UnsupportedError", err)
				}
				return
			}
			if err := d.Configure(m); err != nil {
				t.Fatalf("Configure: %v", err)
			}
			t.Run("Target", func(t *testing.T) { testTarget(t, d, m, o) })
			t.Run("Bits", func(t *testing.T) { testBits(t, d, m) })
			t.Run("FixedPoint", func(t *testing.T) { testFixedPoint(t, d, m, o) })
			t.Run("Extremes", func(t *testing.T) { testExtremes(t, d, m) })
			t.Run("Lengths", func(t *testing.T) { testLengths(t, d, m) })
			t.Run("NoAllocs", func(t *testing.T) { testNoAllocs(t, d, m) })
		})
	}
	t.Run("UnknownScheme", func(t *testing.T) {
		var field *nr.FieldError
		if err := create().Configure(3); !errors.As(err, &field) {
			t.Fatalf("Configure(3): got %v, want a *nr.FieldError", err)
		}
	})
}

func refused(o Options, m nr.Modulation) bool {
	return slices.Contains(o.Refuses, m)
}

// Symbols draws n noisy symbols of the scheme with the bits they carry. The
// noise variance of each is drawn over [Range], uniform in dB.
func Symbols(m nr.Modulation, n int, seed uint64) (bits []uint8, sym []complex64, noiseVar []float32) {
	rng := rand.New(rand.NewPCG(seed, uint64(m)))
	bits = make([]uint8, n*m.BitsPerSymbol())
	for i := range bits {
		bits[i] = uint8(rng.IntN(2))
	}
	sym, noiseVar = make([]complex64, n), make([]float32, n)
	var mapper modem.Mapper
	if mapper.Configure(m) != nil || mapper.Map(sym, bits) != nil {
		panic("modemtest: scheme " + m.String())
	}
	lo, hi := Range(m)
	for i := range sym {
		v := math.Pow(10, -(lo+(hi-lo)*rng.Float64())/10)
		s := math.Sqrt(v / 2)
		noiseVar[i] = float32(v)
		sym[i] += complex(float32(s*rng.NormFloat64()), float32(s*rng.NormFloat64()))
	}
	return bits, sym, noiseVar
}

// Reference returns the soft bit k of symbol i of a codeword by brute force
// over all points, in double precision: the nearest point of either hypothesis
// with maxLog, else the sum over all.
func Reference(m nr.Modulation, i int, z complex64, noiseVar float32, k int, maxLog bool) float64 {
	points := modem.Constellation(m)
	sum := [2]float64{math.Inf(-1), math.Inf(-1)}
	for v, p := range points {
		if m == nr.Pi2BPSK && i&1 != 0 {
			p *= 1i
		}
		d := complex128(z) - complex128(p)
		metric := -(real(d)*real(d) + imag(d)*imag(d)) / float64(noiseVar)
		b := v >> (m.BitsPerSymbol() - 1 - k) & 1
		if maxLog {
			sum[b] = max(sum[b], metric)
		} else {
			sum[b] = logAdd(sum[b], metric)
		}
	}
	return sum[0] - sum[1]
}

// logAdd returns ln(e^a + e^b).
func logAdd(a, b float64) float64 {
	hi, lo := max(a, b), min(a, b)
	if math.IsInf(lo, -1) {
		return hi
	}
	return hi + math.Log1p(math.Exp(lo-hi))
}

// testTarget compares with the brute-force reference.
func testTarget(t *testing.T, d modem.Demapper, m nr.Modulation, o Options) {
	_, sym, noiseVar := Symbols(m, 2000, o.Seed)
	qm := m.BitsPerSymbol()
	got := make([]float32, len(sym)*qm)
	if err := d.DemapFloat(got, sym, noiseVar); err != nil {
		t.Fatal(err)
	}
	var num, den float64
	for i, z := range sym {
		for k := range qm {
			want := Reference(m, i, z, noiseVar[i], k, o.MaxLog)
			e := float64(got[i*qm+k]) - want
			num += e * e
			den += want * want
		}
	}
	if nmse := 10 * math.Log10(num/den); !(nmse <= o.NMSEdB) {
		t.Errorf("NMSE against the reference: got %.1f dB, want at most %.1f dB (seed %d)", nmse, o.NMSEdB, o.Seed)
	}
}

// testBits checks signs and order: clean symbols give back their bits.
func testBits(t *testing.T, d modem.Demapper, m nr.Modulation) {
	qm := m.BitsPerSymbol()
	bits := make([]uint8, 2*qm<<qm)
	for v := range 2 << qm {
		for k := range qm {
			bits[v*qm+k] = uint8(v>>(qm-1-k)) & 1
		}
	}
	var mapper modem.Mapper
	sym := make([]complex64, len(bits)/qm)
	if err := errors.Join(mapper.Configure(m), mapper.Map(sym, bits)); err != nil {
		t.Fatal(err)
	}
	_, hi := Range(m)
	noiseVar := make([]float32, len(sym))
	for i := range noiseVar {
		noiseVar[i] = float32(math.Pow(10, -hi/10))
	}
	got := make([]int8, len(bits))
	if err := d.Demap(got, sym, noiseVar); err != nil {
		t.Fatal(err)
	}
	for i, b := range bits {
		if got[i] == 0 || (got[i] < 0) != (b == 1) {
			t.Fatalf("symbol %d, bit %d: sent %d, got LLR %d", i/qm, i%qm, b, got[i])
		}
	}
}

// testFixedPoint checks that both formats agree, to half a step and rounding.
func testFixedPoint(t *testing.T, d modem.Demapper, m nr.Modulation, o Options) {
	_, sym, noiseVar := Symbols(m, 500, o.Seed+1)
	n := len(sym) * m.BitsPerSymbol()
	fixed, float := make([]int8, n), make([]float32, n)
	if err := errors.Join(d.Demap(fixed, sym, noiseVar), d.DemapFloat(float, sym, noiseVar)); err != nil {
		t.Fatal(err)
	}
	for i, x := range float {
		want := min(max(float64(x)*nr.LLRScale, -nr.MaxLLR), nr.MaxLLR)
		if e := math.Abs(float64(fixed[i]) - want); !(e <= 0.5+1e-3) {
			t.Fatalf("soft bit %d: fixed %d, float·scale %.3f (seed %d)", i, fixed[i], want, o.Seed+1)
		}
	}
}

// testExtremes checks that no input breaks the range of the soft bits.
func testExtremes(t *testing.T, d modem.Demapper, m nr.Modulation) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	sym := []complex64{0, complex(1e6, -1e6), complex(inf, -inf), complex(nan, 0), 1, 1, 1, 1}
	noiseVar := []float32{1, 1e-6, 1e-3, 1, 0, -1, nan, inf}
	got := make([]int8, len(sym)*m.BitsPerSymbol())
	if err := d.Demap(got, sym, noiseVar); err != nil {
		t.Fatal(err)
	}
	for i, x := range got {
		if x > nr.MaxLLR || x < -nr.MaxLLR {
			t.Errorf("soft bit %d: got %d, outside ±%d", i, x, nr.MaxLLR)
		}
	}
	for i, x := range got[6*m.BitsPerSymbol():] {
		if x != 0 {
			t.Errorf("unknown or infinite noise, soft bit %d: got %d, want 0", i, x)
		}
	}
}

// testLengths checks that lengths that disagree are refused.
func testLengths(t *testing.T, d modem.Demapper, m nr.Modulation) {
	qm := m.BitsPerSymbol()
	for _, n := range [][3]int{{qm - 1, 1, 1}, {qm + 1, 1, 1}, {qm, 1, 2}, {qm, 2, 1}, {qm, 1, 0}} {
		sym, noiseVar := make([]complex64, n[1]), make([]float32, n[2])
		var shape *tensor.ShapeError
		if err := d.Demap(make([]int8, n[0]), sym, noiseVar); !errors.As(err, &shape) {
			t.Errorf("Demap with lengths %v: got %v, want a *tensor.ShapeError", n, err)
		}
		if err := d.DemapFloat(make([]float32, n[0]), sym, noiseVar); !errors.As(err, &shape) {
			t.Errorf("DemapFloat with lengths %v: got %v, want a *tensor.ShapeError", n, err)
		}
	}
	if err := d.Demap(nil, nil, nil); err != nil {
		t.Errorf("Demap of nothing: %v", err)
	}
}

// testNoAllocs checks the hot calls and the switch of the scheme.
func testNoAllocs(t *testing.T, d modem.Demapper, m nr.Modulation) {
	_, sym, noiseVar := Symbols(m, 96, 1)
	fixed, float := make([]int8, 96*m.BitsPerSymbol()), make([]float32, 96*m.BitsPerSymbol())
	run := func() {
		if d.Configure(m) != nil || d.Demap(fixed, sym, noiseVar) != nil || d.DemapFloat(float, sym, noiseVar) != nil {
			t.Error("a call failed")
		}
	}
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 && !raceEnabled {
		t.Errorf("allocations a run: got %v, want 0", n)
	}
}
