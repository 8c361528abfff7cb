// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"reflect"
	"unsafe"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Input is a source of a graph: the place where host code pushes messages.
type Input[T any] struct {
	g    *Graph
	from *plan.Outlet
}

// Source adds a source to a graph.
func Source[T any](g *Graph, name string) Input[T] {
	if g == nil {
		return Input[T]{}
	}
	if !validName(name) {
		g.fail(name, "invalid name of a source")
	}
	for _, o := range g.outlets {
		if o.Name == name {
			g.fail(name, "two outlets of this name")
		}
	}
	o := g.newOutlet(name, reflect.TypeFor[T](), func() any { return new(T) })
	o.Source = true
	return Input[T]{g, o}
}

func (in Input[T]) stream() Edge[T] { return Edge[T]{leg: leg{g: in.g, from: in.from}} }

// With is [Edge.With].
func (in Input[T]) With(cfg EdgeConfig) Edge[T] { return in.stream().With(cfg) }

// Cut is [Edge.Cut].
func (in Input[T]) Cut(name string) Edge[T] { return in.stream().Cut(name) }

// Spread is [Edge.Spread].
func (in Input[T]) Spread() Edge[T] { return in.stream().Spread() }

// Push sends one message into a running graph under a key and a slot, and sets
// its sequence. Fill writes the content into a recycled *T, without a copy.
//
// Push returns [ErrBusy] if an edge behind the source that may not drop is
// full: nothing is sent, fill is not called. It returns the error of fill, and
// [ErrClosed] after Close. It does not wait for the message to be processed
// and does not allocate in the steady state. Any number of goroutines may push
// at once; the messages of one key keep the order of their pushes. That is so at one
// runtime: pushed at two, they may overtake each other, as those at the old owner of a unit
// do that wait there for a connection while others are pushed at the new one.
func (in Input[T]) Push(h Host, key Key, slot Slot, fill func(*T) error) error {
	switch {
	case in.from == nil:
		return &OptionError{Option: "Push", Got: nowhere, Want: "what Source has returned"}
	case h == nil:
		return in.lacks("Push", "a host")
	case fill == nil:
		return in.lacks("Push", "a function that fills in a message")
	}
	m, err := h.Draft(core.SourceRef{Outlet: in.from}, key)
	if err != nil {
		return err
	}
	if err := fill(body(m).(*T)); err != nil {
		h.Discard(m)
		return base.Errorf("push %s: %w", in.from.Name, err)
	}
	m.Slot = slot
	return h.Inject(m)
}

// PushValue is Push with a deep copy of *v.
func (in Input[T]) PushValue(h Host, key Key, slot Slot, v *T) error {
	switch {
	case in.from == nil:
		return &OptionError{Option: "PushValue", Got: nowhere, Want: "what Source has returned"}
	case h == nil:
		return in.lacks("PushValue", "a host")
	case v == nil:
		return in.lacks("PushValue", "a value")
	}
	m, err := h.Draft(core.SourceRef{Outlet: in.from}, key)
	if err != nil {
		return err
	}
	in.from.Layout.Copy(unsafe.Pointer(body(m).(*T)), unsafe.Pointer(v))
	m.Slot = slot
	return h.Inject(m)
}

// lacks is the error of a push that has nothing to push.
func (in Input[T]) lacks(call, want string) error {
	return &OptionError{Option: call, Got: "nil for source " + in.from.Name, Want: want}
}

// Position returns how far the source has come under a key, and false if
// nothing has been pushed there, or so long ago that the key has been
// forgotten. After a [Runtime.Restore] it tells where the cut was: a source
// that can repeat its messages continues behind it.
func (in Input[T]) Position(h Host, key Key) (Position, bool) {
	if in.from == nil || h == nil {
		return Position{}, false
	}
	return h.Pushed(core.SourceRef{Outlet: in.from}, key)
}
