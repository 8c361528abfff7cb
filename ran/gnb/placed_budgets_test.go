// SPDX-License-Identifier: Apache-2.0

package gnb

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
	"github.com/neuroran/neuroran/placement"
	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/ran/block"
	"github.com/neuroran/neuroran/sfaas"
)

// slowness is by how much the receiver of the test is slower than the one that schedulers are
// told of: so no pause of this machine comes near a deadline.
const slowness = 1000

// placedCells is schedulers of cells as functions that a node runs.
type placedCells struct {
	makers
	ticks    sfaas.Input[block.SlotIndication]
	feedback sfaas.Input[block.Feedback]
	dep      *placement.Deployment

	mu    sync.Mutex
	told  map[sfaas.Key]time.Duration // budgets, as the scheduler counts
	heard *sync.Cond
}

func newPlacedCells(t *testing.T, cfg mac.Config) *placedCells {
	t.Helper()
	node, err := placement.Join(t.Context(), placement.Config{
		Listen: "127.0.0.1:0", Node: 1, Cores: 1, KeepPlaces: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Resources: resource.Inventory{CPUs: []resource.CPU{{}}, Memory: 1 << 30, Power: resource.GuessPower(1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Leave(context.Background()) })
	s, err := block.NewScheduler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g := sfaas.NewGraph("placed schedulers")
	x := &placedCells{ticks: sfaas.Source[block.SlotIndication](g, "ticks"), told: map[sfaas.Key]time.Duration{}}
	x.heard = sync.NewCond(&x.mu)
	budgets := sfaas.Source[block.Budget](g, "budgets")
	sfaas.Control(budgets, s.Budgets)
	x.feedback = sfaas.Source[block.Feedback](g, "feedback")
	sfaas.Control(x.feedback, s.Feedback)
	out := sfaas.Sink(sfaas.Apply(x.ticks, s.Fn), "schedules")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	sla := placement.SLA{Deadline: 450 * time.Microsecond * slowness, Margin: 30 * time.Microsecond * slowness}
	x.dep, err = node.Deploy(app, placement.Spec{Unit: sfaas.KindCell, Slot: 500 * time.Microsecond * slowness, SLA: sla},
		placement.WithRuntime(sfaas.WithMode(sfaas.Replay), sfaas.WithWorkers(1)),
		placement.WithOutput(out, func(h sfaas.Header, s *nr.Schedule) { x.made(h.Key, s) }),
		placement.WithBudget(s.Fn.Name(), func(cell *placement.Unit, perSlot time.Duration) error {
			perSlot /= slowness
			if err := budgets.PushValue(cell, cell.Key(), 0, &block.Budget{Micros: float64(perSlot) / 1000}); err != nil {
				return err
			}
			x.mu.Lock()
			defer x.mu.Unlock()
			x.told[cell.Key()] = perSlot
			x.heard.Broadcast()
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// await waits until so many cells have a budget, and all the same one, other than a given one.
func (x *placedCells) await(cells int, other time.Duration) time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	for {
		var same time.Duration
		ok := len(x.told) == cells
		for _, d := range x.told {
			ok = ok && d != other && (same == 0 || d == same)
			same = d
		}
		if ok {
			return same
		}
		x.heard.Wait()
	}
}

// cell places a cell.
func (x *placedCells) cell(t *testing.T, id int) *budgeted {
	t.Helper()
	unit := x.dep.Unit(block.CellKey(id))
	if err := unit.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return newBudgeted(t, id, func(key sfaas.Key, cfg mac.Config) (Maker, error) {
		return x.add(&functionMaker{
			key: key, ahead: nr.Slot(cfg.K2),
			push: func(in *block.SlotIndication) error { return x.ticks.PushValue(unit, key, sfaas.Slot(in.Slot), in) },
			feed: func(slot nr.Slot, heard *block.Feedback) error {
				return x.feedback.PushValue(unit, key, sfaas.Slot(slot), heard)
			},
			settle: x.dep.Runtime().Drain,
			look:   func(context.Context, uint16) (mac.UE, bool, error) { return mac.UE{}, false, nil },
		})
	})
}

// TestNeighbourShrinksBudgets places a cell at a node, whose scheduler gets all that its deadline
// leaves. Then a second one comes to that node: each gets half, by nothing but its arrival, and
// what both schedules make their receivers do is done before the deadline, in each slot.
func TestNeighbourShrinksBudgets(t *testing.T) {
	const alone, both, settling = 600, 1500, 300
	x := newPlacedCells(t, testConfig(1, mac.ProportionalFair{}, Traffic{}).MAC)
	first := x.cell(t, 1)
	whole := x.await(1, 0)
	if want := 420 * time.Microsecond; whole != want {
		t.Fatalf("alone it may work for %v, want %v", whole, want)
	}
	if err := first.Run(alone); err != nil {
		t.Fatal(err)
	}
	before := time.Duration(0)
	for n := nr.Slot(alone - 300); n < alone; n++ {
		before += first.air.took[n] / 300
	}
	second := x.cell(t, 2)
	half := x.await(2, whole)
	if half != whole/2 {
		t.Fatalf("both may work for %v, want %v", half, whole/2)
	}
	late, most, used := 0, time.Duration(0), time.Duration(0)
	for n := range both {
		for _, c := range []*budgeted{first, second} {
			if err := c.Step(); err != nil {
				t.Fatal(err)
			}
		}
		if n < settling {
			continue
		}
		work := first.air.took[nr.Slot(alone+n)] + second.air.took[nr.Slot(n)]
		used += work
		if most = max(most, work); work > 450*time.Microsecond {
			late++
		}
	}
	t.Logf("alone %v of %v per slot on average; both together %v of %v, at most %v; %d of %d late", before, whole, used/(both-settling), whole, most, late, both-settling)
	if late > 0 || used/(both-settling) < whole/2 || 2*before < 450*time.Microsecond {
		t.Error("slots are late, or budgets are not used, or nothing had to shrink")
	}
}
