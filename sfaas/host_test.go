// SPDX-License-Identifier: Apache-2.0

package sfaas_test

import (
	"context"

	"github.com/neuroran/neuroran/sfaas"
)

// coreHost is the smallest shell: it keeps the last push as an event.
type coreHost struct {
	cores *sfaas.Cores
	event sfaas.Event
}

func (h *coreHost) Draft(from sfaas.SourceRef, key sfaas.Key) (*sfaas.Message, error) {
	return h.cores.Intake.Draft(from, key)
}

func (h *coreHost) Discard(m *sfaas.Message) { m.Release() }

func (h *coreHost) Inject(m *sfaas.Message) (err error) {
	h.event, err = h.cores.Intake.Event(m)
	return err
}

func (h *coreHost) Invoke(context.Context, *sfaas.Message) (*sfaas.Message, error) {
	return nil, sfaas.ErrClosed
}
