// SPDX-License-Identifier: Apache-2.0

package core

import (
	"log/slog"
	"slices"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Invocation is one run of a handler: its address, its inputs and its output,
// and what it has changed and wants to send so far. A lane has one, which it
// uses again and again. It is for the handler's goroutine only.
type Invocation struct {
	lane *Lane
	node *plan.Node
	inst *instance
	ks   *keyState
	hdr  *base.Header
	edge base.EdgeID
	in   [plan.MaxInputs]any
	out  *Message

	reply struct {
		call uint64
		err  error
	}
	now     base.Time // start of the invocation
	ahead   base.Slot // by how many slots the output is for a later one
	limit   base.Time // end of the budget
	sends   []send
	touched []plan.CellStore
	opened  []plan.CellStore // with a bound, and handed out for change in place
	meter   struct{ read, written int }
	changed bool // some cell of inst has other content
}

// Self returns the address of the running instance.
func (c *Invocation) Self() base.Address {
	return base.Address{Function: c.node.Fn.Name, Key: c.ks.key}
}

// Key returns the key of the running instance.
func (c *Invocation) Key() base.Key { return c.ks.key }

// Slot returns the slot to which the work belongs.
func (c *Invocation) Slot() base.Slot { return c.hdr.Slot }

// Header returns the header of the input, of the first one after a join.
func (c *Invocation) Header() base.Header {
	h := *c.hdr
	h.Edge = c.edge
	return h
}

// Now returns the moment at which the invocation started.
func (c *Invocation) Now() base.Time { return c.now }

// In returns the payload of input i, a pointer to what its edge carries.
func (c *Invocation) In(i int) any { return c.in[i] }

// Pair returns what the handler of a function gets that joins: the lane's own.
func (c *Invocation) Pair() any { return c.lane.pairs[c.node.Index] }

// Out returns the payload of the output, a pointer to what the function
// returns. Functions with several outputs or none have no such payload.
func (c *Invocation) Out() any { return c.out.body }

// OutputAt lets the output belong to a slot, which is not before that of the
// input.
func (c *Invocation) OutputAt(slot base.Slot) { c.ahead = slot - c.hdr.Slot }

// Reply returns the call that the message at a reply port answers, and its
// error: without one, the payload is input 0.
func (c *Invocation) Reply() (base.Token, error) { return base.Token(c.reply.call), c.reply.err }

// Left returns what is left of the budget, [base.Never] if there is none. It reads
// the clock.
func (c *Invocation) Left() time.Duration {
	if c.limit == base.Never {
		return time.Duration(base.Never)
	}
	return c.limit.Sub(c.lane.clock())
}

// Limited reports whether there is a budget.
func (c *Invocation) Limited() bool { return c.limit != base.Never }

// Log returns a logger that names the function.
func (c *Invocation) Log() *slog.Logger { return c.lane.loggers[c.node.Index] }

// Done returns a channel that is closed when the runtime gives up on the
// handler.
func (c *Invocation) Done() <-chan struct{} { return c.lane.done }

// Revoked reports whether the runtime has given up on the handler.
func (c *Invocation) Revoked() bool { return c.lane.revoked() }

// outputSlot returns the slot of the output.
func (c *Invocation) outputSlot() base.Slot { return c.hdr.Slot + c.ahead }

// begin prepares the invocation.
func (c *Invocation) begin(n *plan.Node, inst *instance, ks *keyState, h *base.Header, due, now base.Time) {
	c.node, c.inst, c.ks, c.hdr, c.now = n, inst, ks, h, now
	c.limit = due
	if b := n.Fn.Config.Budget; b > 0 {
		c.limit = min(c.limit, now.Add(b))
	}
	c.sends = c.sends[:0]
	c.touched, c.opened = c.touched[:0], c.opened[:0]
	c.meter.read, c.meter.written, c.changed = 0, 0, false
}

// Cell returns the content of a declared cell of the running instance. It
// panics with a *CellError, which faults the invocation, if the function does
// not declare it.
func (c *Invocation) Cell(d *plan.CellDecl) plan.CellStore {
	for i, x := range c.node.Fn.Cells {
		if x == d {
			return c.inst.cells[i]
		}
	}
	panic(&base.CellError{Function: c.node.Fn.Name, Cell: d.Name, Reason: "is not declared"})
}

// Resource returns a declared resource, and panics as [Invocation.Cell] does.
func (c *Invocation) Resource(d *plan.ResourceDecl) any {
	if slices.Contains(c.node.Fn.Resources, d) {
		return c.lane.resources[d]
	}
	panic(&base.CellError{Function: c.node.Fn.Name, Cell: d.Name, Reason: "is a resource that is not declared"})
}

// Touch notes that a staged cell has changed.
func (c *Invocation) Touch(s plan.CellStore) {
	c.touched = append(c.touched, s)
	c.changed = true
}

// Open notes that content of a cell with a bound is changed in place: whether it is
// within the bound shows when the handler has returned.
func (c *Invocation) Open(s plan.CellStore) { c.opened = append(c.opened, s) }

// checkCells says which cell is beyond its bound, if any is.
func (c *Invocation) checkCells() (err error) {
	for _, s := range c.opened {
		if e := s.Check(); e != nil {
			err = e
		}
	}
	c.opened = c.opened[:0]
	return err
}

// Read counts n bytes of state that the handler has read.
func (c *Invocation) Read(n int) { c.meter.read += n }

// Wrote counts n bytes of state that the handler has written.
func (c *Invocation) Wrote(n int) {
	c.meter.written += n
	c.changed = true
}
