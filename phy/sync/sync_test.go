// SPDX-License-Identifier: Apache-2.0

package sync_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
)

func TestOffsets(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, delay := range []float64{-0.2e-6, 0, 0.28e-6, 1.3e-6} {
		for _, hz := range []float64{-500, 0, 280, 1200} {
			for _, noise := range []float64{0, 0.3} {
				t.Run(fmt.Sprintf("delay=%g/hz=%g/noise=%g", delay, hz, noise), func(t *testing.T) {
					p := pilots(delay, hz)
					for i := range p.RE.Data() {
						p.RE.Data()[i] += complex(float32(noise*rng.NormFloat64()), float32(noise*rng.NormFloat64()))
					}
					s, err := sync.New(sync.DefaultLimits())
					if err != nil {
						t.Fatal(err)
					}
					if err := s.Configure(&p.Group); err != nil {
						t.Fatal(err)
					}
					var off nr.Offsets
					if err := s.Estimate(&off, &p); err != nil {
						t.Fatal(err)
					}
					if d := off.DelaySeconds[0] - delay; math.Abs(d) > 5e-9+60e-9*noise {
						t.Errorf("delay %g s, want %g", off.DelaySeconds[0], delay)
					}
					if d := off.CFOHz[0] - hz; math.Abs(d) > 1+160*noise || !off.CFOObserved[0] {
						t.Errorf("offset %g Hz, want %g", off.CFOHz[0], hz)
					}
					if n := testing.AllocsPerRun(5, func() { _ = s.Configure(&p.Group); _ = s.Estimate(&off, &p) }); n != 0 && !raceEnabled {
						t.Errorf("%v allocations, want 0", n)
					}
				})
			}
		}
	}
}

func TestOneSymbolSeesNoOffset(t *testing.T) {
	p := pilots(0, 300)
	p.Group.DMRSMask = 1 << 2
	p.RE.Resize(1, 1, p.Group.NumSubcarriers())
	s, _ := sync.New(sync.DefaultLimits())
	var off nr.Offsets
	if err := errors.Join(s.Configure(&p.Group), s.Estimate(&off, &p)); err != nil {
		t.Fatal(err)
	}
	if off.CFOObserved[0] || off.CFOHz[0] != 0 {
		t.Errorf("got offset %g Hz, observed %v, want none", off.CFOHz[0], off.CFOObserved[0])
	}
}

func TestRefusals(t *testing.T) {
	if _, err := sync.New(sync.Limits{}); err == nil {
		t.Error("New accepts no limits")
	}
	p := pilots(0, 0)
	s, _ := sync.New(sync.DefaultLimits())
	var off nr.Offsets
	if err := s.Estimate(&off, &p); !errors.Is(err, nr.ErrNotConfigured) {
		t.Errorf("got %v, want ErrNotConfigured", err)
	}
	_ = s.Configure(&p.Group)
	p.RE.Resize(1, 1, 4)
	if err := s.Estimate(&off, &p); !errors.Is(err, nr.ErrShape) {
		t.Errorf("got %v, want ErrShape", err)
	}
}
