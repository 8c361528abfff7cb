// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"fmt"
	"reflect"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// What a program forgets to set is nil, or the zero value of an [Edge], an [Input], an [Fn], a
// [Reference] and so on. Composing with it is a mistake in a graph, as all others are:
// nothing panics, and [Graph.Build] tells. A stream that belongs to no graph has none to tell,
// so its consumers have none either; the graph that they were meant for tells when it meets
// one of them, and Push and [NewRuntime] refuse what never met any.

// nowhere is the outlet of streams that belong to no graph.
const nowhere = "the zero value of an Edge or Input"

// streamOf returns the edge of a stream; that of one that is nil, or a zero value, leads from
// nowhere.
func streamOf[T any](from Stream[T]) Edge[T] {
	if from != nil {
		if e := from.stream(); e.g != nil {
			return e
		}
	}
	return Edge[T]{leg: lost()}
}

// lost returns a stream from nowhere, in a graph that is never built.
func lost() leg { return leg{g: &Graph{name: nowhere}, from: &plan.Outlet{Name: nowhere}} }

// declare lets a function have what is declared for it.
func declare(f *plan.Function, all []Declared) {
	for _, d := range all {
		if d == nil || reflect.ValueOf(d).IsZero() {
			f.Flaws = append(f.Flaws, fmt.Sprintf("declares a %T that is nil, or a zero value", d))
			continue
		}
		d.declare(f)
	}
}

// flaw declares nothing, which Build reports.
func flaw(reason string) Declared {
	return declaration(func(f *plan.Function) { f.Flaws = append(f.Flaws, reason) })
}

// defined returns the function, or nil if there is none: what says who asks.
func (g *Graph) defined(f Function, what string) *plan.Function {
	if f != nil && f.function() != nil {
		return f.function()
	}
	g.fail(what, "is given a function that is nil, or the zero Fn")
	return nil
}
