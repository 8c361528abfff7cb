// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"reflect"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Output is a sink of a graph: the place where host code receives messages.
// What receives is named when a runtime is made, see [WithOutput].
type Output[T any] struct{ n *plan.Node }

// Sink adds a sink to a graph. It runs on the worker of the message's key, as
// a function would.
func Sink[T any](from Stream[T], name string) Output[T] {
	s := Edge[T]{leg: streamOf(from).one(name)}
	f := &plan.Function{Name: name, Ins: []reflect.Type{reflect.TypeFor[T]()}}
	n := &plan.Node{Index: len(s.g.nodes), Fn: f, Wired: make([]int, 1), Sink: true}
	s.g.nodes = append(s.g.nodes, n)
	s.wire(n)
	return Output[T]{n}
}
