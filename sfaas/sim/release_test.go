// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"testing"
	"time"
)

// TestReleaseOutlivesNodes releases a unit of nodes with disks, and lets one of them, or all at
// once, begin another life: nobody owns the unit, as their records say, until it is claimed.
func TestReleaseOutlivesNodes(t *testing.T) {
	for _, again := range [][]int{{0}, {1}, {2}, {0, 1, 2}} {
		t.Run(fmt.Sprint(again), func(t *testing.T) {
			f := newFenced(t, Config{Nodes: 3, Cores: 2, Disks: true})
			ended := func(what string) func(error) {
				return func(err error) {
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
				}
			}
			f.push(5)
			f.Claim(f.nodes[1], f.unit, 3, ended("claim"))
			f.push(5)
			f.Release(f.nodes[2], f.unit, 4, ended("release"))
			f.RunFor(10 * time.Millisecond)
			for _, i := range again {
				if err := f.Stop(f.nodes[i]); err != nil {
					t.Fatal(err)
				}
			}
			for _, i := range again {
				if err := f.Start(f.nodes[i]); err != nil {
					t.Fatal(err)
				}
			}
			f.RunFor(time.Second) // they are linked
			if owner := f.agree(); owner != 0 {
				t.Errorf("node %d owns the unit", owner)
			}
			made := len(f.made)
			f.push(5)
			if len(f.made) > made {
				t.Error("somebody serves the unit")
			}
			if f.Claim(f.nodes[0], f.unit, 5, ended("the next claim")); f.epoch() != 4 {
				t.Errorf("epoch %d before it, want 4", f.epoch())
			}
			f.push(20)
			if owner := f.agree(); owner != 1 {
				t.Errorf("node %d owns the unit, want 1", owner)
			}
			f.lastSlots(15)
		})
	}
}

// epoch returns the epoch of the unit's route.
func (f *fenced) epoch() uint32 { return f.nodes[0].Epoch(f.unit) }
