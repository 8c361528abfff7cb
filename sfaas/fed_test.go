// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/neuroran/neuroran/sfaas"
)

// window is how many slots the function of fedApp sums.
const window = 4

type lastSlots struct{ X [window]uint64 }

// fed collects what two runtimes publish.
type fed struct {
	mu  sync.Mutex
	all []published
}

type published struct {
	slot sfaas.Slot
	x    uint64
}

// fedApp builds a function whose output is the sum of the last slots, times a gain
// that is a setting: all of its content comes again from a window of inputs.
func fedApp(t *testing.T, to *fed) (app *sfaas.App, in, gains sfaas.Input[number], sink sfaas.Option) {
	t.Helper()
	last := sfaas.NewValue[lastSlots]("last", sfaas.Volatile)
	gain := sfaas.NewValue[number]("gain", sfaas.Volatile)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error {
		s := last.Mut(c)
		s.X[c.Slot()%window] = in.X
		out.X = 0
		for _, x := range s.X {
			out.X += x
		}
		k, _ := gain.Get(c)
		out.X *= k.X
		return nil
	}, sfaas.FunctionConfig{History: window}, last, gain)
	port := sfaas.OnSetting(f, func(c *sfaas.Ctx, in *number) error { gain.Mut(c).X = in.X; return nil })
	g := sfaas.NewGraph("fed")
	in, gains = sfaas.Source[number](g, "in"), sfaas.Source[number](g, "gains")
	out := sfaas.Sink(sfaas.Apply(in, f), "out")
	sfaas.Control(gains, port)
	sink = sfaas.WithOutput(out, func(h sfaas.Header, x *number) {
		to.mu.Lock()
		defer to.mu.Unlock()
		to.all = append(to.all, published{h.Slot, x.X})
	})
	return build(t, g), in, gains, sink
}

// TestFedMove moves a soft unit to and fro while slots are pushed, sometimes at its
// owner and sometimes at the other runtime: every slot is published once and with the
// output that it has without moves, though no cell is copied. The two runtimes work
// side by side, so who takes the outputs of both has to order them by slot.
func TestFedMove(t *testing.T) {
	for _, workers := range []int{1, 2} {
		var got fed
		app, in, gains, sink := fedApp(t, &got)
		a, b := pair(t, app, sink, sfaas.WithWorkers(workers))
		key := sfaas.NewKey(sfaas.KindCell, 1)
		push(t, gains, a, key, 0, 3)
		const moves = 50
		done := make(chan error, 1)
		stop := make(chan struct{})
		go func() {
			from, to := a, b
			for range moves {
				u, err := app.Unit("f", key)
				if err == nil {
					_, err = from.MoveUnit(context.Background(), u, to.Node(), sfaas.MoveConfig{Mode: sfaas.Fed})
				}
				if err != nil {
					done <- err
					break
				}
				from, to = to, from
			}
			close(stop)
			close(done)
		}()
		n := uint64(0)
		for slots := true; slots; n++ {
			push(t, in, a, key, sfaas.Slot(n), n+1)
			time.Sleep(100 * time.Microsecond)
			select {
			case <-stop:
				slots = false
			default:
				if n > 200_000 {
					t.Fatal("moves do not end")
				}
			}
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		drain(t, a)
		drain(t, b)
		slices.SortFunc(got.all, func(x, y published) int { return int(x.slot) - int(y.slot) })
		if len(got.all) != int(n) {
			t.Errorf("workers=%d: %d of %d slots are published", workers, len(got.all), n)
		}
		for i, p := range got.all {
			if p.slot != sfaas.Slot(i) {
				t.Fatalf("workers=%d: slot %d is published as the one after %d", workers, p.slot, i-1)
			}
			want := uint64(0)
			for j := range min(uint64(p.slot)+1, window) {
				want += 3 * (uint64(p.slot) + 1 - j)
			}
			if p.x != want {
				t.Fatalf("workers=%d: output %d, of slot %d, is %d and not %d", workers, i, p.slot, p.x, want)
			}
		}
		t.Logf("workers=%d slots=%d moves=%d", workers, n, moves)
	}
}

// TestFedRefusals asks for moves in mode Fed that cannot be.
func TestFedRefusals(t *testing.T) {
	kept := sfaas.NewValue[number]("kept", sfaas.Replicated)
	f := sfaas.Define("f", func(c *sfaas.Ctx, out, in *number) error { kept.Mut(c).X++; return nil }, sfaas.FunctionConfig{}, kept)
	g := sfaas.NewGraph("g")
	in := sfaas.Source[number](g, "in")
	sfaas.Sink(sfaas.Apply(in, f), "out")
	app := build(t, g)
	a, b := pair(t, app)
	push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), 0, 1)
	u, err := app.Unit("f", sfaas.NewKey(sfaas.KindCell, 1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.MoveUnit(context.Background(), u, b.Node(), sfaas.MoveConfig{Mode: sfaas.Fed})
	if !errors.Is(err, sfaas.ErrKept) {
		t.Errorf("a kept unit moves in mode Fed: %v", err)
	}
	push(t, in, a, sfaas.NewKey(sfaas.KindCell, 1), 1, 1) // nothing has changed
	drain(t, a)
}
