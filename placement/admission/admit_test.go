// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/neuroran/neuroran/placement/admission"
)

const us = time.Microsecond

func TestFinishes(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   admission.Set
		units []admission.Unit
		want  []time.Duration
	}{
		{"none", admission.Set{Cores: 1, Deadline: 1000 * us}, nil, nil},
		{"alone", admission.Set{Cores: 1, Deadline: 1000 * us}, []admission.Unit{{Work: 400 * us}}, []time.Duration{400 * us}},
		{"two in line", admission.Set{Cores: 1, Deadline: 1000 * us}, []admission.Unit{{Work: 400 * us}, {Work: 100 * us}}, []time.Duration{500 * us, 500 * us}},
		{"one path on two cores", admission.Set{Cores: 2, Deadline: 1000 * us}, []admission.Unit{{Work: 400 * us}}, []time.Duration{400 * us}},
		{"wide on two cores", admission.Set{Cores: 2, Deadline: 1000 * us}, []admission.Unit{{Work: 400 * us, Chain: 100 * us}}, []time.Duration{250 * us}},
		{"ends", admission.Set{Cores: 2, Deadline: 1000 * us}, []admission.Unit{{Work: 400 * us, Chain: 100 * us, Ingress: 7 * us, Egress: 5 * us}, {Work: 100 * us}}, []time.Duration{312 * us, 300 * us}},
		{"stretch", admission.Set{Cores: 1, Deadline: 1000 * us, Stretch: 1.5}, []admission.Unit{{Work: 400 * us}}, []time.Duration{600 * us}},
		// One slot of the first meets two of the second, as its data comes at the same time.
		{"slots of two lengths", admission.Set{Cores: 2, Slot: 500 * us, Deadline: 2000 * us}, []admission.Unit{{Work: 400 * us, Chain: 100 * us}, {Work: 20 * us, Chain: 10 * us, Slot: 250 * us}}, []time.Duration{270 * us, 215 * us}},
	} {
		got, err := c.set.Finishes(nil, c.units)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
		}
	}
}

// TestErrors names line, unit, what it would get and what it wants.
func TestErrors(t *testing.T) {
	set := admission.Set{Cores: 1, Slot: 500 * us, Deadline: 1000 * us, Margin: 100 * us}
	for _, c := range []struct {
		name      string
		set       admission.Set
		units     []admission.Unit
		candidate admission.Unit
		want      error
	}{
		{"late", set, []admission.Unit{{Work: 100 * us}}, admission.Unit{Work: 300 * us, Egress: 600 * us}, &admission.LineError{Line: admission.LineDeadline, Unit: 1, Got: 1000 * us, Want: 900 * us}},
		{"its own deadline", set, []admission.Unit{{Work: 100 * us, Deadline: 300 * us}}, admission.Unit{Work: 300 * us}, &admission.LineError{Line: admission.LineDeadline, Got: 400 * us, Want: 200 * us}},
		{"load", set, []admission.Unit{{Work: 300 * us}}, admission.Unit{Work: 300 * us}, &admission.LineError{Line: admission.LineLoad, Got: 600 * us, Want: 500 * us}},
		{"cores", admission.Set{Deadline: 1}, nil, admission.Unit{}, &admission.FieldError{Of: "admission", Field: "set.cores", Got: "0", Want: "1 to 65536"}},
		{"work", set, nil, admission.Unit{Work: -1}, &admission.FieldError{Of: "admission", Field: "units[0].work", Got: "-1ns", Want: "0 to an hour"}},
		{"chain", set, []admission.Unit{{Work: 1, Chain: 2}}, admission.Unit{}, &admission.FieldError{Of: "admission", Field: "units[0].chain", Got: "2ns", Want: "at most its work of 1ns"}},
	} {
		err := c.set.Admit(c.units, c.candidate)
		if diff := cmp.Diff(c.want, err); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if c.set.Cores > 0 && admission.Late(err) != errors.As(err, new(*admission.LineError)) {
			t.Errorf("%s: Late is %v", c.name, admission.Late(err))
		}
	}
}

