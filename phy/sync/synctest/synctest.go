// SPDX-License-Identifier: Apache-2.0

// Package synctest is the conformance suite of [sync.Synchronizer]: what every
// synchronizer promises, run by the tests of each.
package synctest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/phy/dmrs"
	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/sync"
)

// Options says how good a synchronizer must be.
type Options struct {
	// DelaySeconds and CFOHz bound the errors on 24 PRBs without noise, and their
	// growth with its amplitude. Both must be set.
	DelaySeconds, DelayPerNoise float64
	CFOHz, CFOPerNoise          float64
}

// Run runs the suite on what create returns. Each subtest makes its own.
func Run(t *testing.T, create func(*dmrs.Reference) sync.Synchronizer, o Options) {
	t.Helper()
	t.Run("Offsets", func(t *testing.T) { testOffsets(t, create, o) })
	t.Run("OneSymbol", func(t *testing.T) { testOneSymbol(t, create) })
	t.Run("Refuses", func(t *testing.T) { testRefuses(t, create) })
	t.Run("NoAllocs", func(t *testing.T) { testNoAllocs(t, create) })
}

func estimate(t *testing.T, create func(*dmrs.Reference) sync.Synchronizer, p *nr.Pilots) nr.Offsets {
	t.Helper()
	ref, err := dmrs.NewReference(nr.DefaultGroupLimits())
	if err != nil {
		t.Fatal(err)
	}
	var off nr.Offsets
	s := create(ref)
	if err := errors.Join(s.Configure(&p.Group), s.Estimate(&off, p)); err != nil {
		t.Fatal(err)
	}
	return off
}

// testOffsets checks delay and carrier offset of one path with noise.
func testOffsets(t *testing.T, create func(*dmrs.Reference) sync.Synchronizer, o Options) {
	rng := rand.New(rand.NewPCG(1, 2))
	g := dmrstest.Group(24, 0)
	for _, delay := range []float64{-0.2e-6, 0, 0.28e-6, 1.3e-6} {
		for _, hz := range []float64{-500, 0, 280, 1200} {
			for _, noise := range []float64{0, 0.3} {
				t.Run(fmt.Sprintf("delay=%g/hz=%g/noise=%g", delay, hz, noise), func(t *testing.T) {
					p := dmrstest.Pilots(&g, 1, dmrstest.Ray(&g, delay, hz))
					dmrstest.AddNoise(&p, rng, 2*noise*noise)
					off := estimate(t, create, &p)
					if d := off.DelaySeconds[0] - delay; math.Abs(d) > o.DelaySeconds+o.DelayPerNoise*noise {
						t.Errorf("delay %g s, want %g", off.DelaySeconds[0], delay)
					}
					if d := off.CFOHz[0] - hz; math.Abs(d) > o.CFOHz+o.CFOPerNoise*noise || !off.CFOObserved[0] {
						t.Errorf("offset %g Hz, observed %v, want %g", off.CFOHz[0], off.CFOObserved[0], hz)
					}
				})
			}
		}
	}
}

// testOneSymbol checks that one symbol shows no carrier offset.
func testOneSymbol(t *testing.T, create func(*dmrs.Reference) sync.Synchronizer) {
	g := dmrstest.Group(24, 0)
	g.DMRSMask = 1 << 2
	p := dmrstest.Pilots(&g, 1, dmrstest.Ray(&g, 0, 300))
	if off := estimate(t, create, &p); off.CFOObserved[0] || off.CFOHz[0] != 0 {
		t.Errorf("got offset %g Hz, observed %v, want none", off.CFOHz[0], off.CFOObserved[0])
	}
}

// testRefuses checks that what does not fit is refused.
func testRefuses(t *testing.T, create func(*dmrs.Reference) sync.Synchronizer) {
	ref, _ := dmrs.NewReference(nr.GroupLimits{MaxPRB: 24, MaxRx: 2, MaxLayers: 1})
	s := create(ref)
	g := dmrstest.Group(24, 0)
	p := dmrstest.Pilots(&g, 1, dmrstest.Ray(&g, 0, 0))
	var off nr.Offsets
	if err := s.Estimate(&off, &p); !errors.Is(err, nr.ErrNotConfigured) {
		t.Errorf("no group: got %v, want ErrNotConfigured", err)
	}
	for name, bad := range map[string]nr.Group{"PRBs": dmrstest.Group(25, 0), "layers": dmrstest.Group(24, 0, 1), "nothing": {}} {
		if err := s.Configure(&bad); !errors.Is(err, nr.ErrShape) {
			t.Errorf("%s: got %v, want ErrShape", name, err)
		}
	}
	if err := s.Configure(&g); err != nil {
		t.Fatal(err)
	}
	for _, dims := range [][]int{{1, 1, 288}, {3, 2, 288}, {1, 2, 4}, {1, 2}} {
		p.RE.Resize(dims...)
		if err := s.Estimate(&off, &p); !errors.Is(err, nr.ErrShape) {
			t.Errorf("pilots of %v: got %v, want ErrShape", dims, err)
		}
	}
}

// testNoAllocs checks the calls of a slot.
func testNoAllocs(t *testing.T, create func(*dmrs.Reference) sync.Synchronizer) {
	ref, _ := dmrs.NewReference(nr.DefaultGroupLimits())
	s := create(ref)
	for _, ports := range [][]uint8{{0}, {0, 1}, {0, 1, 2, 3}} {
		g := dmrstest.Group(24, ports...)
		p := dmrstest.RandomPilots(&g, 4, 15)
		var off nr.Offsets
		run := func() {
			g.Slot++ // so that the sequences are made
			p.Group = g
			if s.Configure(&g) != nil || s.Estimate(&off, &p) != nil {
				t.Error("a call failed")
			}
		}
		if n := testing.AllocsPerRun(5, run); n != 0 && !testvec.Race {
			t.Errorf("%d UEs: allocations in a slot: got %v, want 0", len(ports), n)
		}
	}
}
