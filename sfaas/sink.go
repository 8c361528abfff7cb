// SPDX-License-Identifier: Apache-2.0

package sfaas

import "reflect"

// Output is a sink of a graph: the place where host code receives messages.
// What receives is named when a runtime is made, see [WithOutput].
type Output[T any] struct{ n *node }

// Sink adds a sink to a graph. It runs on the worker of the message's key, as
// a function would.
func Sink[T any](from Stream[T], name string) Output[T] {
	s := from.stream()
	f := &function{name: name, ins: []reflect.Type{reflect.TypeFor[T]()}}
	n := &node{index: len(s.g.nodes), fn: f, wired: make([]int, 1), sink: true}
	s.g.nodes = append(s.g.nodes, n)
	s.wire(n, 0)
	return Output[T]{n}
}
