// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/neuroran/neuroran/placement/plan"
	"github.com/neuroran/neuroran/placement/sim"
)

// call runs the command and returns its exit status and what it prints.
func call(args ...string) (status int, out, errs string) {
	var o, e bytes.Buffer
	status = run(args, &o, &e)
	return status, o.String(), e.String()
}

// generated writes an instance of four nodes to a file.
func generated(t *testing.T) (file string, in *plan.Instance) {
	t.Helper()
	status, out, errs := call("-generate", "nodes=4,units=6,load=0.5,seed=3")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	in, err := plan.ReadInstance(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Nodes) != 4 || len(in.Units) != 6 {
		t.Fatalf("%d nodes and %d units, want 4 and 6", len(in.Nodes), len(in.Units))
	}
	file = filepath.Join(t.TempDir(), "instance.json")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, in
}

// keys are those of the JSON object that others read.
var keys = []string{
	"bound_w", "cpu_s", "energy_w", "moves", "msgs_per_node_s", "placed", "rejects", "seconds_to_settle", "shield_rejects", "sla_violations", "unplaced",
}

// object reads the one JSON object of an output.
func object(t *testing.T, out string) map[string]float64 {
	t.Helper()
	got := map[string]float64{}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return got
}

// TestJSON runs two seeds: the keys are those that are documented, and the assignments are
// of every unit, violate nothing and take what they claim.
func TestJSON(t *testing.T) {
	file, in := generated(t)
	where := filepath.Join(t.TempDir(), "assignment.json")
	status, out, errs := call("-instance", file, "-policy", "best-fit", "-seeds", "2", "-budget", "2000", "-assignment", where, "-json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	got := object(t, out)
	if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, keys) {
		t.Errorf("keys %v\nwant %v", have, keys)
	}
	if got["placed"] != 6 || got["unplaced"] != 0 || got["sla_violations"] != 0 || got["energy_w"] < got["bound_w"] {
		t.Errorf("got %v", got)
	}
	text, err := os.ReadFile(where)
	if err != nil {
		t.Fatal(err)
	}
	var all sim.Assignments
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if all.Version != 1 || all.Instance != in.Name || len(all.Assignments) != 2 {
		t.Fatalf("version %d, instance %q, %d assignments", all.Version, all.Instance, len(all.Assignments))
	}
	for _, a := range all.Assignments {
		checkAssignment(t, in, &a)
	}
}

// checkAssignment puts units where an assignment says.
func checkAssignment(t *testing.T, in *plan.Instance, a *sim.Assignment) {
	t.Helper()
	v, err := plan.NewView(in)
	if err != nil {
		t.Fatal(err)
	}
	s := plan.NewState(v)
	for _, p := range a.Units {
		u := slices.IndexFunc(v.Units, func(x plan.Unit) bool { return x.ID == p.Unit })
		n := slices.IndexFunc(v.Nodes, func(x plan.Node) bool { return x.ID == p.Node })
		if u < 0 || n < 0 {
			t.Fatalf("seed %d: %+v is not of the instance", a.Seed, p)
		}
		m := slices.IndexFunc(v.Units[u].Modes, func(x plan.Mode) bool { return x.Kind == p.Mode })
		if m < 0 {
			t.Fatalf("seed %d: %+v: no such mode", a.Seed, p)
		}
		if s.Place(u) != plan.Nowhere {
			t.Fatalf("seed %d: %s twice", a.Seed, p.Unit)
		}
		s.Put(u, plan.Place{Node: int32(n), Mode: int8(m)})
	}
	if s.Unplaced() > 0 {
		t.Errorf("seed %d: %d units have no place", a.Seed, s.Unplaced())
	}
	if bad := s.Violations(nil); len(bad) > 0 {
		t.Errorf("seed %d: %v", a.Seed, bad)
	}
	if d := s.Energy() - a.EnergyW; math.Abs(d) > 1e-6 {
		t.Errorf("seed %d: takes %g W more than it says", a.Seed, d)
	}
}

// TestLines prints a line per seed, and for none the JSON object.
func TestLines(t *testing.T) {
	file, _ := generated(t)
	status, out, errs := call("-instance", file, "-policy", "amortised", "-planner=false", "-seeds", "2", "-seed", "7")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	for _, want := range []string{"seed 7: ", "seed 8: ", "6 placed, 0 not, 0 violations"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if n := strings.Count(out, "\n"); n != 2 {
		t.Errorf("%d lines, want 2:\n%s", n, out)
	}
}

// TestTooMuch ends with 1 where units find no place.
func TestTooMuch(t *testing.T) {
	_, out, _ := call("-generate", "nodes=1,units=40,load=6,seed=1")
	file := filepath.Join(t.TempDir(), "instance.json")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := call("-instance", file, "-policy", "first-fit", "-planner=false", "-json")
	if got := object(t, out); status != 1 || got["unplaced"] == 0 || got["sla_violations"] != 0 {
		t.Errorf("status %d, %v %s", status, got, errs)
	}
}

// TestRefused calls the command wrongly: it ends with 2, and says why.
func TestRefused(t *testing.T) {
	file, _ := generated(t)
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"version":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{},
		{"-what"},
		{"-instance", file, "more"},
		{"-instance", file, "-generate", "nodes=1,units=1,load=0.5"},
		{"-instance", file, "-seeds", "0"},
		{"-instance", file, "-policy", "random"},
		{"-instance", file, "-fault", "boredom"},
		{"-instance", file, "-loss", "2"},
		{"-instance", file, "-loss", "-1"},
		{"-instance", file, "-loss", "nan"},
		{"-instance", file, "-repeat", "2"},
		{"-instance", file, "-kill", "-1s"},
		{"-instance", file, "-budget", "-1"},
		{"-instance", file, "-assignment", filepath.Join(file, "nowhere"), "-planner=false"},
		{"-instance", filepath.Join(t.TempDir(), "none.json")},
		{"-instance", bad},
		{"-generate", "nodes=0"},
	} {
		if status, out, errs := call(args...); status != 2 || errs == "" || strings.Contains(out, "panic") {
			t.Errorf("%v: status %d, %q %q", args, status, out, errs)
		}
	}
}
