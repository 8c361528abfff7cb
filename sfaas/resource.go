// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Scratch declares a resource of which every worker has its own, such as
// buffers and transforms. Resources are not state, and never move. They are
// open while a runtime owns a key group of a function that declares them: from
// [NewRuntime] on, or on a standby from before the fence of the move that
// brings the first group, until a move takes the last one away, or Close. What
// they are made of is in the function's [FunctionConfig], and in cells that a handler
// passes them, such as the weights of a network or the key of a cipher.
type Scratch[R any] struct{ d *plan.ResourceDecl }

// Shared declares a resource of which a runtime has one, such as the session
// of a device. It must be safe for concurrent use.
type Shared[R any] struct{ d *plan.ResourceDecl }

// NewScratch declares a resource per worker. Close may be nil.
func NewScratch[R any](name string, open func() (R, error), closer func(R) error) Scratch[R] {
	return Scratch[R]{newResource(name, false, open, closer)}
}

// NewShared declares a resource per runtime. Close may be nil.
func NewShared[R any](name string, open func() (R, error), closer func(R) error) Shared[R] {
	return Shared[R]{newResource(name, true, open, closer)}
}

func newResource[R any](name string, shared bool, open func() (R, error), closer func(R) error) *plan.ResourceDecl {
	d := &plan.ResourceDecl{Name: name, Shared: shared}
	d.Open = func() (any, error) {
		if open == nil {
			return nil, &OptionError{Option: "resource " + name, Got: "nil", Want: "a function that opens it"}
		}
		r, err := open()
		return &r, err
	}
	d.Close = func(r any) error {
		if closer == nil {
			return nil
		}
		return closer(*r.(*R))
	}
	return d
}

func (s Scratch[R]) declare(f *plan.Function) { f.Resources = append(f.Resources, s.d) }
func (s Shared[R]) declare(f *plan.Function)  { f.Resources = append(f.Resources, s.d) }

// Get returns the worker's own resource.
func (s Scratch[R]) Get(c *Ctx) R { return *c.inv().Resource(s.d).(*R) }

// Get returns the runtime's resource.
func (s Shared[R]) Get(c *Ctx) R { return *c.inv().Resource(s.d).(*R) }
