// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"reflect"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Define declares a function of one input and one output. The input is a message, or a
// [Pair] of messages that are joined.
//
// The handler gets a recycled *Out, which holds what its last user left there,
// and its input. The input is read-only and valid until the handler returns; a
// cell copies what it keeps. If the handler returns nil, out is sent under the
// key of the input; if it returns [ErrNoOutput], nothing is sent; any other
// error, a panic, a call of runtime.Goexit, blocking and an oversized output
// fault the invocation: staged cells and sends are discarded. A function that
// never has an output returns [None].
//
// One key has one invocation at a time, so a handler needs no locks for its
// cells; different keys run side by side. The declared cells and resources are
// the only ones that the handler may use. Mistakes in a declaration are
// reported by [Graph.Build].
func Define[In, Out any](name string, h func(c *Ctx, out *Out, in *In) error, cfg FunctionConfig, declared ...Declared) Fn[In, Out] {
	f := newFunction[Out](name, cfg, declared)
	pair := inputOf[In](f)
	if h == nil { // Build says so
		return Fn[In, Out]{f}
	}
	if pair != nil {
		f.Run = func(x any) error {
			c := ctxOf(x)
			return h(c, c.out().(*Out), pair(c))
		}
		return Fn[In, Out]{f}
	}
	f.Run = func(x any) error {
		c := ctxOf(x)
		return h(c, c.out().(*Out), c.in(0).(*In))
	}
	return Fn[In, Out]{f}
}

// DefineEach declares a function that emits any number of messages per input,
// each under a key of its own choice. Otherwise it is as [Define]; the result
// is applied with [Apply] too.
func DefineEach[In, Out any](name string, h func(c *Ctx, out Emitter[Out], in *In) error, cfg FunctionConfig, declared ...Declared) Fn[In, Out] {
	f := newFunction[Out](name, cfg, declared)
	f.Each = true
	pair := inputOf[In](f)
	if h == nil {
		return Fn[In, Out]{f}
	}
	if pair != nil {
		f.Run = func(x any) error {
			c := ctxOf(x)
			return h(c, Emitter[Out]{c, c.Slot()}, pair(c))
		}
		return Fn[In, Out]{f}
	}
	f.Run = func(x any) error {
		c := ctxOf(x)
		return h(c, Emitter[Out]{c, c.Slot()}, c.in(0).(*In))
	}
	return Fn[In, Out]{f}
}

// Emitter sends the messages of one invocation of a [DefineEach] function. It is valid
// until the handler returns.
type Emitter[Out any] struct {
	c    *Ctx
	slot Slot
}

// Add returns a recycled message that is sent under key when the handler
// succeeds. The messages of one key are sent in the order of Add.
func (e Emitter[Out]) Add(key Key) *Out { return e.c.inv().Emit(key, e.slot).(*Out) }

// At returns an emitter for a slot that is not before that of the input, such as
// that of a grant which will be needed. The due time follows the slot. An emission
// for an earlier slot faults the invocation with a [*SlotError]. Joins match it, as
// any other message, on key, slot and the sequence of the input.
//
//	*out.At(c.Slot() + 4).Add(ue) = grant
func (e Emitter[Out]) At(slot Slot) Emitter[Out] { return Emitter[Out]{e.c, slot} }

func newFunction[Out any](name string, cfg FunctionConfig, declared []Declared) *plan.Function {
	f := &plan.Function{
		Name: name, Config: cfg,
		Out:    reflect.TypeFor[Out](),
		NewOut: func() any { return new(Out) },
	}
	declare(f, declared)
	return f
}
