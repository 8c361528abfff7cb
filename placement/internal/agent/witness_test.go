// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"
	"testing"
	"time"
)

// Several hosts want the same kept unit at once, one of them at a node that has come a moment
// ago: it is owned once, for the first time, whatever is lost, repeated and reordered.
func TestKeptOnce(t *testing.T) {
	seeds := 120
	if testing.Short() {
		seeds = 16
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, uint64(seed), 5, 8)
			w.loss, w.delay = 0.1*float64(seed%3), time.Duration(1+seed%8)*time.Millisecond
			w.run(300 * time.Millisecond)
			units := unitsTo(3)
			for _, u := range units {
				w.start(NodeID(5+u), uint32(u), 8)
				askers := []NodeID{NodeID(w.rng.IntN(5) + 1), NodeID(w.rng.IntN(5) + 1), NodeID(5 + u)}
				w.run(time.Duration(w.rng.IntN(20)) * time.Millisecond)
				for _, at := range askers {
					w.run(time.Duration(w.rng.IntN(10)) * time.Millisecond)
					w.wishKept(at, u)
				}
			}
			w.run(8 * time.Second)
			w.loss = 0
			w.run(3 * time.Second)
			w.settled(0, units...)
			for _, u := range units {
				if len(w.epochs[u]) != 1 || w.epochs[u][1] == 0 {
					t.Errorf("seed %d: unit %d has been owned under %v, want epoch 1 alone", seed, u, w.epochs[u])
				}
			}
		})
	}
}

// A witness that is gone holds nothing up for longer than it is a member, and a promise that
// was made to a leader that is gone ends.
func TestWitnessGone(t *testing.T) {
	w := newWorld(t, 1, 4, 8)
	w.run(100 * time.Millisecond)
	w.crash(4)
	w.wishKept(1, 1)
	w.run(3 * time.Second)
	if p := w.placed[1]; p.Node == 0 || p.Epoch != 1 {
		t.Errorf("unit 1, with a witness that is gone: %+v", p)
	}
	w.wishKept(2, 2) // its first letters are on their way
	w.crash(2)
	w.run(10 * time.Millisecond)
	w.wishKept(3, 2)
	w.run(15 * time.Second)
	if p := w.placed[2]; p.Node == 0 || p.Epoch != 1 {
		t.Errorf("unit 2, with a leader that is gone: %+v", p)
	}
	w.settled(0, 1, 2)
}

func (w *world) wishKept(at NodeID, u UnitID) {
	w.step(w.nodes[at], Event{Kind: Wish, Row: UnitRow{Unit: u, Deployment: 64, Kept: true}, Name: fmt.Sprint(u), Token: uint64(u)})
	w.step(w.nodes[at], Event{Kind: Stand, Row: UnitRow{Unit: u}, Token: uint64(u)})
}
