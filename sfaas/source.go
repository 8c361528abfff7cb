// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"context"
	"fmt"
	"reflect"
	"unsafe"
)

// Input is a source of a graph: the place where host code pushes messages.
type Input[T any] struct {
	g    *Graph
	from *outlet
}

// Source adds a source to a graph.
func Source[T any](g *Graph, name string) Input[T] {
	if !validName(name) {
		g.fail(name, "invalid name of a source")
	}
	for _, o := range g.outlets {
		if o.name == name {
			g.fail(name, "two outlets of this name")
		}
	}
	o := g.newOutlet(name, reflect.TypeFor[T](), func() any { return new(T) })
	o.source = true
	return Input[T]{g, o}
}

func (in Input[T]) stream() Edge[T] { return Edge[T]{g: in.g, from: in.from} }

// With is [Edge.With].
func (in Input[T]) With(cfg EdgeConfig) Edge[T] { return in.stream().With(cfg) }

// Spread is [Edge.Spread].
func (in Input[T]) Spread() Edge[T] { return in.stream().Spread() }

// Push sends one message into a running graph under a key and a slot, and sets
// its sequence. Fill writes the content into a recycled *T, without a copy.
//
// Push returns [ErrBusy] if an edge behind the source that may not drop is
// full: nothing is sent, fill is not called. It returns the error of fill, and
// [ErrClosed] after Close. It does not wait for the message to be processed
// and does not allocate in the steady state. Any number of goroutines may push
// at once; the messages of one key keep the order of their pushes.
func (in Input[T]) Push(h Host, key Key, slot Slot, fill func(*T) error) error {
	m, err := h.Draft(SourceRef{outlet: in.from}, key)
	if err != nil {
		return err
	}
	if err := fill(m.body.(*T)); err != nil {
		h.Discard(m)
		return fmt.Errorf("sfaas: push %s: %w", in.from.name, err)
	}
	m.Slot = slot
	return h.Inject(m)
}

// PushValue is Push with a deep copy of *v.
func (in Input[T]) PushValue(h Host, key Key, slot Slot, v *T) error {
	m, err := h.Draft(SourceRef{outlet: in.from}, key)
	if err != nil {
		return err
	}
	in.from.lay.copyValue(unsafe.Pointer(m.body.(*T)), unsafe.Pointer(v))
	m.Slot = slot
	return h.Inject(m)
}

// Host is what host code pushes into: a [Runtime] or a simulator. Programs
// pass it to [Input.Push] and [Callee.Call] and have no use for its methods.
type Host interface {
	// Draft returns an empty message of a source under a key, or ErrBusy.
	Draft(from SourceRef, key Key) (*Message, error)
	// Discard takes back a message that will not be sent.
	Discard(m *Message)
	// Inject sends a message whose slot is set.
	Inject(m *Message) error
	// Invoke sends a message as a call and waits for its reply.
	Invoke(ctx context.Context, m *Message) (*Message, error)
}

// SourceRef tells a [Host] where a message enters its graph.
type SourceRef struct {
	outlet *outlet
	callee *reference // for calls, where outlet is nil
}
