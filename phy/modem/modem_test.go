// SPDX-License-Identifier: Apache-2.0

package modem_test

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"testing"

	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/modem/modemtest"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/tensor"
)

var schemes = []nr.Modulation{nr.Pi2BPSK, nr.QPSK, nr.QAM16, nr.QAM64, nr.QAM256}

func TestMaxLogConformance(t *testing.T) {
	modemtest.Run(t, func() modem.Demapper { return new(modem.MaxLog) },
		modemtest.Options{MaxLog: true, NMSEdB: -100, Seed: 1})
}

func TestExactConformance(t *testing.T) {
	modemtest.Run(t, func() modem.Demapper { return new(modem.Exact) },
		modemtest.Options{NMSEdB: -120, Seed: 2})
}

func TestNew(t *testing.T) {
	for _, method := range []string{"maxlog", "exact"} {
		if _, err := modem.New(method); err != nil {
			t.Errorf("New(%q): %v", method, err)
		}
	}
	var field *nr.FieldError
	if _, err := modem.New("magic"); !errors.As(err, &field) {
		t.Errorf("New(magic): got %v, want a *nr.FieldError", err)
	}
}

// The closed forms of TS 38.211 §5.1.2 to §5.1.6, written out.
func TestConstellationFollowsTheClause(t *testing.T) {
	s := func(v, shift int) float64 { return 1 - 2*float64(v>>shift&1) }
	closed := map[nr.Modulation]func(v int) complex128{
		nr.QPSK: func(v int) complex128 { return complex(s(v, 1), s(v, 0)) / complex(math.Sqrt(2), 0) },
		nr.QAM16: func(v int) complex128 {
			return complex(s(v, 3)*(2-s(v, 1)), s(v, 2)*(2-s(v, 0))) / complex(math.Sqrt(10), 0)
		},
		nr.QAM64: func(v int) complex128 {
			return complex(s(v, 5)*(4-s(v, 3)*(2-s(v, 1))), s(v, 4)*(4-s(v, 2)*(2-s(v, 0)))) / complex(math.Sqrt(42), 0)
		},
		nr.QAM256: func(v int) complex128 {
			return complex(s(v, 7)*(8-s(v, 5)*(4-s(v, 3)*(2-s(v, 1)))),
				s(v, 6)*(8-s(v, 4)*(4-s(v, 2)*(2-s(v, 0))))) / complex(math.Sqrt(170), 0)
		},
	}
	for m, f := range closed {
		for v, got := range modem.Constellation(m) {
			if want := f(v); cmplx.Abs(complex128(got)-want) > 1e-6 {
				t.Errorf("%v point %0*b: got %v, want %v", m, m.BitsPerSymbol(), v, got, want)
			}
		}
	}
	if modem.Constellation(3) != nil {
		t.Error("unknown scheme: want nil")
	}
}

func TestUnitPowerAndGray(t *testing.T) {
	for _, m := range schemes {
		points := modem.Constellation(m)
		power, nearest := 0.0, math.Inf(1)
		for i, p := range points {
			power += real(complex128(p))*real(complex128(p)) + imag(complex128(p))*imag(complex128(p))
			for _, q := range points[:i] {
				nearest = min(nearest, cmplx.Abs(complex128(p-q)))
			}
		}
		if got := power / float64(len(points)); math.Abs(got-1) > 1e-6 {
			t.Errorf("%v: mean power %v, want 1", m, got)
		}
		for i, p := range points {
			for k, q := range points[:i] {
				if d := i ^ k; cmplx.Abs(complex128(p-q)) < nearest*1.01 && d&(d-1) != 0 {
					t.Errorf("%v: neighbours %b and %b differ in more than one bit", m, i, k)
				}
			}
		}
	}
}

