// SPDX-License-Identifier: Apache-2.0

package nr

import (
	"testing"

	"github.com/neuroran/neuroran/tensor"
)

func TestNewGroup(t *testing.T) {
	c := testCarrier()
	c.StartCRB = 7
	a := testGrant()
	a.StartPRB, a.NumPRB, a.NumLayers, a.NumAntennaPorts, a.DMRS.Ports = 10, 20, 2, 2, [4]uint8{0, 1}
	for _, test := range []struct {
		name   string
		field  string
		change func(*Grant)
	}{
		{"other ports", "", func(*Grant) {}},
		{"same ports, other sequence", "", func(g *Grant) { g.DMRS.Ports, g.DMRS.NSCID, g.DMRS.NID[1] = a.DMRS.Ports, 1, 9 }},
		{"same ports", "dmrs.dmrs_port_set", func(g *Grant) { g.DMRS.Ports = a.DMRS.Ports }},
		{"other PRBs", "not supported: prb_start and prb_size that differ between UEs on shared PRBs", func(g *Grant) { g.NumPRB = 19 }},
		{"other symbols", "not supported: symbol_allocation that differs between UEs on shared PRBs", func(g *Grant) { g.NumSymbols = 13 }},
		{"other DM-RS", "not supported: dmrs.additional_position that differs between UEs on shared PRBs", func(g *Grant) { g.DMRS.AdditionalPosition = 2 }},
		{"other DM-RS type", "not supported: dmrs.config_type that differs between UEs on shared PRBs", func(g *Grant) { g.DMRS.ConfigType = 2 }},
		{"too many layers", "not supported: num_layers of a PRB group", func(g *Grant) { g.NumLayers = 3 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := a
			b.RNTI, b.DMRS.Ports = 2, [4]uint8{2, 3}
			test.change(&b)
			g, err := NewGroup(&c, 5, &a, &b)
			if got := named(err); got != test.field {
				t.Fatalf("got %q (%v), want %q", got, err, test.field)
			}
			if err != nil {
				return
			}
			if g.NumUEs != 2 || g.NumLayers != 4 || g.StartCRB != 17 || g.Slot != 5 || g.UEs[1].RNTI != 2 {
				t.Errorf("got %+v", g)
			}
			for l, want := range [][2]int{{0, 0}, {0, 0}, {1, 2}, {1, 2}, {2, 4}} {
				if ue, first := g.LayerUE(l); ue != want[0] || first != want[1] {
					t.Errorf("layer %d: UE %d from layer %d, want %v", l, ue, first, want)
				}
			}
		})
	}
	if _, err := NewGroup(&c, 0); named(err) != "not supported: UEs in one PRB group" {
		t.Errorf("no UE: got %v", err)
	}
}

func TestSharesPRBs(t *testing.T) {
	a := testGrant()
	a.StartPRB, a.NumPRB = 10, 5
	for _, test := range []struct {
		start, num, symbol, length int
		want                       bool
	}{
		{10, 5, 0, 14, true}, {14, 1, 0, 14, true}, {15, 5, 0, 14, false}, {0, 10, 0, 14, false}, {0, 51, 13, 1, true},
	} {
		b := a
		b.StartPRB, b.NumPRB, b.StartSymbol, b.NumSymbols = test.start, test.num, test.symbol, test.length
		if got := a.SharesPRBs(&b); got != test.want || b.SharesPRBs(&a) != got {
			t.Errorf("%+v: got %v", test, got)
		}
	}
	b := a
	a.NumSymbols, b.StartSymbol, b.NumSymbols = 7, 7, 7
	if a.SharesPRBs(&b) {
		t.Error("halves of a slot: got true")
	}
}

func TestView(t *testing.T) {
	x := tensor.New[complex64]([]int{2, 3, 5})
	for i := range x.Data() {
		x.Data()[i] = complex(float32(i), 0)
	}
	v := ViewOf(&x).Window(1, 2, 2, 3)
	if v.NumRx != 2 || v.NumSymbols != 2 || v.NumSubcarriers != 3 {
		t.Fatalf("got %d × %d × %d", v.NumRx, v.NumSymbols, v.NumSubcarriers)
	}
	for r := range 2 {
		for l := range 2 {
			row := v.Row(r, l)
			if want := complex(float32(15*r+5*(l+1)+2), 0); row[0] != want || len(row) != 3 || cap(row) != 3 {
				t.Errorf("antenna %d symbol %d: got %v", r, l, row)
			}
		}
	}
	inner := v.Window(1, 1, 1, 1)
	if got := inner.Row(1, 0)[0]; got != 15+10+3 {
		t.Errorf("window of a window: got %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a window outside does not panic")
		}
	}()
	v.Window(0, 3, 0, 1)
}

func TestSlotArithmetic(t *testing.T) {
	mu, err := NumerologyOf(30)
	if err != nil || mu != 1 || mu.SubcarrierSpacingKHz() != 30 {
		t.Fatalf("got %d, %v", mu, err)
	}
	s := Slot(20*1024 + 47) // after the system frame number wrapped
	if s.InFrame(mu) != 7 || s.InSubframe(mu) != 1 || s.Frame(mu) != 2 || s.Format(mu) != "2.7" {
		t.Errorf("got %d, %d, %d, %s", s.InFrame(mu), s.InSubframe(mu), s.Frame(mu), s.Format(mu))
	}
	if mu.SlotDuration() != 500_000 || mu.SlotsPerFrame() != 20 || mu.SlotsPerSubframe() != 2 {
		t.Errorf("got %v, %d, %d", mu.SlotDuration(), mu.SlotsPerFrame(), mu.SlotsPerSubframe())
	}
	for _, khz := range []int{0, -15, 7, 16, 45, 1920} {
		if _, err := NumerologyOf(khz); named(err) != "subcarrier_spacing_khz" {
			t.Errorf("%d kHz: got %v", khz, err)
		}
	}
}

func TestStrings(t *testing.T) {
	for got, want := range map[string]string{
		QAM256.String(): "256QAM", Pi2BPSK.String(): "π/2-BPSK", QPSK.String(): "QPSK", QAM16.String(): "16QAM",
		QAM64.String(): "64QAM", Modulation(3).String(): "Modulation(3)", MappingB.String(): "B",
		(&UnsupportedError{"cyclic_prefix", "extended"}).Error(): "not supported: cyclic_prefix (got extended)",
		(&FieldError{"rv", 4, "0…3"}).Error():                    "nr: rv: got 4, want 0…3",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestSlotStart adds up the lengths of the slots before.
func TestSlotStart(t *testing.T) {
	for _, kHz := range []int{15, 30, 60, 120} {
		c := Carrier{SubcarrierSpacingKHz: kHz, NumPRB: 24, FFTSize: 384}
		at := int64(0)
		for slot := range Slot(170) {
			if got := c.SlotStart(slot); got != at {
				t.Fatalf("%d kHz, slot %d: got sample %d, want %d", kHz, slot, got, at)
			}
			at += int64(c.SlotSamples(slot))
		}
		if got, want := c.SlotStart(1<<20), int64(1<<20)*int64(15*c.FFTSize); got != want { // 1 ms/2^µ each
			t.Errorf("%d kHz, slot 2^20: got sample %d, want %d", kHz, got, want)
		}
	}
}
