// SPDX-License-Identifier: Apache-2.0

package endure

import (
	"os"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// TestSeeds runs some worlds, 2 000 with NEURORAN_LONG set.
func TestSeeds(t *testing.T) {
	n := uint64(40)
	if os.Getenv("NEURORAN_LONG") != "" {
		n = 2000
	} else if testing.Short() {
		n = 3
	}
	bad, crashes, moves, stayed, messages, begin := 0, 0, 0, 0, uint64(0), time.Now()
	for seed := range n {
		r, err := Run(Config{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		crashes, moves, stayed, messages = crashes+r.Crashes, moves+r.Moves, stayed+r.Stayed, messages+r.Messages
		if r.Count == 0 {
			continue
		}
		if bad++; bad < 5 {
			t.Errorf("seed %d: %d violations: %v", seed, r.Count, r.Violations)
		}
	}
	t.Logf("seeds=%d bad=%d crashes=%d moves=%d stayed=%d messages=%d seeds/s=%.1f", n, bad, crashes, moves, stayed, messages, float64(n)/time.Since(begin).Seconds())
}

// TestPlants plants each bug: it is found within a few seeds. With -short, one of them.
func TestPlants(t *testing.T) {
	plants := core.DiskPlants()
	if testing.Short() {
		plants = plants[:1]
	}
	for _, p := range plants {
		found := -1
		for seed := uint64(0); seed < 200 && found < 0; seed++ {
			r, err := Run(Config{Seed: seed, Plant: p.Name})
			if err != nil {
				t.Fatal(err)
			}
			if r.Count > 0 {
				found = int(seed)
			}
		}
		if found < 0 {
			t.Errorf("%s: not found in 200 seeds", p.Name)
		}
		t.Logf("%s: found on seed %d", p.Name, found)
	}
}

// TestOneSeedOneHistory runs a seed twice.
func TestOneSeedOneHistory(t *testing.T) {
	a, err := Run(Config{Seed: 3, Virtual: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Run(Config{Seed: 3, Virtual: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if a.History != b.History {
		t.Errorf("one seed, two histories: %s and %s", a.History, b.History)
	}
}
