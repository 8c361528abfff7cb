// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/placement/admission"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// workingAir is an air whose receiver takes what the schedule makes it take: a law that the
// scheduler does not know, with a noise of 3 %.
type workingAir struct {
	Air
	rng    *rand.Rand
	worked []Worked
	took   map[nr.Slot]time.Duration
	model  *admission.Model // predicts it from the schedule, for comparison
	errors []float64        // of the prediction, relative
}

// Transmit implements [Air].
func (a *workingAir) Transmit(dst []Reception, s *nr.Schedule, who []int) error {
	if err := a.Air.Transmit(dst, s, who); err != nil {
		return err
	}
	us, iterations := 60.0, 0.0
	for i := range s.Grants {
		g := &s.Grants[i]
		bits := float64(g.CodedBits()) / 1000
		us += 30 + 22*float64(g.DataREs()*g.NumLayers)/1000 + bits*(6+0.8*float64(dst[i].Iterations))
		iterations += float64(dst[i].Iterations) / float64(len(s.Grants))
	}
	took := time.Duration(us * math.Exp(0.03*a.rng.NormFloat64()) * float64(time.Microsecond))
	a.worked = append(a.worked, Worked{Slot: s.Slot, Took: took})
	a.took[s.Slot] = took
	features := block.AppendFeatures(nil, s, iterations)
	if s.Slot > 500 {
		a.errors = append(a.errors, math.Abs(a.model.Predict(features).Seconds()/took.Seconds()-1))
	}
	a.model.Learn(features, took)
	return nil
}

// Worked implements [Timed].
func (a *workingAir) Worked(dst []Worked) []Worked {
	dst = append(dst, a.worked...)
	a.worked = a.worked[:0]
	return dst
}

// budgeted is a cell whose scheduler runs as a function of a world, beside others.
type budgeted struct {
	*Loop
	air *workingAir
	key sfaas.Key
}

// newBudgeted returns a cell of four UEs with full buffers, on whose receiver time a
// [workingAir] keeps account. maker makes the maker of its schedules.
func newBudgeted(t *testing.T, id int, maker func(key sfaas.Key, cfg mac.Config) (Maker, error)) *budgeted {
	t.Helper()
	cfg := testConfig(4, mac.ProportionalFair{}, Traffic{Pattern: FullBuffer})
	cfg.MAC.Carrier.CellID, cfg.Seed = id, uint64(id)
	c := &budgeted{key: block.CellKey(id)}
	cell, err := mac.New(cfg.MAC)
	if err != nil {
		t.Fatal(err)
	}
	model, err := admission.NewModel(&block.SlotWork{Work: cell.State().Work, Quantile: 0.999}, 0.999)
	if err != nil {
		t.Fatal(err)
	}
	newAir := cfg.withDefaults().NewAir
	cfg.NewAir = func(air AirConfig) (Air, error) {
		a, err := newAir(air)
		c.air = &workingAir{Air: a, rng: rand.New(rand.NewPCG(uint64(id), 9)), took: map[nr.Slot]time.Duration{}, model: model}
		return c.air, err
	}
	cfg.NewMaker = func(cfg mac.Config) (Maker, error) { return maker(c.key, cfg) }
	if c.Loop, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// newNeighbour returns the maker of a cell on the first node, whose world goes on by a part of
// a slot when it is asked to: so several cells share it.
func (x *simulated) newNeighbour(key sfaas.Key, cfg mac.Config) (Maker, error) {
	return x.add(&functionMaker{
		key: key, ahead: nr.Slot(cfg.K2),
		push: func(in *block.SlotIndication) error {
			return x.ticks.PushValue(x.world.Node(0), key, sfaas.Slot(in.Slot), in)
		},
		feed: func(slot nr.Slot, heard *block.Feedback) error {
			return x.feedback.PushValue(x.world.Node(0), key, sfaas.Slot(slot), heard)
		},
		settle: func(context.Context) error {
			x.world.RunFor(x.slot / 4)
			return x.failed()
		},
		look: func(context.Context, uint16) (mac.UE, bool, error) { return mac.UE{}, false, nil },
	})
}

// TestBudgetsOfTwoCells runs two cells whose receivers have one worker. While the first is
// alone it gets all that the deadline allows; when the second comes, admission halves
// that, and hands each scheduler its half as a setting. Both have more to send than that allows, and
// no slot of either is late in virtual time; as much as one of them took alone, they would be.
func TestBudgetsOfTwoCells(t *testing.T) {
	const alone, both, settling = 1500, 4000, 200
	x := newSimulated(t, testConfig(1, mac.ProportionalFair{}, Traffic{}).MAC, sim.Config{Seed: 1}, false)
	first, second := newBudgeted(t, 1, x.newNeighbour), newBudgeted(t, 2, x.newNeighbour)
	set := admission.Set{Cores: 1, Slot: 500 * time.Microsecond, Deadline: 450 * time.Microsecond, Margin: 30 * time.Microsecond}
	share := func(cells ...*budgeted) []time.Duration {
		units := make([]admission.Unit, len(cells))
		for i := range units {
			units[i] = admission.Unit{Work: admission.Unbounded, Ingress: 20 * time.Microsecond}
		}
		budgets, err := set.Budgets(nil, units)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cells {
			if err := x.budgets.PushValue(x.world.Node(0), c.key, sfaas.Slot(c.Slot()), &block.Budget{Micros: float64(budgets[i]) / 1000}); err != nil {
				t.Fatal(err)
			}
		}
		return budgets
	}
	whole := share(first)
	if err := first.Run(alone); err != nil {
		t.Fatal(err)
	}
	halves := share(first, second)
	if len(whole) != 1 || len(halves) != 2 || halves[0] != halves[1] || halves[0]-whole[0]/2 > 1 || whole[0]/2-halves[0] > 1 {
		t.Fatalf("budgets %v, then %v; want one half for each", whole, halves)
	}
	late, used, most := 0, time.Duration(0), time.Duration(0)
	for n := range both {
		for _, c := range []*budgeted{first, second} {
			if err := c.Step(); err != nil {
				t.Fatal(err)
			}
		}
		a, b := first.air.took[nr.Slot(alone+n)], second.air.took[nr.Slot(n)]
		if finish := 20*time.Microsecond + a + b; n >= settling {
			used += a + b
			most = max(most, finish)
			if finish > set.Deadline {
				late++
			}
		}
	}
	before := time.Duration(0)
	for n := nr.Slot(alone - 500); n < alone; n++ {
		before += first.air.took[n] / 500
	}
	t.Logf("alone %v of %v a slot on the average; both together %v of %v, the longest %v, %d of %d late", before, whole[0], used/(both-settling), 2*halves[0], most, late, both-settling)
	errs := first.air.errors
	slices.Sort(errs)
	t.Logf("slot work predicted from the schedule is off by %.1f %% (p50) and %.1f %% (p99); %+v", 100*errs[len(errs)/2], 100*errs[len(errs)*99/100], first.air.model.Error())
	// The scheduler leaves room for what 1 of 1000 slots takes longer, and its quantile comes
	// down slowly from where it begins.
	if late > 0 || used/(both-settling) < 11*halves[0]/10 || before < whole[0]*55/100 {
		t.Error("slots are late, or budgets are not used")
	}
	if errs[len(errs)*99/100] > 0.12 {
		t.Error("the prediction is bad")
	}
	if 2*before+20*time.Microsecond < set.Deadline {
		t.Errorf("two cells that take %v each would not have been late", before)
	}
}
