// SPDX-License-Identifier: Apache-2.0

package chest_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/chest"
	"github.com/neuroran/neuroran/phy/nr"
)

// TestFlatChannel checks channel, noise and SNR on a flat channel of gain 1 at
// several noise powers, and that per-slot calls do not allocate.
func TestFlatChannel(t *testing.T) {
	for _, method := range []chest.Method{chest.LS, chest.LMMSE} {
		for _, sigma2 := range []float64{1e-4, 0.1, 1} {
			t.Run(fmt.Sprintf("%v/noise=%g", method, sigma2), func(t *testing.T) {
				p := pilots(0, 0)
				rng := rand.New(rand.NewPCG(1, 3))
				s := math.Sqrt(sigma2 / 2)
				for i := range p.RE.Data() {
					p.RE.Data()[i] += complex(float32(s*rng.NormFloat64()), float32(s*rng.NormFloat64()))
				}
				e, err := chest.New(chest.Config{Method: method}, chest.DefaultLimits())
				if err != nil {
					t.Fatal(err)
				}
				var ch nr.Channel
				run := func() error { return errors.Join(e.Configure(&p.Group), e.Estimate(&ch, &p, &nr.Offsets{})) }
				if err := run(); err != nil {
					t.Fatal(err)
				}
				if got := float64(real(ch.NoiseCov.Data()[0])); math.Abs(got/sigma2-1) > 0.2 {
					t.Errorf("noise %g, want %g", got, sigma2)
				}
				if got := float64(ch.SNR[0]) * sigma2 / 2; math.Abs(got-1) > 0.3 {
					t.Errorf("SNR over true SNR %g, want 1", got)
				}
				mse, n := 0.0, 0
				for s := range p.Group.NumSymbols {
					for k := range p.Group.NumSubcarriers() {
						h := complex64(-1)
						for a, w := range ch.Weights.Row(0, s) {
							h += w * ch.Anchors.Row(0, 0, a)[k]
						}
						mse += float64(real(h)*real(h) + imag(h)*imag(h))
						n++
					}
				}
				mse /= float64(n)
				limit := map[chest.Method]float64{chest.LS: 0.35, chest.LMMSE: 0.1}[method]
				if mse > limit*sigma2+1e-6 {
					t.Errorf("mean squared error %g, want at most %g", mse, limit*sigma2)
				}
				if n := testing.AllocsPerRun(5, func() { _ = run() }); n != 0 && !raceEnabled {
					t.Errorf("%v allocations, want 0", n)
				}
			})
		}
	}
}

func TestRefusals(t *testing.T) {
	if _, err := chest.New(chest.Config{Method: 7}, chest.DefaultLimits()); err == nil {
		t.Error("New accepts an unknown method")
	}
	if _, err := chest.New(chest.Config{}, chest.Limits{}); err == nil {
		t.Error("New accepts no limits")
	}
	p := pilots(0, 0)
	e, _ := chest.New(chest.Config{}, chest.DefaultLimits())
	var ch nr.Channel
	if err := e.Estimate(&ch, &p, &nr.Offsets{}); !errors.Is(err, nr.ErrNotConfigured) {
		t.Errorf("got %v, want ErrNotConfigured", err)
	}
	_ = e.Configure(&p.Group)
	p.RE.Resize(1, 1, 4)
	if err := e.Estimate(&ch, &p, &nr.Offsets{}); !errors.Is(err, nr.ErrShape) {
		t.Errorf("got %v, want ErrShape", err)
	}
}
