// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
)

// TestResetStats counts from zero after a reset, and only what follows it.
func TestResetStats(t *testing.T) {
	app, in, _ := chain(t, 2, 1)
	rt, err := sfaas.NewRuntime(app, sfaas.WithWorkers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	run := func(from, n int) {
		t.Helper()
		for i := range n {
			if err := in.PushValue(rt, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(from+i), &number{1}); err != nil {
				t.Fatal(err)
			}
		}
		if err := rt.Drain(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	run(0, 7)
	rt.ResetStats()
	for _, s := range rt.Stats() {
		if want := (sfaas.FunctionStats{Name: s.Name}); s != want {
			t.Errorf("after the reset: %+v", s)
		}
	}
	run(7, 3)
	for _, s := range rt.Stats()[:2] {
		if s.Invocations != 3 || s.Transferred != 3*8 || s.P50 == 0 {
			t.Errorf("%s after three more: %+v", s.Name, s)
		}
	}
}
