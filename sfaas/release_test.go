// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestRelease takes a soft unit out of service at its owner, and at another runtime: nobody
// serves it, at either, until it is claimed anew, empty. A kept one is refused.
func TestRelease(t *testing.T) {
	app, in, out := counting(t, sfaas.Volatile)
	var last atomic.Uint64
	a, b := pair(t, app, sfaas.WithOutput(out, func(_ sfaas.Header, x *number) { last.Store(x.X) }))
	u := sfaas.Unit{Part: "f", Root: sfaas.NewKey(sfaas.KindCell, 1)}
	epoch := uint32(1)
	for round, at := range []*sfaas.Runtime{a, b} {
		if err := a.Claim(u, epoch); err != nil {
			t.Fatal(err)
		}
		for i := range sfaas.Slot(3) {
			push(t, in, a, u.Root, 10*sfaas.Slot(round)+i, 0)
		}
		drain(t, a)
		if last.Load() != 3 {
			t.Fatalf("round %d: counted %d, want 3: it begins empty", round, last.Load())
		}
		if err := at.Release(u, epoch); !errors.Is(err, sfaas.ErrStaleEpoch) {
			t.Errorf("released under the epoch of its owner: %v", err)
		}
		if err := at.Release(u, epoch+1); err != nil {
			t.Fatal(err)
		}
		for _, rt := range []*sfaas.Runtime{a, b} {
			if r, err := rt.Route(u); err != nil || r.Owner != 0 || r.Epoch != epoch+1 {
				t.Errorf("round %d: node %d has the route %v, %v", round, rt.Node(), r, err)
			}
			var moved *sfaas.MovedError
			if err := in.PushValue(rt, u.Root, 100, &number{}); !errors.As(err, &moved) || moved.Owner != 0 {
				t.Errorf("round %d: pushed at node %d for a unit of nobody: %v", round, rt.Node(), err)
			}
			within(t, 5*time.Second, "nobody has it", func() bool {
				for _, s := range rt.Units(nil) {
					if s.Unit == u && s.Owned {
						return false
					}
				}
				return true
			})
		}
		epoch += 2
	}

	kept, _, _ := counting(t, sfaas.Replicated)
	c := start(t, kept, sfaas.WithNode(3))
	var elsewhere *sfaas.KeptError
	if err := c.Release(u, 5); !errors.As(err, &elsewhere) || elsewhere.Owner != 3 {
		t.Errorf("a kept unit is released: %v", err)
	}
	if err := c.Release(sfaas.Unit{Part: "nowhere"}, 5); err == nil {
		t.Error("a unit of no part is released")
	}
}
