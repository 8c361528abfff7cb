// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Function is a function without its types: what an [Fn] is for who does not know them.
type Function interface {
	// Name returns the function type, the first half of an address.
	Name() string
	// Digest returns the hash of everything that a move must find equal at its
	// target: name, ports, cells with class, version and type, and
	// FunctionConfig.Params.
	Digest() Digest

	function() *plan.Function
}

// None is the output of functions that have none: their handlers ignore it and
// return nil. A call of such a function is answered when it is done.
//
//	var Store = sfaas.Define("store", func(c *sfaas.Ctx, _ *sfaas.None, in *KPI) error { ... }, sfaas.FunctionConfig{}, cells)
type None struct{}

// Fn is a function; In is a message, or a [Pair] of messages that it joins. The zero
// value is not usable; copies are the same function.
type Fn[In, Out any] struct{ f *plan.Function }

// Defined reports whether f is a function, and not the zero value.
func (f Fn[In, Out]) Defined() bool { return f.f != nil }

// Name implements [Function].
func (f Fn[In, Out]) Name() string {
	if f.f == nil {
		return ""
	}
	return f.f.Name
}

// Digest implements [Function].
func (f Fn[In, Out]) Digest() Digest {
	if f.f == nil {
		return 0
	}
	return f.f.Digest()
}

func (f Fn[In, Out]) function() *plan.Function { return f.f }
