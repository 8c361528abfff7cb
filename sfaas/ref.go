// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"reflect"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Reference is a typed name of a function that takes In; see [Ref].
type Reference[In any] struct{ r *plan.Reference }

// Callee is a typed name of a function from In to Out; see [CallRef].
type Callee[In, Out any] struct{ r *plan.Reference }

// Ref names the function that [Reference.Send] and [Reference.After] address: at its
// input, if that is an In, or at the port for an In that it declares with
// [Reference.On]. A function declares the references that it uses beside its cells, and
// Build checks that the graph has a function of that name which takes In.
func Ref[In any](name string) Reference[In] {
	return Reference[In]{&plan.Reference{Name: name, In: reflect.TypeFor[In]()}}
}

// CallRef names the function that [Callee.Call] addresses; it is as [Ref] and fixes
// the type of the reply too. Who calls declares [Callee.OnReply]; who only invokes it
// from host code declares nothing.
func CallRef[In, Out any](name string) Callee[In, Out] {
	return Callee[In, Out]{&plan.Reference{Name: name, In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out]()}}
}

// With returns a reference whose messages travel as cfg says. A function
// declares and uses the reference that With returns.
func (r Reference[In]) With(cfg EdgeConfig) Reference[In] {
	if r.r == nil {
		return r
	}
	x := *r.r
	x.Config = cfg
	return Reference[In]{&x}
}

// With returns a reference whose requests and replies travel as cfg says. A
// function declares and uses the reference that With returns.
func (r Callee[In, Out]) With(cfg EdgeConfig) Callee[In, Out] {
	if r.r == nil {
		return r
	}
	x := *r.r
	x.Config = cfg
	return Callee[In, Out]{&x}
}

// On declares a further port of the function that the reference names, for messages of
// another type than its input: those that others send to it by reference or by
// [Deliver], and its own timeouts. The handler has the cells of the function, under the
// key to which the message was sent, and no output; it may send. A function has one port
// per type. Messages are taken in as they come: they do not wait for grants, and
// are not skipped when they are late.
//
//	var idle = sfaas.Ref[Idle]("session")
//
//	var Session = sfaas.Define("session", func(c *sfaas.Ctx, out *Reply, in *Request) error {
//		_, token := idle.After(c, c.Key(), time.Minute) // comes to the port below
//		...
//	}, sfaas.FunctionConfig{}, cells, idle.On(func(c *sfaas.Ctx, _ *Idle) error { ... }))
//
// The function declares the reference by that, too. Build refuses On in another function
// than the one that is named.
func (r Reference[In]) On(h func(c *Ctx, in *In) error) Declared {
	if r.r == nil {
		return flaw("has a port of the zero Reference")
	}
	return declaration(func(f *plan.Function) {
		newPort(f, plan.PortMessage, "message", h).Ref = r.r
		r.declare(f)
	})
}

func (r Reference[In]) declare(f *plan.Function) { f.Refs = append(f.Refs, r.r) }
