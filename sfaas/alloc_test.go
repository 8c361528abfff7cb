// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// TestNoAllocs pushes through a core without goroutines: push, five stages,
// three cell updates and a commit allocate nothing in the steady state.
func TestNoAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, guarantee := range []sfaas.Guarantee{sfaas.AtMostOnce, sfaas.ExactlyOnce} {
		count := sfaas.NewValue[[64]uint64]("count", sfaas.Replicated)
		soft := sfaas.NewMap[uint8, [64]int8]("soft", sfaas.Volatile)
		label := sfaas.NewValue[string]("label", sfaas.Replicated, sfaas.MaxBytes(8))
		blobs := sfaas.NewMap[string, []byte]("blobs", sfaas.Replicated, sfaas.MaxBytes(64))
		names, blob := []string{"one", "two"}, make([]byte, 32)
		g := sfaas.NewGraph("allocs")
		in := sfaas.Source[number](g, "in")
		e := in.With(sfaas.EdgeConfig{Guarantee: guarantee})
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			e = sfaas.Apply(e, sfaas.Define(name, func(c *sfaas.Ctx, out, in *number) error {
				count.Mut(c)[in.X%64]++
				soft.Mut(c, uint8(in.X%4))[0]++
				label.Set(c, names[in.X%2])
				blobs.Set(c, names[in.X%2], blob[in.X%16:])
				b := blobs.Mut(c, names[0])
				*b = append((*b)[:0], blob...)
				*out = *in
				return nil
			}, sfaas.FunctionConfig{}, count, soft, label, blobs)).With(sfaas.EdgeConfig{Guarantee: guarantee})
		}
		sfaas.Sink(e, "out")
		app, err := g.Build()
		if err != nil {
			t.Fatal(err)
		}
		var batches []*core.Batch
		cores, err := newCores(app, nil, sfaas.WithWorkers(1))
		if err != nil {
			t.Fatal(err)
		}
		host, k := &coreHost{cores: cores}, cores.List[0]
		var eff []core.Effect
		now, x := sfaas.Time(1), number{}
		turn := func() {
			x.X++
			now += 1000
			if err := in.PushValue(host, sfaas.NewKey(sfaas.KindCell, 1), sfaas.Slot(x.X), &x); err != nil {
				t.Fatal(err)
			}
			host.event.Now = now
			eff = k.Step(&host.event, eff[:0])
			for k.Ready() || len(batches) > 0 {
				now += 100
				if n := len(batches); n > 0 {
					b := batches[0]
					batches = append(batches[:0], batches[1:]...)
					eff = k.Step(&core.Event{Kind: core.EventCommitted, Now: now, Batch: b, Offer: b.Offer()}, eff[:0])
				} else {
					eff = k.Run(now, eff[:0])
				}
				for i := range eff {
					if eff[i].Kind == core.EffectCommit {
						batches = append(batches, eff[i].Batch)
					}
				}
			}
		}
		for range 100 {
			turn()
		}
		if n := testing.AllocsPerRun(200, turn); n != 0 {
			t.Errorf("%v: %v allocations a slot, want 0", guarantee, n)
		}
		if err := cores.Close(); err != nil {
			t.Error(err)
		}
	}
}
