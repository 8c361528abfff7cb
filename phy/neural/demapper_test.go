// SPDX-License-Identifier: Apache-2.0

package neural_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/neuroran/neuroran/accel"
	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/modem"
	"github.com/neuroran/neuroran/phy/modem/modemtest"
	"github.com/neuroran/neuroran/phy/neural"
	"github.com/neuroran/neuroran/phy/nr"
)

// networks opens the shipped networks on a device, or skips.
func networks(tb testing.TB, d accel.Device) *neural.Networks {
	tb.Helper()
	n, err := neural.Open(context.Background(), neural.Config{Devices: []accel.Device{d}})
	var lib *accel.LibraryError
	if errors.As(err, &lib) || errors.Is(err, accel.ErrNoCgo) {
		testvec.Require(tb, "ort", false, err.Error())
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := n.Close(); err != nil {
			tb.Error(err)
		}
	})
	return n
}

func demapper(tb testing.TB, n *neural.Networks) *neural.Demapper {
	tb.Helper()
	d, err := n.NewDemapper()
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func TestConformance(t *testing.T) {
	for _, device := range []accel.Device{accel.Ref, accel.CPU} {
		t.Run(string(device), func(t *testing.T) {
			n := networks(t, device)
			modemtest.Run(t, func() modem.Demapper { return demapper(t, n) },
				modemtest.Options{NMSEdB: -30, Refuses: []nr.Modulation{nr.Pi2BPSK}, Seed: 7})
		})
	}
}

// TestDevicesAgree compares ref with ONNX Runtime, over lengths that use both
// block sizes.
func TestDevicesAgree(t *testing.T) {
	ref, ort := demapper(t, networks(t, accel.Ref)), demapper(t, networks(t, accel.CPU))
	for _, m := range []nr.Modulation{nr.QPSK, nr.QAM16, nr.QAM64, nr.QAM256} {
		_, sym, noiseVar := modemtest.Symbols(m, 3276, 11)
		got, want := make([]float32, len(sym)*m.BitsPerSymbol()), make([]float32, len(sym)*m.BitsPerSymbol())
		if err := errors.Join(ref.Configure(m), ort.Configure(m), ref.DemapFloat(got, sym, noiseVar), ort.DemapFloat(want, sym, noiseVar)); err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if d := math.Abs(float64(got[i] - w)); !(d <= 1e-4*max(1, math.Abs(float64(w)))) {
				t.Fatalf("%v, soft bit %d: ref %g, ort %g", m, i, got[i], w)
			}
		}
	}
}

func BenchmarkDemap(b *testing.B) {
	const n = 3276
	for _, device := range []accel.Device{accel.Ref, accel.CPU} {
		for _, m := range []nr.Modulation{nr.QPSK, nr.QAM16, nr.QAM64, nr.QAM256} {
			b.Run("device="+string(device)+"/modulation="+m.String(), func(b *testing.B) {
				d := demapper(b, networks(b, device))
				_, sym, noiseVar := modemtest.Symbols(m, n, 1)
				dst := make([]int8, n*m.BitsPerSymbol())
				if err := d.Configure(m); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if err := d.Demap(dst, sym, noiseVar); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "RE/s")
			})
		}
	}
}
