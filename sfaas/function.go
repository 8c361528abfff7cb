// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"reflect"
)

// Function is what [Fn], [Fn2] and [Fn3] have in common.
type Function interface {
	// Name returns the function type, the first half of an address.
	Name() string
	// Digest returns the hash of everything that a move must find equal at its
	// target: name, ports, cells with class, version and type, and
	// Config.Params.
	Digest() Digest

	function() *function
}

// function is a stateful function without its type parameters. It is
// immutable once a graph with it has been built.
type function struct {
	run    func(c *Ctx) error
	cfg    Config
	cells  []*cellDecl
	name   string
	ins    []reflect.Type
	newIn  func() any // payload for messages sent by reference
	out    reflect.Type
	newOut func() any
	each   bool
	topic  bool // the function behind a topic

	resources []*resourceDecl
	ports     []*port
	refs      []*reference
}

// port is a way into a function beside its data inputs.
type port struct {
	name string
	kind portKind
	typ  reflect.Type
	make func() any // payload, for ports that others send to
	run  func(c *Ctx) error
	fn   *function

	topic *topicDecl
}

// portKind says how a port treats what arrives.
type portKind uint8

const (
	portData    portKind = iota // an input
	portGrant                   // control that holds for one slot
	portSetting                 // control that holds until replaced
	portReply                   // result of a call
	portTopic                   // messages of a topic
)

func (k portKind) control() bool { return k == portGrant || k == portSetting }

// Fn is a function with one input. The zero value is not usable; copies are
// the same function.
type Fn[In, Out any] struct{ f *function }

// Fn2 is a function with two inputs, joined on key, slot and sequence.
type Fn2[A, B, Out any] struct{ f *function }

// Fn3 is a function with three inputs, joined on key, slot and sequence.
type Fn3[A, B, C, Out any] struct{ f *function }

// Name implements [Function].
func (f Fn[In, Out]) Name() string { return f.f.name }

// Name implements [Function].
func (f Fn2[A, B, Out]) Name() string { return f.f.name }

// Name implements [Function].
func (f Fn3[A, B, C, Out]) Name() string { return f.f.name }

// Digest implements [Function].
func (f Fn[In, Out]) Digest() Digest { return f.f.digest() }

// Digest implements [Function].
func (f Fn2[A, B, Out]) Digest() Digest { return f.f.digest() }

// Digest implements [Function].
func (f Fn3[A, B, C, Out]) Digest() Digest { return f.f.digest() }

func (f Fn[In, Out]) function() *function       { return f.f }
func (f Fn2[A, B, Out]) function() *function    { return f.f }
func (f Fn3[A, B, C, Out]) function() *function { return f.f }

// stateful reports whether invocations of one key depend on each other.
func (f *function) stateful() bool {
	return len(f.cells) > 0 || len(f.ports) > 0
}

// window returns Config.Window with its default.
func (f *function) window() Slot {
	if f.cfg.Window > 0 {
		return Slot(f.cfg.Window)
	}
	return defaultWindow
}
