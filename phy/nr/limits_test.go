// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"errors"
	"math"
	"testing"
)

func TestGroupLimits(t *testing.T) {
	if err := DefaultGroupLimits().Validate(); err != nil {
		t.Errorf("default limits: %v", err)
	}
	for _, l := range []GroupLimits{{}, {MaxPRB + 1, 1, 1}, {1, MaxRx + 1, 1}, {1, 1, MaxGroupLayers + 1}} {
		var field *FieldError
		if err := l.Validate(); !errors.As(err, &field) {
			t.Errorf("%+v: got %v, want a *FieldError", l, err)
		}
	}
	c, grant := testCarrier(), testGrant()
	good, err := NewGroup(&c, 0, &grant)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		field  string
		change func(*Group)
	}{
		{"", func(*Group) {}},
		{"group.prb", func(g *Group) { g.NumPRB = MaxPRB + 1 }},
		{"group.layers", func(g *Group) { g.NumLayers = 0 }},
		{"group.ues", func(g *Group) { g.NumUEs = MaxUEs + 1 }},
		{"group.dmrs_symbols", func(g *Group) { g.DMRSMask = 0 }},
		{"group.dmrs_symbols", func(g *Group) { g.DMRSMask, g.Length = 7, 2 }},
		{"group.dmrs.last_symbol", func(g *Group) { g.DMRSMask = 1 << 15 }},
		{"group.symbols", func(g *Group) { g.StartSymbol = 14 }},
		{"group.dmrs.config_type", func(g *Group) { g.ConfigType = 3 }},
		{"group.dmrs.length", func(g *Group) { g.Length = 0 }},
		{"group.dmrs.num_cdm_groups_without_data", func(g *Group) { g.NumCDMGroupsWithoutData = 4 }},
		{"group.start_crb", func(g *Group) { g.StartCRB = -1 }},
		{"group.numerology", func(g *Group) { g.Mu = 7 }},
		{"group.ue.layers", func(g *Group) { g.UEs[0].NumLayers = 5 }},
		{"group.ue.port", func(g *Group) { g.UEs[0].Ports[0] = 12 }},
		{"group.ue.layers of all UEs", func(g *Group) { g.NumLayers++ }},
	} {
		g := good
		test.change(&g)
		err := DefaultGroupLimits().Check("block", &g)
		var shape *ShapeError
		if test.field == "" && err == nil {
			continue
		}
		if !errors.As(err, &shape) || shape.Op != "block: "+test.field || !errors.Is(err, ErrShape) {
			t.Errorf("got %v, want a *ShapeError of %q", err, test.field)
		}
	}
}

func TestCheckPilots(t *testing.T) {
	c, grant := testCarrier(), testGrant()
	g, err := NewGroup(&c, 0, &grant)
	if err != nil {
		t.Fatal(err)
	}
	l := GroupLimits{MaxPRB: MaxPRB, MaxRx: 2, MaxLayers: MaxLayers}
	k := g.NumSubcarriers()
	for _, test := range []struct {
		dims []int
		want error
	}{
		{[]int{2, g.NumDMRSSymbols(), k}, nil},
		{[]int{3, g.NumDMRSSymbols(), k}, ErrShape},
		{[]int{2, g.NumDMRSSymbols() + 1, k}, ErrShape},
		{[]int{2, g.NumDMRSSymbols(), k - 1}, ErrShape},
		{[]int{2, k}, ErrShape},
	} {
		p := Pilots{Group: g}
		p.RE.Resize(test.dims...)
		if err := l.CheckPilots("block", &g, &p); !errors.Is(err, test.want) {
			t.Errorf("%v: got %v, want %v", test.dims, err, test.want)
		}
	}
	if err := l.CheckPilots("block", &g, &Pilots{}); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("another group: got %v, want ErrNotConfigured", err)
	}
}

// TestSymbolTimes checks the start of symbols by the lengths of TS 38.211
// §5.3.1, in samples of the carrier.
func TestSymbolTimes(t *testing.T) {
	for _, kHz := range []int{15, 30, 60, 120} {
		c := Carrier{SubcarrierSpacingKHz: kHz, NumPRB: 24, FFTSize: 2048}
		for slot := range Slot(9) {
			g := Group{Slot: slot, Mu: c.Numerology()}
			at := 0
			for l, got := range g.SymbolTimes() {
				at += c.CPSamples(slot, l)
				if want := float64(at) / c.SampleRate(); math.Abs(got-want) > 1e-12 {
					t.Errorf("%d kHz, slot %d, symbol %d: got %v s, want %v", kHz, slot, l, got, want)
				}
				at += c.FFTSize
			}
		}
	}
}
