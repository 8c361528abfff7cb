// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be one of the processes.
func TestMain(m *testing.M) {
	if text := os.Getenv(roleEnv); text != "" {
		if err := work(text); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// figures runs the command and returns its figures by system, row and what they are.
func figures(t *testing.T, args ...string) map[string]figure {
	t.Helper()
	var out bytes.Buffer
	if err := measure(append(args, "-json"), &out); err != nil {
		t.Fatal(err)
	}
	got := map[string]figure{}
	for in := json.NewDecoder(&out); ; {
		var x figure
		if err := in.Decode(&x); err == io.EOF {
			return got
		} else if err != nil {
			t.Fatal(err)
		}
		if x.Value < 0 {
			t.Errorf("%+v", x)
		}
		got[x.System+" "+x.Row+" "+x.What] = x
	}
}

// TestRows measures a few slots of each system that does not poll, with a death in their
// midst.
func TestRows(t *testing.T) {
	got := figures(t, "-cells", "2", "-slots", "40", "-pace", "20ms", "-row", "cpu,reliability,management,composability")
	checkRows(t, got, 2, node, cellwise, function)
	if x := got["neuroran composability functions replaceable alone"]; x.Value != 9 {
		t.Errorf("%v functions can be replaced, want 9", x.Value)
	}
	if x := got["neuroran composability lines of examples/extend, which replaces one and adds another"]; x.Value < 50 {
		t.Errorf("examples/extend has %v lines", x.Value)
	}
}

// TestPolling measures processes that poll too: nine that spin on two processors get
// nothing done beside other tests.
func TestPolling(t *testing.T) {
	if os.Getenv("NEURORAN_LONG") == "" {
		t.Skip("it needs the machine for itself: NEURORAN_LONG")
	}
	checkRows(t, figures(t, "-slots", "40", "-pace", "10ms", "-row", "cpu,reliability"), 1, node, cellwise, function, polling)
}

func checkRows(t *testing.T, got map[string]figure, cells int, systems ...kind) {
	t.Helper()
	for _, k := range systems {
		if x := got[string(k)+" cpu processor time of a slot and cell"]; x.Value <= 0 || x.Cells != cells {
			t.Errorf("%s takes no processor time: %+v", k, x)
		}
		if _, ok := got[string(k)+" reliability transmissions lost by it"]; !ok {
			t.Errorf("%s has survived nothing", k)
		}
	}
}

// TestCells measures two cells: what their processes use is told for one of them, and a
// line says what the factor is made of. Nothing polls.
func TestCells(t *testing.T) {
	got := figures(t, "-cells", "2", "-slots", "20", "-pace", "20ms", "-row", "energy")
	lines := 0
	for name, x := range got {
		if x.Cells != 2 || strings.HasPrefix(name, "polling") {
			t.Errorf("%+v", x)
		}
		if strings.Contains(name, "times the joules of one process =") {
			if lines++; x.Value <= 0 || x.System == string(node) && x.Value != 1 {
				t.Errorf("%+v", x)
			}
		}
	}
	if lines != 3 {
		t.Errorf("%d lines say what a factor is made of, want 3", lines)
	}
}

// TestRowsGoOn lets a row go wrong: it says why, and the next one gets a system that is started
// anew.
func TestRowsGoOn(t *testing.T) {
	var told []figure
	b := &bench{cells: 1, pace: 20 * time.Millisecond, slots: 20, only: []string{"maintenance", "reliability"}, tell: func(x figure) { told = append(told, x) }}
	var first, second *system
	err := b.system(node, []step{
		{[]string{"cpu"}, func(kind, *system) error { t.Error("nobody has asked for this one"); return nil }},
		{[]string{"maintenance"}, func(_ kind, s *system) error { first = s; s.kill(s.procs[0]); return errors.New("it is broken") }},
		{[]string{"reliability"}, func(k kind, s *system) error { second = s; return b.reliability(k, s) }},
	})
	if err != nil {
		t.Error(err)
	}
	if first == nil || second == nil || first == second {
		t.Error("no other system after one that is broken")
	}
	if b.missed != 1 || len(told) != 3 || told[0].Row != "maintenance" || told[0].Err != "it is broken" || told[1].Row != "reliability" || told[1].Err != "" {
		t.Errorf("%d rows missed, told %+v", b.missed, told)
	}
}

// TestVictim looks for a process whose death is noticed: one of a cell that gets slots.
func TestVictim(t *testing.T) {
	of := func(cell uint64, part string) *process {
		return &process{role: role{Cells: []uint64{cell}, Parts: []string{part}}}
	}
	added, equalizes, decodes := of(2, "phy/decode"), of(1, "phy/equalize"), of(1, "phy/decode")
	s := &system{kind: function, cells: 1, procs: []*process{added, equalizes, decodes}}
	if s.victim() != decodes {
		t.Errorf("of functions: %+v", s.victim().role)
	}
	if s.kind = cellwise; s.victim() != equalizes {
		t.Errorf("of cells: %+v", s.victim().role)
	}
}

func TestPace(t *testing.T) {
	for _, cost := range []time.Duration{0, 100 * time.Microsecond, 3 * time.Millisecond, 100 * time.Millisecond} {
		pace := paceFor(cost)
		if pace < 500*time.Microsecond || paceFor(2*cost) < pace || float64(cost) > load*float64(pace)*128 {
			t.Errorf("a slot of %v comes each %v", cost, pace)
		}
	}
}

// TestRecovered looks when slots are in time again.
func TestRecovered(t *testing.T) {
	const bound, longest = time.Millisecond, time.Second
	begin := time.Now()
	s := &system{}
	for i := range 200 {
		f := flight{begin.Add(time.Duration(i) * time.Millisecond), bound / 2}
		if i < 50 || i == 120 { // one late slot alone is none
			f.took = 2 * bound
		}
		s.took = append(s.took, f)
	}
	for _, c := range []struct{ since, want time.Duration }{
		{0, 49 * time.Millisecond}, {100 * time.Millisecond, 0}, {time.Second, longest},
	} {
		if got := s.recovered(begin.Add(c.since), bound, longest); got != c.want {
			t.Errorf("since %v: got %v, want %v", c.since, got, c.want)
		}
	}
	for i := range s.took {
		s.took[i].took = 2 * bound
	}
	if got := s.recovered(begin, bound, longest); got <= 190*time.Millisecond {
		t.Errorf("all are late: recovered after %v", got)
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-cells", "0"}, {"-cells", "100"}, {"-slots", "-1"}, {"-pace", "-1s"}, {"-what"}, {"-row", "beauty"}, {"-row", "cpu,"}, {"-system", "ours"},
		{"-cells", "2", "-system", "polling"},
	} {
		if err := measure(args, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
