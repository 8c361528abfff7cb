// SPDX-License-Identifier: Apache-2.0

package sch

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/neuroran/neuroran/phy/nr"
)

// Code blocks and circular buffers, limited and full, against a second source:
// see testdata/README.md.
func TestRateMatchGolden(t *testing.T) {
	f, err := os.Open("testdata/ratematch.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 100 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	limited := 0
	for _, row := range rows[1:] {
		var n [10]int
		for i, s := range row {
			if n[i], err = strconv.Atoi(s); err != nil {
				t.Fatalf("row %v: %v", row, err)
			}
		}
		c := Code{NewData: true, NumLayers: 1, Modulation: nr.Modulation(n[2]), RV: n[3], TBSLBRM: n[4]}
		if err := c.Begin(n[0], nr.CodeRate(n[1])); err != nil {
			t.Fatalf("row %v: %v", row, err)
		}
		cfg := c.RateMatch()
		ncb := cfg.Ncb
		if ncb == 0 {
			ncb = cfg.N()
		}
		if ncb < cfg.N() {
			limited++
		}
		got := [...]int{cfg.BaseGraph, c.Segmentation.NumBlocks, cfg.Z, ncb, cfg.K0()}
		if want := [5]int(n[5:]); got != want || cfg.Validate() != nil {
			t.Errorf("row %v: got %v, %v", row, got, cfg.Validate())
		}
	}
	if limited < 30 {
		t.Errorf("only %d rows have a limited buffer", limited)
	}
}

// A retransmission takes size and base graph from its initial transmission where
// it must, and only there.
func TestContinue(t *testing.T) {
	first := Code{NewData: true, Modulation: nr.QAM16}
	if err := first.Begin(2024, 1106); err != nil { // rate 0.54: base graph 2
		t.Fatal(err)
	}
	again := func(newData bool, tbs int, rate nr.CodeRate) Code {
		c := Code{NewData: newData, Modulation: nr.QPSK}
		if tbs > 0 {
			if err := c.Begin(tbs, rate); err != nil {
				t.Fatal(err)
			}
		}
		return c
	}
	for _, x := range []struct {
		name string
		code Code
		from Initial
		want Initial
	}{
		{"reserved MCS", again(false, 0, 0), first.Initial(), first.Initial()},
		{"reserved MCS, nothing known", again(false, 0, 0), Initial{}, Initial{}},
		{"other base graph", again(false, 2024, 1896), first.Initial(), first.Initial()},
		{"other size", again(false, 2088, 1896), first.Initial(), Initial{2088, 1}},
		{"new data", again(true, 2024, 1896), first.Initial(), Initial{2024, 1}},
	} {
		if err := x.code.Continue(x.from); err != nil || x.code.Initial() != x.want {
			t.Errorf("%s: got %+v, %v, want %+v", x.name, x.code.Initial(), err, x.want)
		}
	}
	bad := again(false, 0, 0)
	if err := bad.Continue(Initial{2024, 7}); err == nil {
		t.Error("base graph 7: no error")
	}
}
