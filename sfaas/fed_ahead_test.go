// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// TestFedMoveBringsControlAhead moves a unit in mode Fed whose scheduler grants slots
// long before they come: grants that the old owner has made, before it fed both, for
// slots of the new one are there too.
func TestFedMoveBringsControlAhead(t *testing.T) {
	const ahead, history = 20, 2
	var mu sync.Mutex
	got := map[sfaas.Slot]int{}
	plan := sfaas.DefineEach("plan", func(c *sfaas.Ctx, out sfaas.Emitter[number], in *number) error {
		*out.At(c.Slot() + ahead).Add(c.Key()) = *in
		return nil
	}, sfaas.FunctionConfig{History: history})
	grant := sfaas.NewValue[number]("grant", sfaas.Volatile)
	work := sfaas.Define("work", func(c *sfaas.Ctx, out, in *number) error {
		g, _ := grant.Get(c)
		if g.X != uint64(c.Slot()) {
			return errors.New("another slot's grant")
		}
		*out = *in
		return nil
	}, sfaas.FunctionConfig{History: history}, grant)
	port := sfaas.OnControl(work, func(c *sfaas.Ctx, in *number) error { grant.Mut(c).X = in.X + ahead; return nil })
	g := sfaas.NewGraph("g")
	ticks, in := sfaas.Source[number](g, "ticks"), sfaas.Source[number](g, "in")
	sfaas.Control(sfaas.Apply(ticks, plan), port)
	out := sfaas.Sink(sfaas.Apply(in, work), "out")
	app := build(t, g)
	a, b := pair(t, app, sfaas.WithWorkers(2), sfaas.WithOutput(out, func(h sfaas.Header, _ *number) {
		mu.Lock()
		got[h.Slot]++
		mu.Unlock()
	}))
	key := sfaas.NewKey(sfaas.KindCell, 1)
	u, err := app.Unit("work", key)
	if err != nil {
		t.Fatal(err)
	}
	const moves = 10
	done := make(chan error, 1)
	go func() {
		from, to := a, b
		for range moves {
			if _, err := from.MoveUnit(context.Background(), u, to.Node(), sfaas.MoveConfig{Mode: sfaas.Fed}); err != nil {
				done <- err
				return
			}
			from, to = to, from
		}
		done <- nil
	}()
	slots := sfaas.Slot(0)
	for ended := false; !ended || slots%100 != 0; slots++ {
		push(t, ticks, a, key, slots, uint64(slots))
		if slots >= ahead {
			push(t, in, a, key, slots, uint64(slots))
		}
		time.Sleep(200 * time.Microsecond)
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			ended = true
		default:
		}
	}
	drain(t, a)
	drain(t, b)
	mu.Lock()
	defer mu.Unlock()
	for s := sfaas.Slot(ahead); s < slots; s++ {
		if got[s] != 1 {
			t.Errorf("slot %d was published %d times", s, got[s])
		}
	}
	t.Logf("slots=%d moves=%d", slots, moves)
}
