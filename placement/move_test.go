// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestUnitMove moves a unit on demand to and fro, asked for at a node that never has it,
// while slots come.
func TestUnitMove(t *testing.T) {
	z := newZone(t, 3)
	sums := newSums(t)
	deps := z.deploy(sums.app, Spec{Unit: sfaas.KindCell, Slot: time.Millisecond})
	ctx := z.context()
	asks := deps[2].Unit(cell1)
	if err := asks.Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	sums.pump(t, asks)
	for i := range 6 {
		to := sfaas.NodeID(1 + i%2)
		if err := asks.Move(ctx, to); err != nil {
			t.Fatalf("move %d to node %d: routes are %v: %v\n%v", i, to, asks.Routes(), err, z.nodes[2].Report())
		}
		if r := asks.Routes(); r[0].Owner != to {
			t.Fatalf("move %d: node %d owns it, want %d", i, r[0].Owner, to)
		}
	}
}
