// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Stream is what functions are applied to: an [Edge] or an [Input].
type Stream[T any] interface {
	stream() Edge[T]
}

// Edge is the output of a node while a graph is built. It may be applied any
// number of times; every consumer gets every message.
type Edge[T any] struct {
	leg
	joined []leg // streams of a join, nil for others
}

// leg is one stream on its way to a consumer.
type leg struct {
	g    *Graph
	from *plan.Outlet
	view func(any) any // nil: the message as it is
	cfg  EdgeConfig
	wide bool   // joined with every key below the message's
	cut  string // name of the place where a network may lie, "" for none
}

//lint:ignore U1000 it is what makes an Edge a Stream
func (e Edge[T]) stream() Edge[T] { return e }

// With returns the edge with the given configuration, for the next consumer:
//
//	tb := sfaas.Apply(llr.With(sfaas.EdgeConfig{Messages: 16, Drop: sfaas.DropOldest}), Decode)
func (e Edge[T]) With(cfg EdgeConfig) Edge[T] {
	e.one("With")
	e.cfg = cfg
	return e
}

// Cut returns the edge, for the next consumer, as a place where a network may
// lie: what is on its two sides may have different owners, on different nodes.
// Edges may share a name. Only a cut edge, a reference or a topic may lead to
// a key under another root; Build refuses a cut that does not separate.
//
//	llr := sfaas.Apply(symbols, Demap)
//	tb := sfaas.Apply(llr.Cut("llr"), Decode)
func (e Edge[T]) Cut(name string) Edge[T] {
	if from := e.one("Cut").from; e.g != nil && !validName(name) {
		e.g.fail(from.Name, "invalid name of a cut")
	}
	e.cut = name
	return e
}

// Spread returns the edge as a stream for [Join] that goes to each
// key below the message's own: a cell's message is joined with that of each of
// its UEs of the same slot and sequence.
func (e Edge[T]) Spread() Edge[T] {
	e.one("Spread")
	e.wide = true
	return e
}

// Select returns an edge that carries one field of each message of another,
// without a copy. Field must return a pointer into its argument.
func Select[T, F any](from Stream[T], field func(*T) *F) Edge[F] {
	s := streamOf(from).one("Select")
	inner := s.view
	view := func(body any) any { return field(body.(*T)) }
	if inner != nil {
		view = func(body any) any { return field(inner(body).(*T)) }
	}
	s.view = view
	return Edge[F]{leg: s}
}
