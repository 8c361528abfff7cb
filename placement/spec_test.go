// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/neuroran/neuroran/placement/resource"
	"github.com/neuroran/neuroran/sfaas"
)

// TestSpecRefused looks at what a deployment cannot be.
func TestSpecRefused(t *testing.T) {
	s := newSums(t)
	nan := math.NaN()
	for _, c := range []struct {
		field string
		spec  Spec
	}{
		{"Name", Spec{Unit: sfaas.KindCell, Name: "a\x00b"}},
		{"Name", Spec{Unit: sfaas.KindCell, Name: strings.Repeat("n", maxName+1)}},
		{"Tenant", Spec{Unit: sfaas.KindCell, Tenant: strings.Repeat("t", maxName+1)}},
		{"Tenant", Spec{Unit: sfaas.KindCell, Tenant: "a\x00b"}},
		{"Unit", Spec{Unit: kindWarm}},
		{"Beat", Spec{Unit: sfaas.KindCell, Beat: 1}},
		{"Beat", Spec{Unit: sfaas.KindCell, Beat: math.MaxInt64}},
		{"Misses", Spec{Unit: sfaas.KindCell, Misses: math.MaxInt}},
		{"SLA.Quantile", Spec{Unit: sfaas.KindCell, SLA: SLA{Quantile: nan}}},
		{"SLA.Availability", Spec{Unit: sfaas.KindCell, SLA: SLA{Availability: nan}}},
		{"SLA.Throughput", Spec{Unit: sfaas.KindCell, SLA: SLA{Throughput: nan}}},
		{"SLA.Throughput", Spec{Unit: sfaas.KindCell, SLA: SLA{Throughput: math.Inf(1)}}},
	} {
		var bad *sfaas.OptionError
		if err := c.spec.Validate(s.app); !errors.As(err, &bad) || bad.Option != "placement.Spec."+c.field {
			t.Errorf("%s: %v", c.field, err)
		}
	}
	for field, spec := range map[string]Spec{
		"Unit":             {},
		"Slot":             {Unit: sfaas.KindCell, Slot: -1},
		"Beat":             {Unit: sfaas.KindCell, Beat: -time.Second},
		"Misses":           {Unit: sfaas.KindCell, Misses: -1},
		"Mode":             {Unit: sfaas.KindCell, Mode: 77},
		"SLA.Deadline":     {Unit: sfaas.KindCell, SLA: SLA{Deadline: -1}},
		"SLA.Margin":       {Unit: sfaas.KindCell, SLA: SLA{Deadline: time.Millisecond, Margin: time.Millisecond}},
		"SLA.Quantile":     {Unit: sfaas.KindCell, SLA: SLA{Quantile: 1}},
		"SLA.Availability": {Unit: sfaas.KindCell, SLA: SLA{Availability: 1.5}},
		"SLA.Throughput":   {Unit: sfaas.KindCell, SLA: SLA{Throughput: -1}},
		"SLA.Standbys":     {Unit: sfaas.KindCell, SLA: SLA{Standbys: MaxStandbys + 1}},
	} {
		var bad *sfaas.OptionError
		if err := spec.Validate(s.app); !errors.As(err, &bad) || bad.Option != "placement.Spec."+field {
			t.Errorf("%s: %v", field, err)
		}
	}
	var bad *sfaas.OptionError
	if err := (&Spec{Unit: sfaas.KindCell}).Validate(nil); !errors.As(err, &bad) {
		t.Errorf("no app: %v", err)
	}
	if err := (&Spec{Unit: sfaas.KindCell, Needs: resource.Need{Memory: -1}}).Validate(s.app); !errors.As(err, new(*resource.FieldError)) {
		t.Errorf("a need below 0: %v", err)
	}
	if err := (&Spec{Unit: sfaas.KindCell, Parts: []string{"nothing"}}).Validate(s.app); !errors.As(err, new(*sfaas.WiringError)) {
		t.Errorf("a part that there is not: %v", err)
	}
}

// TestSpecOfLongParts refuses a part whose units no letter could name.
func TestSpecOfLongParts(t *testing.T) {
	for _, c := range []struct {
		part int
		ok   bool
	}{{100, true}, {128, false}} {
		g := sfaas.NewGraph("long")
		f := sfaas.Define(strings.Repeat("f", c.part), func(*sfaas.Ctx, *number, *number) error { return nil }, sfaas.FunctionConfig{})
		sfaas.Sink(sfaas.Apply(sfaas.Source[number](g, "in"), f), "out")
		app, err := g.Build()
		if err != nil {
			t.Fatal(err)
		}
		spec := Spec{Unit: sfaas.KindCell, Name: strings.Repeat("n", maxName)}
		var bad *sfaas.OptionError
		if err := spec.Validate(app); (err == nil) != c.ok || err != nil && !errors.As(err, &bad) {
			t.Errorf("a part of %d bytes: %v", c.part, err)
		}
	}
}

// TestSpecKept refuses a standby for a unit that would need its state.
func TestSpecKept(t *testing.T) {
	total := sfaas.NewValue[uint64]("total", sfaas.Replicated)
	g := sfaas.NewGraph("kept")
	f := sfaas.Define("count", func(c *sfaas.Ctx, out, in *number) error { *total.Mut(c) += in.X; return nil }, sfaas.FunctionConfig{}, total)
	sfaas.Sink(sfaas.Apply(sfaas.Source[number](g, "in"), f), "out")
	app, err := g.Build()
	if err != nil {
		t.Fatal(err)
	}
	spec := Spec{Unit: sfaas.KindCell, SLA: SLA{Standbys: 1}}
	if err := spec.Validate(app); err == nil || !strings.Contains(err.Error(), "kept") {
		t.Errorf("a standby for a kept unit: %v", err)
	}
	spec.SLA.Standbys = 0
	if err := spec.Validate(app); err != nil {
		t.Error(err)
	}
	if spec.mode(false) != sfaas.Kept || spec.mode(true) != sfaas.Soft {
		t.Error("modes")
	}
	if spec.Slot = time.Millisecond; spec.mode(true) != sfaas.Fed || spec.mode(false) != sfaas.Kept {
		t.Error("modes with slots")
	}
}
