// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestTold moves a unit in each mode, while slots come, and looks at what the two nodes are
// told of it.
func TestTold(t *testing.T) {
	for _, mode := range []sfaas.MoveMode{sfaas.Fed, sfaas.Soft} {
		t.Run(mode.String(), func(t *testing.T) {
			s := newSums(t)
			spec := Spec{Unit: sfaas.KindCell, Slot: time.Millisecond, Mode: mode}
			from, to := &fakeControl{id: 1}, &fakeControl{id: 2}
			a, b := deployAt(t, from, s.app, spec), deployAt(t, to, s.app, spec)
			meet(t, a, b)
			u := sfaas.Unit{Part: "add", Root: cell1}
			if err := a.own(context.Background(), u, epochOf(1, 1, 0)); err != nil {
				t.Fatal(err)
			}
			s.pump(t, a.Unit(cell1))
			if _, err := a.move(context.Background(), u, 2); err != nil {
				t.Fatal(err)
			}
			want := epochOf(1, 1, 1)
			eventually(t, "the new owner is told", func() bool {
				to.mu.Lock()
				defer to.mu.Unlock()
				return slices.Contains(to.mine, want)
			})
			eventually(t, "the old owner is told", func() bool {
				from.mu.Lock()
				defer from.mu.Unlock()
				return slices.ContainsFunc(from.theirs, func(r sfaas.Route) bool { return r.Owner == 2 && r.Epoch == want })
			})
		})
	}
}