// TestBudgets lets units have what the set can do, and not a nanosecond more.
func TestBudgets(t *testing.T) {
	set := admission.Set{Cores: 1, Slot: 1000 * us, Deadline: 900 * us, Margin: 100 * us}
	budgets := func(units ...admission.Unit) []time.Duration {
		got, err := set.Budgets(nil, units)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, c := range []struct {
		name  string
		units []admission.Unit
		want  []time.Duration
	}{
		{"alone", []admission.Unit{{Work: admission.Unbounded}}, []time.Duration{800 * us}},
		{"halves", []admission.Unit{{Work: admission.Unbounded}, {Work: admission.Unbounded}}, []time.Duration{400 * us, 400 * us}},
		{"little wanted", []admission.Unit{{Work: 100 * us}, {Work: admission.Unbounded}}, []time.Duration{100 * us, 700 * us}},
		{"all wanted", []admission.Unit{{Work: 100 * us}, {Work: 300 * us}}, []time.Duration{300 * us, 500 * us}},
		{"too late in any case", []admission.Unit{{Work: 100 * us, Egress: time.Second}}, []time.Duration{0}},
	} {
		if diff := cmp.Diff(c.want, budgets(c.units...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	left, err := set.Remaining([]admission.Unit{{Work: 300 * us}, {Work: 1}}, 1)
	if left != 500*us || err != nil {
		t.Errorf("%v remains, %v", left, err)
	}
}

// TestBudgetsFit uses random budgets up: the set admits them, and nothing more of all of them.
func TestBudgetsFit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for trial := range 300 {
		set := admission.Set{Cores: 1 + rng.IntN(4), Slot: 500 * us, Deadline: time.Duration(200+rng.IntN(600)) * us}
		units := make([]admission.Unit, 1+rng.IntN(5))
		for i := range units {
			units[i].Work = time.Duration(1+rng.IntN(400)) * us
			units[i].Chain = units[i].Work / time.Duration(1+rng.IntN(3))
			units[i].Ingress = time.Duration(rng.IntN(30)) * us
		}
		budgets, err := set.Budgets(nil, units)
		if err != nil {
			t.Fatal(err)
		}
		full, more := append([]admission.Unit(nil), units...), append([]admission.Unit(nil), units...)
		for i := range units {
			share := float64(units[i].Chain) / float64(units[i].Work)
			full[i].Work, more[i].Work = budgets[i], budgets[i]+us
			full[i].Chain = time.Duration(share * float64(full[i].Work))
			more[i].Chain = time.Duration(share*float64(more[i].Work)) + 1
		}
		if err := set.Check(full); err != nil {
			t.Errorf("trial %d: budgets %v do not fit: %v", trial, budgets, err)
		}
		if err := set.Check(more); err == nil && set.Slot >= set.Deadline {
			t.Errorf("trial %d: a microsecond more than %v fits", trial, budgets)
		}
	}
}

// TestNoAllocs admits without memory.
func TestNoAllocs(t *testing.T) {
	set := admission.Set{Cores: 4, Slot: 500 * us, Deadline: 500 * us}
	units := make([]admission.Unit, 40)
	for i := range units {
		units[i] = admission.Unit{Work: 20 * us, Chain: 10 * us}
	}
	fit, err := admission.NewFit(0.999)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := set.Admit(units, units[0]); err != nil {
			t.Fatal(err)
		}
		fit.Observe(100, 110)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkAdmit(b *testing.B) {
	set := admission.Set{Cores: 4, Slot: 500 * us, Deadline: 500 * us}
	units := make([]admission.Unit, 20)
	for i := range units {
		units[i] = admission.Unit{Work: 20 * us, Chain: 10 * us}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := set.Admit(units, units[0]); err != nil {
			b.Fatal(err)
		}
	}
}
