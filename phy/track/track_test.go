// SPDX-License-Identifier: Apache-2.0

package track_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/neuroran/neuroran/phy/dmrs/dmrstest"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/phy/track"
)

// sight is of a channel that has seen a UE of a delay and a carrier offset, with
// some errors, and a profile of one path.
func sight(slot nr.Slot, rng *rand.Rand, delay, cfo float64) *track.Sight {
	ch := new(nr.Channel)
	ch.Group.Slot = slot
	ch.Offsets.Seen[0] = nr.SeenOffsets{
		DelaySeconds: delay + 50e-9*rng.NormFloat64(), DelayStd: 50e-9,
		CFOHz: cfo + 80*rng.NormFloat64(), CFOStd: 80,
	}
	for i := range ch.Seen[0].Doppler {
		ch.Seen[0].Doppler[i] = -float32(math.Abs(float64(i-7))) * rng.Float32()
	}
	ch.Seen[0].Profile[20] = 1
	s := track.SightOf(ch, 0)
	return &s
}

// TestPriorNarrows follows a UE that stays where it is.
func TestPriorNarrows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	g := dmrstest.Group(4, 0)
	var ue track.UE
	var p nr.Prior
	cfg := track.DefaultConfig()
	for g.Slot = range nr.Slot(40) {
		ue.Prior(&p, cfg, &g)
		if known := g.Slot >= nr.Slot(cfg.Lag); (p.DelayStd < 1e-3) != known || (p.CFOStd < 1e6) != known {
			t.Fatalf("slot %d: %+v", g.Slot, p)
		}
		ue.Add(sight(g.Slot, rng, 300e-9, 200))
	}
	if p.DelayStd > 30e-9 || math.Abs(p.DelaySeconds-300e-9) > 60e-9 {
		t.Errorf("delay %g ± %g s, want 300 ns", p.DelaySeconds, p.DelayStd)
	}
	if p.CFOStd > 70 || math.Abs(p.CFOHz-200) > 100 {
		t.Errorf("carrier offset %g ± %g Hz, want 200", p.CFOHz, p.CFOStd)
	}
	best := 0
	for i, v := range p.Doppler {
		if v > p.Doppler[best] {
			best = i
		}
	}
	if best != 7 || p.ProfileWeight < 4 || p.Profile[19]+p.Profile[20]+p.Profile[21] < 0.5 {
		t.Errorf("Doppler %d, want 7; profile %v", best, p.Profile)
	}
}

// TestJump gives a UE another delay and carrier offset: the first slots whose
// prior may use it do.
func TestJump(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	g := dmrstest.Group(4, 0)
	var ue track.UE
	var p nr.Prior
	cfg := track.DefaultConfig()
	for slot := range nr.Slot(20) {
		ue.Add(sight(slot, rng, 0, 0))
	}
	ue.Add(sight(20, rng, 2e-6, 1000))
	g.Slot = 20 + nr.Slot(cfg.Lag)
	ue.Prior(&p, cfg, &g)
	if math.Abs(p.DelaySeconds-2e-6) > 5*p.DelayStd || math.Abs(p.CFOHz-1000) > 5*p.CFOStd || p.DelayStd > 200e-9 {
		t.Errorf("after a jump: %g ± %g s, %g ± %g Hz", p.DelaySeconds, p.DelayStd, p.CFOHz, p.CFOStd)
	}
}

// TestFedIsRestored feeds a second tracker with the slots within reach only: its
// priors are those of the first, bit for bit, whatever came before and whenever
// the priors are asked for.
func TestFedIsRestored(t *testing.T) {
	for _, cfg := range []track.Config{track.DefaultConfig(), {Lag: 1, Window: 1}, {Lag: 5, Window: track.MaxWindow, DelayDrift: 1e-8, CFODrift: 9}} {
		rng := rand.New(rand.NewPCG(5, 6))
		g := dmrstest.Group(4, 0)
		var old, fed track.UE
		const last = 100
		for slot := range nr.Slot(last) {
			if rng.IntN(3) == 0 { // not scheduled
				continue
			}
			s := sight(slot, rng, float64(slot)*1e-9, 100*rng.NormFloat64())
			if rng.IntN(9) == 0 {
				s.Offsets = nr.SeenOffsets{}
			}
			old.Add(s)
			if slot+nr.Slot(cfg.Window+cfg.Lag) > last {
				fed.Add(s)
			}
		}
		g.Slot = last
		var want, got nr.Prior
		old.Prior(&want, cfg, &g)
		fed.Prior(&got, cfg, &g)
		if want != got {
			t.Errorf("%+v: fed %+v, want %+v", cfg, got, want)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	g := dmrstest.Group(4, 0)
	s := sight(0, rng, 1e-7, 10)
	var ue track.UE
	var p nr.Prior
	if n := testing.AllocsPerRun(20, func() {
		g.Slot++
		s.Slot = g.Slot
		ue.Add(s)
		ue.Prior(&p, track.DefaultConfig(), &g)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestValidate(t *testing.T) {
	for _, bad := range []track.Config{{}, {Lag: 1}, {Lag: 1, Window: track.MaxWindow + 1}, {Lag: 1, Window: 1, DelayDrift: -1}, {Lag: 1, Window: 1, CFODrift: math.NaN()}} {
		var field *nr.FieldError
		if err := bad.Validate(); !errors.As(err, &field) {
			t.Errorf("%+v: got %v, want a *nr.FieldError", bad, err)
		}
	}
	good := track.DefaultConfig()
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

// Ten slots have seen a UE at about 300 ns.
func ExampleUE_Prior() {
	rng := rand.New(rand.NewPCG(1, 2))
	group := dmrstest.Group(4, 0)
	var ue track.UE
	for slot := range nr.Slot(10) {
		ue.Add(sight(slot, rng, 300e-9, 0))
	}
	var prior nr.Prior
	group.Slot = 11
	ue.Prior(&prior, track.DefaultConfig(), &group)
	fmt.Printf("about %.0f ns, give or take %.0f\n", math.Round(prior.DelaySeconds*1e8)*10, math.Round(prior.DelayStd*1e8)*10)
	// Output: about 280 ns, give or take 20
}
