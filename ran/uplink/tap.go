// SPDX-License-Identifier: Apache-2.0

package uplink

import "github.com/neuroran/neuroran/sfaas"

// Tap lets f see every message of a stream of the graph that e lies in: an edge of
// the receiver, or what functions of the program make of one. It adds a sink of that
// name; f is called on all runtimes that [Chain.Open] opens, by several workers at
// once, and the message is read-only and valid until it returns. What a chain plays to
// warm up f does not see. Call it before the graph is built.
func Tap[T any](e *Edges, from sfaas.Stream[T], name string, f func(h sfaas.Header, m *T)) {
	sink := sfaas.Sink(from, name)
	e.outputs = append(e.outputs, sfaas.WithOutput(sink, func(h sfaas.Header, m *T) {
		if !warming(h.Key) {
			f(h, m)
		}
	}))
}
