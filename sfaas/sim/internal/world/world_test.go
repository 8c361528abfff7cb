// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// seeds runs some worlds, ten times as many with NEURORAN_LONG set and an eighth with
// -short, and fails for every seed with a violation.
func seeds(t *testing.T, n uint64, of func(seed uint64) Config) {
	t.Helper()
	if os.Getenv("NEURORAN_LONG") != "" {
		n *= 10
	} else if testing.Short() {
		n = max(1, n/8)
	}
	var sum Result
	bad := 0
	begin := time.Now()
	for seed := range n {
		r, err := Run(of(seed))
		if err != nil {
			t.Fatal(err)
		}
		sum.Messages, sum.Moves, sum.Crashes, sum.Virtual = sum.Messages+r.Messages, sum.Moves+r.Moves, sum.Crashes+r.Crashes, sum.Virtual+r.Virtual
		if r.Count == 0 {
			continue
		}
		if bad++; bad <= 5 {
			t.Errorf("seed %d: %d violations\n%s", seed, r.Count, text(r.Violations[:min(4, len(r.Violations))]))
		}
	}
	t.Logf("seeds=%d bad=%d messages=%d moves=%d crashes=%d virtual=%v seeds/s=%.1f", n, bad, sum.Messages, sum.Moves, sum.Crashes, sum.Virtual, float64(n)/time.Since(begin).Seconds())
}

// text tells violations, one per line.
func text(all []Violation) string {
	var b strings.Builder
	for _, v := range all {
		fmt.Fprintf(&b, "\t%v %s: %s\n", v.At, v.Kind, v.Text)
	}
	return b.String()
}

// TestCalm pushes through random programs whose handlers fail, on one node and over a
// network that loses, doubles and reorders.
func TestCalm(t *testing.T) {
	seeds(t, 40, func(seed uint64) Config {
		c := Calm(seed)
		c.Nodes, c.Network, c.Faults, c.Parallel = [2]int{1, 5}, seed%2 == 1, seed%4 > 1, true
		return c
	})
}

// TestCrashes crashes all nodes at once and restores them from a snapshot.
func TestCrashes(t *testing.T) {
	seeds(t, 20, func(seed uint64) Config {
		c := Calm(seed)
		c.Crashes, c.Network, c.Faults = 0.5, true, true
		return c
	})
}

// TestExits lets handlers end their goroutine.
func TestExits(t *testing.T) {
	seeds(t, 100, func(seed uint64) Config {
		c := Calm(seed)
		c.Faults, c.Exits, c.Parallel = true, true, true
		return c
	})
}

// TestFarmed calls a parallel function.
func TestFarmed(t *testing.T) {
	seeds(t, 20, func(seed uint64) Config {
		c := Calm(seed)
		c.Parallel, c.Farmed, c.Faults = true, true, true
		return c
	})
}

// TestCommits lets commits take time, be refused, get lost, and end out of order.
func TestCommits(t *testing.T) {
	seeds(t, 40, func(seed uint64) Config {
		c := Calm(seed)
		c.Virtual, c.Engine, c.Faults = 10*time.Second, true, true
		return c
	})
}

// TestAnswers answers commits late, so that they are offered again, and twice.
func TestAnswers(t *testing.T) {
	seeds(t, 20, func(seed uint64) Config {
		c := Calm(seed)
		c.Engine, c.Answers = true, true
		return c
	})
}

// TestMovesOfTwo moves whatever runs between two nodes.
func TestMovesOfTwo(t *testing.T) {
	seeds(t, 40, func(seed uint64) Config {
		c := Calm(seed)
		c.Nodes, c.Moves = [2]int{2, 2}, 30
		return c
	})
}

// TestMovesOfMany moves whatever runs among three to five nodes.
func TestMovesOfMany(t *testing.T) {
	seeds(t, 40, func(seed uint64) Config {
		c := Calm(seed)
		c.Nodes, c.Moves = [2]int{3, 5}, 30
		return c
	})
}

// TestRestarts stops one node at a time, once it owns nothing, and starts it anew.
func TestRestarts(t *testing.T) {
	seeds(t, 40, func(seed uint64) Config {
		c := Calm(seed)
		c.Nodes, c.Restarts = [2]int{3, 5}, 0.5
		return c
	})
}

// TestForgets lets nodes forget each other in the midst of moves.
func TestForgets(t *testing.T) {
	seeds(t, 40, Forgetful)
}

// TestDefault runs the world that everything has to survive.
func TestDefault(t *testing.T) {
	seeds(t, 20, Default)
}

// TestBacklog runs seeds of the default world in which so many settings wait for their
// slots that a connection which loses messages cannot bring all of them again.
func TestBacklog(t *testing.T) {
	seeds := []uint64{516, 1120, 1177, 1318, 1622, 1688, 1722, 1979}
	if testing.Short() {
		seeds = seeds[:1]
	}
	for _, seed := range seeds {
		r, err := Run(Default(seed))
		if err != nil {
			t.Fatal(err)
		}
		if r.Count > 0 {
			t.Errorf("seed %d: %d violations\n%s", seed, r.Count, text(r.Violations[:min(4, len(r.Violations))]))
		}
	}
}

// TestOneSeedOneHistory runs a seed of the default world five times.
func TestOneSeedOneHistory(t *testing.T) {
	var histories []string
	for range 5 {
		c := Default(5)
		c.Virtual = 3 * time.Second
		r, err := Run(c)
		if err != nil {
			t.Fatal(err)
		}
		histories = append(histories, fmt.Sprintf("%s %d %d %v", r.History, r.Messages, r.Moves, r.Violations))
	}
	if slices.Sort(histories); histories[0] != histories[4] {
		t.Errorf("one seed, two histories:\n%s\n%s", histories[0], histories[4])
	}
}

// found returns the first seed, within some, on which an oracle of the given kinds
// speaks, or -1.
func found(t *testing.T, n uint64, kinds []Kind, of func(seed uint64) Config) int64 {
	t.Helper()
	for seed := range n {
		r, err := Run(of(seed))
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(r.Violations, func(v Violation) bool { return slices.Contains(kinds, v.Kind) }) {
			return int64(seed)
		}
	}
	return -1
}

// TestPlants plants each bug in the default world: an oracle finds it within a few
// seeds, and says nothing of the same worlds without it. With -short, two bugs.
func TestPlants(t *testing.T) {
	clean, ofLinks, others := uint64(20), core.LinkPlants(), Plants()
	if testing.Short() {
		clean, ofLinks, others = 2, ofLinks[:1], others[:1]
	}
	of := func(plant string) func(seed uint64) Config {
		return func(seed uint64) Config {
			c := Default(seed)
			c.Virtual, c.Plant = 5*time.Second, plant
			return c
		}
	}
	kinds := []Kind{Lost, State, Early, Order, Silent, Endless, Reply, Owned, Broken}
	if seed := found(t, clean, kinds, of("")); seed >= 0 {
		t.Errorf("seed %d: the oracles speak without a bug", seed)
	}
	for _, p := range ofLinks {
		seed := found(t, 100, kinds, func(seed uint64) Config {
			c := Forgetful(2*seed + 1)
			c.Plant = p.Name
			return c
		})
		if seed < 0 {
			t.Errorf("%s: not found in 100 seeds", p.Name)
		}
		t.Logf("%s: found on seed %d", p.Name, seed)
	}
	for _, p := range others {
		seed := found(t, 100, kinds, of(p.Name))
		if seed < 0 {
			t.Errorf("%s: not found in 100 seeds", p.Name)
		}
		t.Logf("%s: found on seed %d", p.Name, seed)
	}
}
