// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

func instance(tb testing.TB, text string) *plan.Instance {
	tb.Helper()
	r, err := sim.ParseRecipe(text)
	if err != nil {
		tb.Fatal(err)
	}
	in, err := sim.Generate(r)
	if err != nil {
		tb.Fatal(err)
	}
	sim.AddReference(in)
	return in
}

func run(tb testing.TB, cfg sim.Config, in *plan.Instance) *sim.Result {
	tb.Helper()
	cfg.PlanBudget, cfg.Most = 40000, max(cfg.Most, 8*time.Second)
	r, err := sim.Run(cfg, in)
	if err != nil {
		tb.Fatal(err)
	}
	if r.Unplaced != 0 || r.Violations != 0 {
		tb.Errorf("%s, seed %d: %d without a place, %d violations", in.Name, cfg.Seed, r.Unplaced, r.Violations)
	}
	return r
}

// TestAgentsComeNearTheBound lets agents with stale views place all units, with a planner
// and without.
func TestAgentsComeNearTheBound(t *testing.T) {
	in := instance(t, "nodes=10,units=20,load=0.6,seed=2")
	for planner, most := range map[bool]float64{true: 1.12, false: 1.25} {
		r := run(t, sim.Config{Policy: plan.Amortised(), Planner: planner, Seed: 1, Loss: 0.01}, in)
		if r.EnergyW < r.BoundW || r.EnergyW > most*r.BoundW {
			t.Errorf("planner %v: %.1f W, bound %.1f W, want at most %g of it", planner, r.EnergyW, r.BoundW, most)
		}
		if r.LettersPerS > 8*50 {
			t.Errorf("planner %v: %.0f letters per node and second, want 8 per round of 20 ms at most", planner, r.LettersPerS)
		}
	}
}

// TestPlannerComesToRest has a planner that waits until it knows in which modes units work
// before it plans on: if it did not, it would head for states that are not there, and move units
// to and fro for ever.
func TestPlannerComesToRest(t *testing.T) {
	in := instance(t, "nodes=20,units=40,load=0.6,seed=1")
	r, err := sim.Run(sim.Config{Policy: plan.Amortised(), Planner: true, Seed: 1, Loss: 0.01, Most: 5 * time.Second, PlanBudget: 200000}, in)
	if err != nil {
		t.Fatal(err)
	}
	if most := 4 * len(in.Units); r.Moves > most || r.Moves == 0 {
		t.Errorf("%d moves, want some, and at most %d", r.Moves, most)
	}
	t.Logf("%d moves, %.1f s, %.1f W", r.Moves, r.VirtualSeconds, r.EnergyW)
}

// TestLoadStepsSettle lets four steps of a day follow each other, of which the third is a large one.
func TestLoadStepsSettle(t *testing.T) {
	in := instance(t, "nodes=10,units=20,load=0.6,seed=2")
	for u := range in.Units {
		day := in.Units[u].Day
		in.Units[u].Day = []float64{day[40], day[41], day[56], day[57]}
	}
	r, err := sim.RunDay(sim.Config{Policy: plan.Amortised(), Planner: true, Seed: 1, Loss: 0.01, PlanBudget: 20000}, in)
	if err != nil {
		t.Fatal(err)
	}
	if d := r.Day; d.SettleWorst > 2 || d.SettleWorst == 0 || d.MovesPerUnitHour > 0.1 || r.Violations != 0 || r.Unplaced != 0 {
		t.Errorf("a step settles after up to %g s, want 2 at most; %g moves per unit and hour outside steps, %d violations, %d without a place",
			d.SettleWorst, d.MovesPerUnitHour, r.Violations, r.Unplaced)
	}
}

func TestRunsRepeat(t *testing.T) {
	in := instance(t, "nodes=8,units=16,load=0.5,seed=1")
	cfg := sim.Config{Planner: true, Seed: 3, Loss: 0.05, PlanBudget: 20000, Most: 3 * time.Second}
	var energy [2]float64
	for i := range energy {
		r, err := sim.Run(cfg, in)
		if err != nil {
			t.Fatal(err)
		}
		energy[i] = r.EnergyW + float64(r.Moves)*1e6
	}
	if energy[0] != energy[1] {
		t.Errorf("equal seeds give %v and %v", energy[0], energy[1])
	}
}

// TestNothingIsViolated breaks what can break: the policy, letters, and the planner.
func TestNothingIsViolated(t *testing.T) {
	in := instance(t, "nodes=10,units=24,load=0.7,seed=5")
	for _, fault := range []string{"nan", "garbage", "nothing"} {
		policy, err := sim.Faulty(plan.Amortised(), fault)
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, sim.Config{Policy: policy, Planner: true, Seed: 2, Loss: 0.1, KillPlanner: 2 * time.Second}, in)
		if r.PolicyErrors == 0 && fault != "garbage" {
			t.Errorf("%s: the policy has never failed", fault)
		}
	}
}

