// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"reflect"
	"unsafe"
)

// Stream is what functions are applied to: an [Edge] or an [Input].
type Stream[T any] interface {
	stream() Edge[T]
}

// Edge is the output of a node while a graph is built. It may be applied any
// number of times; every consumer gets every message.
type Edge[T any] struct {
	g    *Graph
	from *outlet
	view func(any) any // nil: the message as it is
	cfg  EdgeConfig
	wide bool // joined with every key below the message's
}

//lint:ignore U1000 it is what makes an Edge a Stream
func (e Edge[T]) stream() Edge[T] { return e }

// With returns the edge with the given configuration, for the next consumer:
//
//	tb := sfaas.Apply(llr.With(sfaas.EdgeConfig{Messages: 16, Drop: sfaas.DropOldest}), Decode)
func (e Edge[T]) With(cfg EdgeConfig) Edge[T] {
	e.cfg = cfg
	return e
}

// Spread returns the edge as an input of [Apply2] or [Apply3] that goes to each
// key below the message's own: a cell's message is joined with that of each of
// its UEs of the same slot and sequence.
func (e Edge[T]) Spread() Edge[T] {
	e.wide = true
	return e
}

// Select returns an edge that carries one field of each message of another,
// without a copy. Field must return a pointer into its argument.
func Select[T, F any](from Stream[T], field func(*T) *F) Edge[F] {
	s := from.stream()
	inner := s.view
	view := func(body any) any { return field(body.(*T)) }
	if inner != nil {
		view = func(body any) any { return field(inner(body).(*T)) }
	}
	return Edge[F]{g: s.g, from: s.from, view: view, cfg: s.cfg, wide: s.wide}
}

// outlet is where messages of one pool come from: a source, a function, or the
// senders to a port.
type outlet struct {
	id     int
	name   string
	typ    reflect.Type
	make   func() any
	lay    *layout
	conns  []*conn
	source bool
	queues []*conn // of a source: edges with a capacity behind it that may not drop
	graph  *Graph
}

// conn is one edge of a built graph: from an outlet to a port of a node.
type conn struct {
	node   *node
	view   func(any) any
	port   *port // nil for data
	id     EdgeID
	kind   portKind
	plain  bool // one input, inline, without promises: the common case
	drafts bool // its consumer returns one output
	wide   bool
	isDead bool
	cfg    EdgeConfig
	input  int   // index of a data input
	dead   *conn // takes what cannot be processed
	from   *outlet
	name   string // "producer -> consumer.port"
}

// measure returns the payload size of a message of this outlet.
func (o *outlet) measure(body any) int {
	return o.lay.measure((*iface)(unsafe.Pointer(&body)).data)
}

// iface is the memory of an interface that holds a pointer.
type iface struct {
	typ  unsafe.Pointer
	data unsafe.Pointer
}

// queue reports whether the edge has a capacity.
func (e *conn) queue() bool { return e.cfg.Messages > 0 || e.cfg.Bytes > 0 }

// retries returns how often a failed invocation is repeated.
func (e *conn) retries() int {
	switch {
	case e.cfg.Guarantee == AtMostOnce || e.cfg.Retries < 0:
		return 0
	case e.cfg.Retries == 0:
		return defaultRetries
	}
	return e.cfg.Retries
}

// body returns what the consumer sees of a message.
func (e *conn) body(m *Message) any {
	if e.view == nil {
		return m.body
	}
	return e.view(m.body)
}
