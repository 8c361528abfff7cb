// SPDX-License-Identifier: Apache-2.0

package sionna

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/neuroran/neuroran/internal/testvec"
	"github.com/neuroran/neuroran/mac"
	"github.com/neuroran/neuroran/phy/nr"
)

// macAnswers are what mac.py writes.
type macAnswers struct {
	OLLA []struct {
		Target   float64   `json:"target"`
		UpDB     float64   `json:"up_db"`
		MaxDB    float64   `json:"max_db"`
		Feedback []int     `json:"feedback"`
		OffsetDB []float64 `json:"offset_db"`
	} `json:"olla"`
	PF struct {
		Beta  float64   `json:"beta"`
		Rates [][][]int `json:"rates"` // [slot, group, UE]
		Owner [][]int   `json:"owner"` // [slot, group]
	} `json:"pf"`
}

// TestMAC compares the outer loop of link adaptation and the proportional fair policy of
// package mac with Sionna's: the offsets to 1e-6 dB, the allocations exactly. The answers
// in testdata are always compared; with Sionna at hand, fresh ones of 1 000 slots are too.
// SIONNA_SEED is their seed.
func TestMAC(t *testing.T) {
	t.Run("stored", func(t *testing.T) { compareMAC(t, filepath.Join("testdata", "mac.json")) })
	t.Run("fresh", func(t *testing.T) {
		python := testvec.Python(t, "sionna.sys", "torch")
		file := filepath.Join(t.TempDir(), "mac.json")
		maker := exec.Command(python, "mac.py", file, "1000", "1000", "18", "16", setting("SIONNA_SEED", "11"))
		if out, err := maker.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		compareMAC(t, file)
	})
}

func compareMAC(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var a macAnswers
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if len(a.OLLA) == 0 || len(a.PF.Rates) == 0 {
		t.Fatal("no answers")
	}
	worst, steps := 0.0, 0
	for _, run := range a.OLLA {
		var loop mac.OuterLoop
		for i, f := range run.Feedback {
			if f >= 0 {
				loop.Update(f == 1, run.Target, run.UpDB, run.MaxDB)
			}
			worst, steps = max(worst, math.Abs(loop.OffsetDB-run.OffsetDB[i])), steps+1
		}
	}
	t.Logf("outer loop: %d steps, offsets differ by at most %.1e dB", steps, worst)
	if !(worst <= 1e-6) {
		t.Errorf("offsets differ by %g dB", worst)
	}
	groups, differ := 0, 0
	for slot, owner := range proportionalFair(&a) {
		for g := range owner {
			groups++
			if int(owner[g]) != a.PF.Owner[slot][g] {
				differ++
			}
		}
	}
	t.Logf("proportional fair: %d slots, %d of %d groups differ", len(a.PF.Rates), differ, groups)
	if differ > 0 {
		t.Errorf("%d of %d groups go to another UE", differ, groups)
	}
}

// proportionalFair returns who our policy gives each group, slot by slot, with what it gave
// as past rates.
func proportionalFair(a *macAnswers) [][]int16 {
	groups, ues := len(a.PF.Rates[0]), len(a.PF.Rates[0][0])
	prbs := make([]int, groups)
	for i := range prbs {
		prbs[i] = 1
	}
	v := mac.NewView(prbs, ues)
	rates, past := make([][mac.MaxRBGs]float32, ues), make([]mac.AverageRate, ues)
	for u := range ues {
		past[u] = mac.AverageRate{Bits: 1}
		v.UEs = append(v.UEs, mac.Candidate{RNTI: uint16(u + 1), Backlog: math.MaxInt32, MaxPRB: groups, Rate: &rates[u]})
	}
	var all [][]int16
	for slot := range a.PF.Rates {
		now := nr.Slot(slot + 2) // Sionna discounts its first average once before it is used
		dst := make([]int16, groups)
		for g := range dst {
			dst[g] = mac.Nobody
			for u := range rates {
				rates[u][g] = float32(a.PF.Rates[slot][g][u])
			}
		}
		for u := range past {
			v.UEs[u].PastRate = past[u].Before(now, a.PF.Beta)
		}
		mac.ProportionalFair{}.Allocate(dst, v)
		for u := range past {
			bits := 0.0
			for g := range dst {
				if int(dst[g]) == u {
					bits += float64(rates[u][g])
				}
			}
			past[u].Add(now, bits, a.PF.Beta)
		}
		all = append(all, dst)
	}
	return all
}