// TestTroubleHeals lets nodes die and come back, zones fall in two halves, units go out of
// service and come into it again, and letters be lost and come twice: in the end every unit is served, and no node has ever had too much.
func TestTroubleHeals(t *testing.T) {
	in := instance(t, "nodes=10,units=24,load=0.4,seed=5")
	for seed := range uint64(3) {
		r := run(t, sim.Config{
			Planner: true, Seed: seed, PlanBudget: 20000, Most: 60 * time.Second,
			Loss: 0.05, Repeat: 0.1, Partition: 7 * time.Second, Crash: 4 * time.Second, Retire: 3 * time.Second,
		}, in)
		if r.Crashes < 5 || r.Partitions < 5 || r.Retired < 5 {
			t.Errorf("seed %d: %d crashes, %d partitions, %d units out of service: want 5 of each", seed, r.Crashes, r.Partitions, r.Retired)
		}
	}
}

// TestCheckerAgrees lets a program that shares no code with this one check an assignment,
// and one that was tampered with.
func TestCheckerAgrees(t *testing.T) {
	python := testvec.Python(t)
	in := instance(t, "nodes=10,units=20,load=0.6,seed=2")
	r := run(t, sim.Config{Planner: true, Seed: 1}, in)
	file := sim.Assignments{Version: 1, Instance: in.Name, Assignments: r.Assignments}
	if out, err := check(t, python, in, &file); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	units := file.Assignments[0].Units
	for i := range units {
		units[i].Node = units[0].Node
		units[i].Mode = plan.CPU
	}
	out, err := check(t, python, in, &file)
	if err == nil || !strings.Contains(out, "cpu") {
		t.Errorf("all units on one node: %v, %s", err, out)
	}
}

func check(t *testing.T, python string, in *plan.Instance, file *sim.Assignments) (string, error) {
	t.Helper()
	dir := t.TempDir()
	var a, b bytes.Buffer
	if err := in.Write(&a); err != nil {
		t.Fatal(err)
	}
	if err := file.Write(&b); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"instance.json": a.Bytes(), "assignment.json": b.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(python, "testdata/check.py", filepath.Join(dir, "instance.json"), filepath.Join(dir, "assignment.json")).CombinedOutput()
	return string(out), err
}

// TestReferencesHold generates each instance of which a solver has found a bound, and looks
// whether what the solver says can be.
func TestReferencesHold(t *testing.T) {
	all, err := sim.References()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		v, err := plan.NewView(instance(t, r.Name))
		if err != nil {
			t.Fatal(err)
		}
		if weak := v.Bound(); !(weak <= r.BestW && r.BoundW <= r.BestW) {
			t.Errorf("%s: bound %g, best %g, and a simple bound of %g", r.Name, r.BoundW, r.BestW, weak)
		}
		switch r.By {
		case "program", "columns", "relaxation":
		default:
			t.Errorf("%s: got a bound by %q, want program, columns or relaxation", r.Name, r.By)
		}
	}
}

func TestRecipesAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "nodes=0,units=1,load=1", "nodes=2,units=1,load=nan", "nodes=2,units=4,load=0.5,zones=3", "nodes=2,nodes=2",
		"nodes=x", "nodes=2,units=2,load=0.5,hop=-1", "knots=3",
	} {
		if _, err := sim.ParseRecipe(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	r, err := sim.ParseRecipe("nodes=4,units=8,load=0.5,seed=7,zones=2,hop=3")
	if err != nil || r.String() != "nodes=4,units=8,load=0.5,seed=7,zones=2,hop=3" {
		t.Errorf("got %q, %v", r, err)
	}
}

func TestResultIsOneObject(t *testing.T) {
	text, err := json.Marshal(&sim.Result{EnergyW: 1})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"energy_w":1,"bound_w":0,"placed":0,"unplaced":0,"sla_violations":0,"seconds_to_settle":0,"msgs_per_node_s":0,` +
		`"moves":0,"rejects":0,"shield_rejects":0,"cpu_s":0}`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

// TestPlannerIsRefusedByItsOwnNode runs a zone in which the node that has the planner refuses what
// would be best: the planner looks for something else.
func TestPlannerIsRefusedByItsOwnNode(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it takes ten seconds")
	}
	in, err := sim.Generate(sim.Recipe{Nodes: 20, Units: 80, Load: 0.6, Seed: 4, Hop: 1})
	if err != nil {
		t.Fatal(err)
	}
	learned, err := plan.DefaultLearned()
	if err != nil {
		t.Fatal(err)
	}
	defer learned.Close()
	r, err := sim.Run(sim.Config{Policy: learned, Planner: true, Seed: 4, Loss: 0.01}, in)
	if err != nil {
		t.Fatal(err)
	}
	if best := 1204.6; r.EnergyW > 1.05*best {
		t.Errorf("%.1f W, want 5 %% over the best known, %.1f, at most", r.EnergyW, best)
	}
}
