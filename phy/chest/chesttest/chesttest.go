// SPDX-License-Identifier: Apache-2.0

// Package chesttest is the conformance suite of [chest.Estimator]: what every
// channel estimator promises, model-driven or neural, run by the tests of each.
package chesttest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
)

// Options says how good an estimator must be.
type Options struct {
	// NoiseShare bounds the mean squared error on a flat channel of 24 PRBs,
	// over the variance of the noise. It must be set.
	NoiseShare float64
	// Apart bounds the mean squared error of two UEs on one CDM group with other
	// delays and offsets, without noise, over their power. It must be set.
	Apart float64
}

// Run runs the suite on what create returns. Each subtest makes its own.
func Run(t *testing.T, create func(*dmrs.Reference) chest.Estimator, o Options) {
	t.Helper()
	t.Run("Flat", func(t *testing.T) { testFlat(t, create, o) })
	t.Run("Apart", func(t *testing.T) { testApart(t, create, o) })
	t.Run("Refuses", func(t *testing.T) { testRefuses(t, create) })
	t.Run("NoAllocs", func(t *testing.T) { testNoAllocs(t, create) })
}

// estimate runs an estimator with the default limits.
func estimate(t *testing.T, create func(*dmrs.Reference) chest.Estimator, p *nr.Pilots, off *nr.Offsets) nr.Channel {
	t.Helper()
	ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
	if err != nil {
		t.Fatal(err)
	}
	var ch nr.Channel
	e := create(ref)
	if err := errors.Join(e.Configure(&p.Group), e.Estimate(&ch, p, off)); err != nil {
		t.Fatal(err)
	}
	return ch
}

// MeanSquaredError returns the mean squared error of a channel against the truth
// over all layers, antennas, symbols and subcarriers.
func MeanSquaredError(ch *nr.Channel, truth dmrstest.Channel) float64 {
	g := &ch.Group
	sum, n := 0.0, 0
	for layer := range g.NumLayers {
		for r := range ch.Anchors.Dim(1) {
			for s := range g.NumSymbols {
				for k := range g.NumSubcarriers() {
					h := -truth(layer, r, g.StartSymbol+s, k)
					for a, w := range ch.Weights.Row(layer, s) {
						h += complex128(w) * complex128(ch.Anchors.Row(layer, r, a)[k])
					}
					sum += real(h)*real(h) + imag(h)*imag(h)
					n++
				}
			}
		}
	}
	return sum / float64(n)
}

// testFlat checks channel, noise and SNR on a flat channel of gain 1.
func testFlat(t *testing.T, create func(*dmrs.Reference) chest.Estimator, o Options) {
	g := dmrstest.Group(24, 0)
	truth := dmrstest.Ray(&g, 0, 0)
	for _, variance := range []float64{1e-4, 0.1, 1} {
		t.Run(fmt.Sprintf("noise=%g", variance), func(t *testing.T) {
			p := dmrstest.Pilots(&g, 1, truth)
			dmrstest.AddNoise(&p, rand.New(rand.NewPCG(1, 3)), variance)
			ch := estimate(t, create, &p, &nr.Offsets{})
			if ch.Group != g {
				t.Errorf("group %+v, want %+v", ch.Group, g)
			}
			if got := float64(real(ch.NoiseCov.Data()[0])); math.Abs(got/variance-1) > 0.2 {
				t.Errorf("noise %g, want %g", got, variance)
			}
			if got := float64(ch.SNR[0]) * variance / 2; math.Abs(got-1) > 0.3 {
				t.Errorf("SNR over true SNR %g, want 1", got)
			}
			if mse := MeanSquaredError(&ch, truth); mse > o.NoiseShare*variance+1e-6 {
				t.Errorf("mean squared error %g, want at most %g", mse, o.NoiseShare*variance)
			}
		})
	}
}

