// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// TestRecoverAlarms recovers delayed messages of many units while threads go to sleep and
// look for the first alarm of their workers: who recovers sets those of workers that stand
// still. It is for the race detector.
func TestRecoverAlarms(t *testing.T) {
	later := sfaas.Ref[number]("later").With(exactly)
	total := sfaas.NewValue[uint64]("total", sfaas.Replicated)
	first := sfaas.Define("first", func(c *sfaas.Ctx, _ *sfaas.None, in *number) error {
		*total.Mut(c) += in.X
		m, _ := later.After(c, c.Key(), 100*time.Millisecond)
		*m = *in
		return nil
	}, sfaas.FunctionConfig{}, total, later)
	g := sfaas.NewGraph("alarms")
	in := sfaas.Source[number](g, "in")
	sfaas.Apply(in.With(exactly), first)
	var came atomic.Int64 // in whatever life
	g.Add(sfaas.Define("later", func(*sfaas.Ctx, *sfaas.None, *number) error { came.Add(1); return nil }, sfaas.FunctionConfig{}))
	app, d := build(t, g), sim.NewDisk(3)
	a := recovered(t, app, d)
	const keys = 200
	for k := range uint64(keys) {
		push(t, in, a, sfaas.NewKey(sfaas.KindCell, k), 1, 1)
	}
	drain(t, a)
	a.Close()
	for range 5 {
		recovered(t, app, d, sfaas.WithWorkers(8)).Close()
	}
	recovered(t, app, d, sfaas.WithWorkers(8))
	for begin := time.Now(); came.Load() < keys; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%d of %d delayed messages have come", came.Load(), keys)
		}
	}
}
