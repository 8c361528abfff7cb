// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// Ctx is the context of one invocation: its address, its deadline as a number,
// and the way to cells, resources and effects. It is valid until the handler
// returns and for the handler's goroutine only. A Ctx is a context.Context, so
// that a handler can pass it on; it is cancelled when the runtime gives up on a
// handler that does not return.
type Ctx struct {
	lane *lane
	node *node
	inst *instance
	ks   *keyState
	hdr  *Header
	edge EdgeID
	in   [3]any
	out  *Message

	reply struct {
		call uint64
		err  error
	}
	now     Time // start of the invocation
	limit   Time // end of the budget
	sends   []send
	touched []cellStore
	meter   struct{ read, written int }
}

var _ context.Context = (*Ctx)(nil)

// Address is a function type and a key.
type Address struct {
	Function string // name of the function
	Key      Key    // key of the instance
}

// String returns "function[key]".
func (a Address) String() string { return a.Function + "[" + a.Key.String() + "]" }

// Self returns the address of the running instance.
func (c *Ctx) Self() Address { return Address{c.node.fn.name, c.ks.key} }

// Key returns the key of the running instance.
func (c *Ctx) Key() Key { return c.ks.key }

// Slot returns the slot to which the work belongs.
func (c *Ctx) Slot() Slot { return c.hdr.Slot }

// Header returns the header of the input, of the first one after a join.
func (c *Ctx) Header() Header {
	h := *c.hdr
	h.Edge = c.edge
	return h
}

// Now returns the moment at which the invocation started.
func (c *Ctx) Now() Time { return c.now }

// Left returns what is left of the budget: the time to the slot's due moment,
// or to the end of Config.Budget if that comes first. It reads the clock, is
// negative when the budget is spent, and very large if there is none.
func (c *Ctx) Left() time.Duration {
	if c.limit == Never {
		return time.Duration(Never)
	}
	return c.limit.Sub(c.lane.clock())
}

// Log returns a logger that names the function.
func (c *Ctx) Log() *slog.Logger { return c.lane.loggers[c.node.index] }

// Deadline implements context.Context.
func (c *Ctx) Deadline() (time.Time, bool) {
	if c.limit == Never {
		return time.Time{}, false
	}
	return time.Now().Add(c.Left()), true
}

// Done implements context.Context: the channel is closed when the runtime gives
// up on the handler.
func (c *Ctx) Done() <-chan struct{} { return c.lane.done }

// Err implements context.Context.
func (c *Ctx) Err() error {
	if c.lane.revoked() {
		return context.Canceled
	}
	return nil
}

// Value implements context.Context; it is always nil.
func (c *Ctx) Value(any) any { return nil }

// begin prepares the context for an invocation.
func (c *Ctx) begin(n *node, inst *instance, ks *keyState, h *Header, now Time) {
	c.node, c.inst, c.ks, c.hdr, c.now = n, inst, ks, h, now
	c.limit = h.Due
	if b := n.fn.cfg.Budget; b > 0 {
		c.limit = min(c.limit, now.Add(b))
	}
	c.sends = c.sends[:0]
	c.touched = c.touched[:0]
	c.meter.read, c.meter.written = 0, 0
}

// cell returns the content of a declared cell of the running instance. It
// panics with a *CellError, which faults the invocation, if the function does
// not declare it.
func (c *Ctx) cell(d *cellDecl) cellStore {
	for i, x := range c.node.fn.cells {
		if x == d {
			return c.inst.cells[i]
		}
	}
	panic(&CellError{Function: c.node.fn.name, Cell: d.name, Reason: "is not declared"})
}

func (c *Ctx) resource(d *resourceDecl) any {
	if slices.Contains(c.node.fn.resources, d) {
		return c.lane.resources[d]
	}
	panic(&CellError{Function: c.node.fn.name, Cell: d.name, Reason: "is a resource that is not declared"})
}

// touch notes that a staged cell has changed.
func (c *Ctx) touch(s cellStore) { c.touched = append(c.touched, s) }

func (c *Ctx) read(n int)  { c.meter.read += n }
func (c *Ctx) wrote(n int) { c.meter.written += n }

// newToken returns a token that the instance has not used: it must stay so
// where the instance moves, and after a restore.
func (c *Ctx) newToken() Token {
	if c.inst != nil {
		c.inst.sent++
		return Token(c.inst.sent)
	}
	c.lane.tokens++
	return Token(c.lane.tokens)
}

// draft returns an empty message of an outlet.
func (c *Ctx) draft(o *outlet) *Message { return c.lane.pools[o.id].get() }

// draftTo returns an empty message for a declared reference.
func (c *Ctx) draftTo(r *reference) (*Message, *conn) {
	for _, x := range c.node.fn.refs {
		if x.name == r.name {
			conn := c.lane.app.byName[r.name].direct
			return c.draft(conn.from), conn
		}
	}
	panic(&CellError{Function: c.node.fn.name, Cell: r.name, Reason: "is a reference that is not declared"})
}

// draftPort returns an empty message for a port of another function.
func (c *Ctx) draftPort(p *port) (*Message, *conn) {
	conn := c.lane.app.byName[p.fn.name].ports[p.index()]
	return c.draft(conn.from), conn
}

// portConn returns the edge into a port of the running function.
func (c *Ctx) portConn(p *port) *conn {
	if i := p.index(); p.fn == c.node.fn && i >= 0 {
		return c.node.ports[i]
	}
	panic(&CellError{Function: c.node.fn.name, Cell: p.name, Reason: "is a port of another function"})
}

// forward sends the running invocation's input on to another address.
func (c *Ctx) forward(id EdgeID, key Key) {
	c.sends = append(c.sends, send{kind: sendForward, conn: c.lane.app.conns[id-1], key: key})
}
