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

// Ref names the function that [Reference.Send] and [Reference.After] address. A function declares
// the references that it uses beside its cells, and Build checks that the graph
// has a function of that name with one input of type In.
func Ref[In any](name string) Reference[In] {
	return Reference[In]{&plan.Reference{Name: name, In: reflect.TypeFor[In]()}}
}

// CallRef names the function that [Callee.Call] addresses; it is as [Ref] and fixes
// the type of the reply too.
func CallRef[In, Out any](name string) Callee[In, Out] {
	return Callee[In, Out]{&plan.Reference{Name: name, In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out]()}}
}

// With returns a reference whose messages travel as cfg says. A function
// declares and uses the reference that With returns.
func (r Reference[In]) With(cfg EdgeConfig) Reference[In] {
	x := *r.r
	x.Config = cfg
	return Reference[In]{&x}
}

// With returns a reference whose requests and replies travel as cfg says. A
// function declares and uses the reference that With returns.
func (r Callee[In, Out]) With(cfg EdgeConfig) Callee[In, Out] {
	x := *r.r
	x.Config = cfg
	return Callee[In, Out]{&x}
}

func (r Reference[In]) declare(f *plan.Function)   { f.Refs = append(f.Refs, r.r) }
func (r Callee[In, Out]) declare(f *plan.Function) { f.Refs = append(f.Refs, r.r) }
