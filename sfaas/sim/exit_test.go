// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"runtime"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// TestEffectsOfALostStep lets a core hand a message to another core and then, in the
// same step, run a handler that does not return: the message arrives nevertheless. It
// is D34, which the default world has found.
func TestEffectsOfALostStep(t *testing.T) {
	came := 0
	farmed := sfaas.Define("farmed", func(_ *sfaas.Ctx, out, in *number) error { *out = *in; return nil }, sfaas.FunctionConfig{Parallel: true})
	lost := sfaas.Define("lost", func(*sfaas.Ctx, *number, *number) error { runtime.Goexit(); return nil }, sfaas.FunctionConfig{})
	g := sfaas.NewGraph("g")
	in, bad := sfaas.Source[number](g, "in"), sfaas.Source[number](g, "bad")
	out := sfaas.Sink(sfaas.Apply(in, farmed), "out")
	sfaas.Apply(bad, lost)
	w := build(t, sim.Config{Cores: 2}, g, sfaas.WithOutput(out, func(sfaas.Header, *number) { came++ }))
	for slot := range sfaas.Slot(10) {
		push(t, in, w, sfaas.NewKey(sfaas.KindCell, 1), slot, 1)
		push(t, bad, w, sfaas.NewKey(sfaas.KindCell, 1), slot, 1)
	}
	w.Run()
	if came != 10 {
		t.Errorf("%d of 10 outputs came; the others were to run on the other core", came)
	}
}
