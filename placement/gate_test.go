// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestGate lets a unit have owners one after the other, by moves and by claims, and looks
// at whose outputs pass: in the order in which they come, news of routes included.
func TestGate(t *testing.T) {
	type step struct {
		epoch uint32
		slot  sfaas.Slot
		news  bool // a route, and no output
		want  bool
	}
	a, moved, again := epochOf(1, 2, 0), epochOf(1, 2, 1), epochOf(1, 2, 2)
	claimed, rival := epochOf(2, 3, 0), epochOf(2, 4, 0)
	for name, steps := range map[string][]step{
		"first owner":                                    {{a, 0, true, false}, {a, 7, false, true}, {a, 6, false, true}},
		"no news of it":                                  {{a, 7, false, true}},
		"a move: the old one below the fence":            {{a, 7, false, true}, {moved, 9, false, true}, {a, 8, false, true}, {a, 9, false, false}, {a, 10, false, false}},
		"a move: its news alone changes nothing":         {{a, 7, false, true}, {moved, 0, true, false}, {a, 8, false, true}, {moved, 9, false, true}},
		"two moves":                                      {{a, 7, false, true}, {moved, 9, false, true}, {again, 12, false, true}, {moved, 11, false, true}, {moved, 12, false, false}},
		"a claim, by its news":                           {{a, 7, false, true}, {claimed, 0, true, false}, {a, 8, false, false}, {claimed, 9, false, true}},
		"a claim, by its first output":                   {{a, 7, false, true}, {claimed, 9, false, true}, {a, 8, false, false}},
		"a claim: earlier slots of the old one, too":     {{claimed, 9, false, true}, {a, 3, false, false}, {moved, 4, false, false}},
		"two claims of one era: the higher node":         {{claimed, 9, false, true}, {rival, 9, false, true}, {claimed, 10, false, false}},
		"a move of who has claimed, and old news behind": {{claimed, 9, false, true}, {claimed + 1, 12, false, true}, {claimed, 11, false, true}, {a, 0, true, false}, {a, 13, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var g gate
			x := g.of(sfaas.Unit{Part: "f", Root: cell1})
			for i, s := range steps {
				if s.news {
					x.learn(s.epoch)
				} else if got := x.passes(s.epoch, s.slot); got != s.want {
					t.Errorf("step %d: slot %d under %#x passes: %v, want %v", i, s.slot, s.epoch, got, s.want)
				}
			}
			if g.of(sfaas.Unit{Part: "f", Root: cell1}) != x || g.of(sfaas.Unit{Part: "g", Root: cell1}) == x {
				t.Error("units are mixed up")
			}
		})
	}
	if n := claimedBy(claimed); n != 3 {
		t.Errorf("claimed by %d, want 3", n)
	}
	if n := claimedBy(moved); n != 0 {
		t.Errorf("a move is a claim of %d", n)
	}
}
