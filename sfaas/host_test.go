// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"

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
