// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"time"
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Reply is the outcome of a call.
type Reply[Out any] struct {
	Token Token // as returned by [Callee.Call]
	Out   *Out  // result, nil if Err is not; read-only, valid until the handler returns

	// Err is nil, [ErrTimeout], [ErrNoOutput], or a [*Fault] of the callee. In another
	// process than the callee's, [errors.Is] and [errors.As] find the errors of this
	// package in it; one of the program's own is its text.
	Err error
}

// OnReply declares that a function calls another one, and what it does with replies. The
// handler has the cells of the calling function, under the key that has called. Of each
// call it hears once: the reply, the timeout, or the fault of the callee.
//
//	var lookup = sfaas.CallRef[Query, Answer]("lookup")
//
//	var Ask = sfaas.Define("ask", func(c *sfaas.Ctx, _ *sfaas.None, in *Question) error {
//		query, token := lookup.Call(c, in.Shard, 10*time.Millisecond)
//		...
//	}, sfaas.FunctionConfig{}, cells, lookup.OnReply(func(c *sfaas.Ctx, r sfaas.Reply[Answer]) error { ... }))
func (r Callee[In, Out]) OnReply(h func(c *Ctx, r Reply[Out]) error) Declared {
	if r.r == nil {
		return flaw("hears replies of the zero Callee")
	}
	return declaration(func(f *plan.Function) {
		p := &plan.Port{Name: "reply(" + r.r.Out.String() + ")", Kind: plan.PortReply, Type: r.r.Out, Fn: f, Ref: r.r}
		p.Make = func() any { return new(Out) }
		if h != nil { // else Build says so
			p.Run = func(x any) error {
				c := ctxOf(x)
				var r Reply[Out]
				if r.Token, r.Err = c.inv().Reply(); r.Err == nil {
					r.Out = c.in(0).(*Out)
				}
				return h(c, r)
			}
		}
		f.Ports = append(f.Ports, p)
		f.Refs = append(f.Refs, r.r)
	})
}

// Call invokes the function under a key and returns at once. When the handler
// succeeds, the message that Call returned leaves; the reply, the timeout or
// the fault of the callee arrives later, under the key of the caller, at the handler
// that the function has declared with [Callee.OnReply].
// The callee's output goes to the caller alone.
func (r Callee[In, Out]) Call(c *Ctx, key Key, timeout time.Duration) (*In, Token) {
	m, t := c.inv().Call(r.r, key, timeout)
	return m.(*In), t
}

// Invoke calls the function from host code and waits for its reply, which it
// copies to out. Fill writes the input. Invoke blocks, so handlers must not use
// it; they use [Callee.Call].
func (r Callee[In, Out]) Invoke(ctx context.Context, h Host, key Key, slot Slot, out *Out, fill func(*In) error) error {
	if r.r == nil || h == nil || out == nil || fill == nil {
		return &OptionError{Option: "Invoke", Got: "nil", Want: "what CallRef has returned, a host, a place for the reply, and a function that fills in a request"}
	}
	m, err := h.Draft(core.SourceRef{Callee: r.r}, key)
	if err != nil {
		return err
	}
	if err := fill(body(m).(*In)); err != nil {
		h.Discard(m)
		return base.Errorf("call %s: %w", r.r.Name, err)
	}
	m.Slot = slot
	reply, err := h.Invoke(ctx, m)
	if err != nil {
		return base.Errorf("call %s: %w", r.r.Name, err)
	}
	layout.Of[Out]().Copy(unsafe.Pointer(out), unsafe.Pointer(reply.Body().(*Out)))
	reply.Release()
	return nil
}
