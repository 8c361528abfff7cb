// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"
	"errors"
	"testing"

	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// coreHost is the smallest shell: it keeps the last push as an event.
type coreHost struct {
	cores *core.Cores
	event core.Event
}

func (h *coreHost) Draft(from core.SourceRef, key sfaas.Key) (*core.Message, error) {
	return h.cores.Intake.Draft(from, key)
}

func (h *coreHost) Discard(m *core.Message) { m.Release() }

func (h *coreHost) Inject(m *core.Message) (err error) {
	h.event, err = h.cores.Intake.Event(m)
	return err
}

func (h *coreHost) Invoke(context.Context, *core.Message) (*core.Message, error) {
	return nil, sfaas.ErrClosed
}

func (h *coreHost) Pushed(from core.SourceRef, key sfaas.Key) (sfaas.Position, bool) {
	return h.cores.Pushed(from, key)
}

// newCores returns the cores of a runtime for a test that steps them itself;
// done, if not nil, gets the outcome of each batch.
func newCores(app *sfaas.App, done core.BatchDone, opts ...sfaas.Option) (*core.Cores, error) {
	set := core.NewSettings()
	for _, o := range opts {
		o.Apply(set)
	}
	set.BatchDone = done
	return core.NewCores(app.Plan(), set)
}

// TestAsk refuses pushes and calls before anything of them is made, and lets others through.
func TestAsk(t *testing.T) {
	app, in, _ := chain(t, 1, 1)
	rt := start(t, app)
	refused, asked := errors.New("refused"), 0
	h := sfaas.Ask(rt, func(key sfaas.Key) error {
		asked++
		if key == sfaas.NewKey(sfaas.KindCell, 2) {
			return refused
		}
		return nil
	})
	push(t, in, h, sfaas.NewKey(sfaas.KindCell, 1), 1, 1)
	if err := in.PushValue(h, sfaas.NewKey(sfaas.KindCell, 2), 1, &number{}); err != refused {
		t.Errorf("refused with %v", err)
	}
	drain(t, rt)
	if n := rt.Stats()[0].Invocations; n != 1 || asked != 2 {
		t.Errorf("%d invocations, asked %d times", n, asked)
	}
}

// TestWatch tells of pushes that were taken in and of those that were not, whoever has refused them.
func TestWatch(t *testing.T) {
	app, in, _ := chain(t, 1, 1)
	rt := start(t, app)
	refused := errors.New("refused")
	var pushed []sfaas.Slot
	failed := 0
	h := sfaas.Watch(sfaas.Ask(rt, func(key sfaas.Key) error {
		if key == sfaas.NewKey(sfaas.KindCell, 2) {
			return refused
		}
		return nil
	}), func(key sfaas.Key, slot sfaas.Slot) {
		if key != sfaas.NewKey(sfaas.KindCell, 1) {
			t.Error(key)
		}
		pushed = append(pushed, slot)
	}, func(_ sfaas.Key, err error) {
		if err != refused {
			t.Error(err)
		}
		failed++
	})
	for slot := range sfaas.Slot(3) {
		push(t, in, h, sfaas.NewKey(sfaas.KindCell, 1), slot, 1)
		if err := in.PushValue(h, sfaas.NewKey(sfaas.KindCell, 2), slot, &number{}); err != refused {
			t.Error(err)
		}
	}
	drain(t, rt)
	if len(pushed) != 3 || pushed[2] != 2 || failed != 3 {
		t.Errorf("told of %v, and of %d that were refused", pushed, failed)
	}
}