func TestPi2BPSKRotates(t *testing.T) {
	var mapper modem.Mapper
	got := make([]complex64, 4)
	if err := errors.Join(mapper.Configure(nr.Pi2BPSK), mapper.Map(got, []uint8{0, 0, 1, 1})); err != nil {
		t.Fatal(err)
	}
	a := complex(float32(math.Sqrt2/2), 0)
	want := []complex64{a * (1 + 1i), a * (-1 + 1i), a * (-1 - 1i), a * (1 - 1i)}
	for i := range want {
		if cmplx.Abs(complex128(got[i]-want[i])) > 1e-6 {
			t.Errorf("symbol %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

func TestMapperRefuses(t *testing.T) {
	var mapper modem.Mapper
	var shape *tensor.ShapeError
	if err := mapper.Map(make([]complex64, 1), make([]uint8, 2)); !errors.As(err, &shape) {
		t.Errorf("before Configure: got %v, want a *tensor.ShapeError", err)
	}
	var field *nr.FieldError
	if err := mapper.Configure(7); !errors.As(err, &field) {
		t.Errorf("Configure(7): got %v, want a *nr.FieldError", err)
	}
	if err := mapper.Configure(nr.QAM16); err != nil {
		t.Fatal(err)
	}
	if err := mapper.Map(make([]complex64, 2), make([]uint8, 7)); !errors.As(err, &shape) {
		t.Errorf("7 bits for 2 symbols: got %v, want a *tensor.ShapeError", err)
	}
}

func TestMapperNoAllocs(t *testing.T) {
	var mapper modem.Mapper
	bits, sym := make([]uint8, 96*8), make([]complex64, 96)
	if n := testing.AllocsPerRun(10, func() {
		if mapper.Configure(nr.QAM256) != nil || mapper.Map(sym, bits) != nil {
			t.Error("a call failed")
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

// FuzzMaxLog holds max-log to the brute force on any finite symbol.
func FuzzMaxLog(f *testing.F) {
	f.Add(float32(0.3), float32(-0.9), float32(0.1), uint8(4))
	f.Add(float32(1.9), float32(0), float32(0.01), uint8(3))
	f.Fuzz(func(t *testing.T, re, im, noise float32, scheme uint8) {
		if !(re > -8 && re < 8 && im > -8 && im < 8 && noise > 1e-4 && noise < 1e4) {
			t.Skip()
		}
		m := schemes[int(scheme)%len(schemes)]
		var d modem.MaxLog
		got := make([]float32, m.BitsPerSymbol())
		if err := errors.Join(d.Configure(m), d.DemapFloat(got, []complex64{complex(re, im)}, []float32{noise})); err != nil {
			t.Fatal(err)
		}
		for k, x := range got {
			want := modemtest.Reference(m, 0, complex(re, im), noise, k, true)
			if math.Abs(float64(x)-want) > 1e-4/float64(noise)*(1+float64(re*re+im*im)) {
				t.Errorf("%v bit %d of %v, noise %v: got %v, want %v", m, k, complex(re, im), noise, x, want)
			}
		}
	})
}

func BenchmarkDemap(b *testing.B) {
	for _, method := range []string{"maxlog", "exact"} {
		for _, m := range schemes {
			b.Run(fmt.Sprintf("method=%s/bits=%d", method, m), func(b *testing.B) {
				_, sym, noiseVar := modemtest.Symbols(m, 3276, 1)
				dst := make([]int8, len(sym)*m.BitsPerSymbol())
				d, err := modem.New(method)
				if err != nil {
					b.Fatal(err)
				}
				if err := d.Configure(m); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if err := d.Demap(dst, sym, noiseVar); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(dst))*float64(b.N)/b.Elapsed().Seconds(), "LLR/s")
			})
		}
	}
}

// Symbols of any size keep the signs of the outermost points, at the greatest
// magnitude: what a simulator in physical units, or a burst of interference, makes.
func TestSymbolsOfAnySize(t *testing.T) {
	for _, method := range []string{"maxlog", "exact"} {
		for _, m := range schemes {
			d, err := modem.New(method)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Configure(m); err != nil {
				t.Fatal(err)
			}
			qm := m.BitsPerSymbol()
			got, want, float := make([]int8, qm), make([]int8, qm), make([]float32, qm)
			for _, sign := range []complex64{1 + 1i, 1 - 1i, -1 + 1i, -1 - 1i} {
				if m == nr.Pi2BPSK && real(sign) != imag(sign) {
					continue // between the points
				}
				if err := d.Demap(want, []complex64{40 * sign}, []float32{0.01}); err != nil {
					t.Fatal(err)
				}
				for _, size := range []float32{1e6, 1e15, 1e30, 3e38, float32(math.Inf(1))} {
					z := complex(size*real(sign), size*imag(sign))
					if err := d.Demap(got, []complex64{z}, []float32{0.01}); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(got, want) || !isSaturated(got) {
						t.Errorf("%s, %v, %v: got %v, want %v", method, m, z, got, want)
					}
					if err := d.DemapFloat(float, []complex64{z}, []float32{0.01}); err != nil || method == "exact" && !areFinite(float) {
						t.Errorf("%s, %v, %v: got %v, %v", method, m, z, float, err)
					}
				}
			}
		}
	}
}

func isSaturated(llrs []int8) bool {
	return !slices.ContainsFunc(llrs, func(x int8) bool { return x != nr.MaxLLR && x != -nr.MaxLLR })
}

func areFinite(x []float32) bool {
	return !slices.ContainsFunc(x, func(v float32) bool { return v-v != 0 })
}