// testApart puts two UEs with different delays and carrier offsets on one CDM
// group, without noise.
func testApart(t *testing.T, create func(*dmrs.Reference) chest.Estimator, o Options) {
	off := nr.Offsets{DelaySeconds: [nr.MaxUEs]float64{0.1e-6, 0.9e-6}, CFOHz: [nr.MaxUEs]float64{-300, 250}}
	for _, c := range []struct{ configType, length int }{{1, 1}, {2, 1}, {1, 2}, {2, 2}} {
		t.Run(fmt.Sprintf("type=%d/length=%d", c.configType, c.length), func(t *testing.T) {
			g := dmrstest.Group(24, 0, 1)
			g.ConfigType, g.Length = c.configType, c.length
			if c.length == 2 {
				g.DMRSMask = 3<<2 | 3<<10
			}
			rays := [2]dmrstest.Channel{
				dmrstest.Ray(&g, off.DelaySeconds[0], off.CFOHz[0]), dmrstest.Ray(&g, off.DelaySeconds[1], off.CFOHz[1]),
			}
			truth := func(layer, r, l, k int) complex128 { return rays[layer](layer, r, l, k) * [2]complex128{1, 1i}[layer] }
			p := dmrstest.Pilots(&g, 1, truth)
			ch := estimate(t, create, &p, &off)
			if mse := MeanSquaredError(&ch, truth); mse > o.Apart {
				t.Errorf("mean squared error %.2g, want at most %g", mse, o.Apart)
			}
		})
	}
}

// testRefuses checks that what does not fit is refused.
func testRefuses(t *testing.T, create func(*dmrs.Reference) chest.Estimator) {
	ref, _ := dmrs.NewReference(nr.GroupLimits{MaxPRB: 24, MaxRx: 2, MaxLayers: 1})
	e := create(ref)
	g := dmrstest.Group(24, 0)
	p := dmrstest.Pilots(&g, 1, dmrstest.Ray(&g, 0, 0))
	var ch nr.Channel
	if err := e.Estimate(&ch, &p, &nr.Offsets{}); !errors.Is(err, nr.ErrNotConfigured) {
		t.Errorf("no group: got %v, want ErrNotConfigured", err)
	}
	for name, bad := range map[string]nr.Group{"PRBs": dmrstest.Group(25, 0), "layers": dmrstest.Group(24, 0, 1), "nothing": {}} {
		if err := e.Configure(&bad); !errors.Is(err, nr.ErrShape) {
			t.Errorf("%s: got %v, want ErrShape", name, err)
		}
	}
	if err := e.Configure(&g); err != nil {
		t.Fatal(err)
	}
	for _, dims := range [][]int{{1, 1, 288}, {3, 2, 288}, {1, 2, 4}, {1, 2}} {
		p.RE.Resize(dims...)
		if err := e.Estimate(&ch, &p, &nr.Offsets{}); !errors.Is(err, nr.ErrShape) {
			t.Errorf("pilots of %v: got %v, want ErrShape", dims, err)
		}
	}
}

// testNoAllocs checks the calls of a slot.
func testNoAllocs(t *testing.T, create func(*dmrs.Reference) chest.Estimator) {
	ref, _ := dmrs.NewReference(nr.DefaultGroupLimits())
	e := create(ref)
	for _, ports := range [][]uint8{{0}, {0, 1}, {0, 1, 2, 3}} {
		g := dmrstest.Group(24, ports...)
		p := dmrstest.RandomPilots(&g, 4, 15)
		var ch nr.Channel
		var off nr.Offsets
		run := func() {
			g.Slot++ // so that the sequences are made
			p.Group = g
			if e.Configure(&g) != nil || e.Estimate(&ch, &p, &off) != nil {
				t.Error("a call failed")
			}
		}
		run()
		if n := testing.AllocsPerRun(5, run); n != 0 && !testvec.Race {
			t.Errorf("%d UEs: allocations in a slot: got %v, want 0", len(ports), n)
		}
	}
}

// Finite returns an error that names the first value of a channel that is not a
// finite number, or a negative variance or ratio.
func Finite(ch *nr.Channel) error {
	for _, f := range []struct {
		name string
		data []complex64
	}{{"anchors", ch.Anchors.Data()}, {"weights", ch.Weights.Data()}, {"noise covariance", ch.NoiseCov.Data()}} {
		for i, v := range f.data {
			if sum := float64(real(v)) + float64(imag(v)); math.IsNaN(sum) || math.IsInf(sum, 0) {
				return fmt.Errorf("%s: [%d] = %v", f.name, i, v)
			}
		}
	}
	for i, v := range ch.ErrorRatio.Data() {
		if !(v >= 0) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("error ratio: [%d] = %v", i, v)
		}
	}
	for u, v := range ch.SNR {
		if !(v >= 0) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("SNR of UE %d: %v", u, v)
		}
	}
	return nil
}
