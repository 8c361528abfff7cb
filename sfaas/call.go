// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"reflect"
	"time"
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Reply is the outcome of a call.
type Reply[Out any] struct {
	Token Token // as returned by [Callee.Call]
	Out   *Out  // result, nil if Err is not; read-only, valid until the handler returns
	Err   error // nil, ErrTimeout, ErrNoOutput, or a *Fault of the callee
}

// ReplyPort is a port of a function at which replies arrive.
type ReplyPort[Out any] struct{ p *plan.Port }

// OnReply declares a port for the replies to calls that f makes. It belongs to
// the definition of f, as [OnControl] does.
func OnReply[Out any](f Function, h func(c *Ctx, r Reply[Out]) error) ReplyPort[Out] {
	t := reflect.TypeFor[Out]()
	p := &plan.Port{Name: "reply(" + t.String() + ")", Kind: plan.PortReply, Type: t, Fn: f.function()}
	p.Make = func() any { return new(Out) }
	p.Run = func(x any) error {
		c := ctxOf(x)
		var r Reply[Out]
		if r.Token, r.Err = c.inv().Reply(); r.Err == nil {
			r.Out = c.in(0).(*Out)
		}
		return h(c, r)
	}
	p.Fn.Ports = append(p.Fn.Ports, p)
	return ReplyPort[Out]{p}
}

// Call invokes the function under a key and returns at once. When the handler
// succeeds, the message that Call returned leaves; the reply, the timeout or
// the fault of the callee arrives at port later, under the key of the caller.
// The callee's output goes to the caller alone.
func (r Callee[In, Out]) Call(c *Ctx, key Key, timeout time.Duration, port ReplyPort[Out]) (*In, Token) {
	m, t := c.inv().Call(r.r, key, timeout, port.p)
	return m.(*In), t
}

// Invoke calls the function from host code and waits for its reply, which it
// copies to out. Fill writes the input. Invoke blocks, so handlers must not use
// it; they use [Callee.Call].
func (r Callee[In, Out]) Invoke(ctx context.Context, h Host, key Key, slot Slot, out *Out, fill func(*In) error) error {
	m, err := h.Draft(SourceRef{Callee: r.r}, key)
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
