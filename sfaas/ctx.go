// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"log/slog"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
)

// Ctx is the context of one invocation: its address, its deadline as a number,
// and the way to cells, resources and effects. It is valid until the handler
// returns and for the handler's goroutine only. A Ctx is a context.Context, so
// that a handler can pass it on; it is cancelled when the runtime gives up on a
// handler that does not return.
type Ctx core.Invocation

// inv returns what the machine knows of the invocation. The machine hands it to
// handlers, and a Ctx is the same under the name by which programs know it.
func (c *Ctx) inv() *core.Invocation { return (*core.Invocation)(c) }

// ctxOf returns what the handler gets of what the machine hands over.
func ctxOf(invocation any) *Ctx { return (*Ctx)(invocation.(*core.Invocation)) }

var _ context.Context = (*Ctx)(nil)

// Self returns the address of the running instance.
func (c *Ctx) Self() base.Address { return c.inv().Self() }

// Key returns the key of the running instance.
func (c *Ctx) Key() Key { return c.inv().Key() }

// Slot returns the slot to which the work belongs.
func (c *Ctx) Slot() Slot { return c.inv().Slot() }

// OutputAt lets the output of a [Define] function belong to
// a slot that is not before that of the input; see [Emitter.At].
func (c *Ctx) OutputAt(slot Slot) { c.inv().OutputAt(slot) }

// Header returns the header of the input, of the first one after a join.
func (c *Ctx) Header() Header { return c.inv().Header() }

// Now returns the moment at which the invocation started.
func (c *Ctx) Now() Time { return c.inv().Now() }

// Left returns what is left of the budget: the time to the slot's due moment,
// or to the end of FunctionConfig.Budget if that comes first. It reads the clock, is
// negative when the budget is spent, and very large if there is none.
func (c *Ctx) Left() time.Duration { return c.inv().Left() }

// Log returns a logger that names the function.
func (c *Ctx) Log() *slog.Logger { return c.inv().Log() }

// Deadline implements context.Context.
func (c *Ctx) Deadline() (time.Time, bool) {
	if !c.inv().Limited() {
		return time.Time{}, false
	}
	return time.Now().Add(c.Left()), true
}

// Done implements context.Context: the channel is closed when the runtime gives
// up on the handler.
func (c *Ctx) Done() <-chan struct{} { return c.inv().Done() }

// Err implements context.Context.
func (c *Ctx) Err() error {
	if c.inv().Revoked() {
		return context.Canceled
	}
	return nil
}

// Value implements context.Context; it is always nil.
func (c *Ctx) Value(any) any { return nil }
