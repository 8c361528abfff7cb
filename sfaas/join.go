// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"fmt"
	"reflect"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Pair is the input of a function that joins two streams: one message of each. Both are
// read-only and valid until the handler returns. Either may be a Pair itself, of streams
// that have been joined before; a function joins at most three.
type Pair[A, B any] struct {
	A *A // of the first stream
	B *B // of the second
}

// Join joins two streams on key, slot and sequence, as the input of a function:
//
//	var Equalize = sfaas.Define("equalize", func(c *sfaas.Ctx, out *Symbols, in *sfaas.Pair[PDU, Channel]) error { ... }, sfaas.FunctionConfig{})
//
//	sym := sfaas.Apply(sfaas.Join(pdu, channel), Equalize)
//
// Messages whose partner is missing wait in the unit of the function: for
// FunctionConfig.Window slots on edges that promise nothing, then they are dropped and
// counted; without an end on those that do. [Edge.With], [Edge.Cut] and [Edge.Spread]
// belong to the streams that are joined. A join can only be applied to; it is no message
// by itself, and nothing is copied for it.
func Join[A, B any](a Stream[A], b Stream[B]) Edge[Pair[A, B]] {
	ea, eb := streamOf(a), streamOf(b)
	if ea.g != eb.g {
		for _, g := range []*Graph{ea.g, eb.g} {
			g.fail("Join", "joins two graphs, "+ea.g.name+" and "+eb.g.name)
		}
	}
	return Edge[Pair[A, B]]{leg: leg{g: ea.g}, joined: append(ea.legs(), eb.legs()...)}
}

// joint is what pairs have in common, seen without their types.
type joint interface {
	self() reflect.Type
	inputs() []reflect.Type
	// filler returns what sets a pair, which it gets as an any, from the inputs of an
	// invocation from index at on.
	filler(at int) func(pair any, c *Ctx)
}

// jointOf returns T as a pair, nil if it is none: a type that embeds one is not.
func jointOf[T any]() joint {
	if j, ok := any(new(T)).(joint); ok && j.self() == reflect.TypeFor[T]() {
		return j
	}
	return nil
}

// inputsOf returns the inputs that a function of T has.
func inputsOf[T any]() []reflect.Type {
	if j := jointOf[T](); j != nil {
		return j.inputs()
	}
	return []reflect.Type{reflect.TypeFor[T]()}
}

// fillerOf is the filler of T, nil if it is no pair.
func fillerOf[T any](at int) func(pair any, c *Ctx) {
	if j := jointOf[T](); j != nil {
		return j.filler(at)
	}
	return nil
}

func (*Pair[A, B]) self() reflect.Type { return reflect.TypeFor[Pair[A, B]]() }

func (*Pair[A, B]) inputs() []reflect.Type { return append(inputsOf[A](), inputsOf[B]()...) }

func (*Pair[A, B]) filler(at int) func(pair any, c *Ctx) {
	second := at + len(inputsOf[A]())
	a, b := fillerOf[A](at), fillerOf[B](second)
	if a == nil && b == nil {
		return func(pair any, c *Ctx) {
			p := pair.(*Pair[A, B])
			p.A, p.B = c.in(at).(*A), c.in(second).(*B)
		}
	}
	return func(pair any, c *Ctx) {
		p := pair.(*Pair[A, B])
		p.A, p.B = part(p.A, a, at, c), part(p.B, b, second, c)
	}
}

// part returns what a pair has on one side: an input, or a pair that it has had before,
// filled anew.
func part[T any](old *T, fill func(pair any, c *Ctx), at int, c *Ctx) *T {
	if fill == nil {
		return c.in(at).(*T)
	}
	p := fresh(old)
	fill(p, c)
	return p
}

// inputOf gives a function its inputs. If it joins several, it returns how its handler
// gets them: in a pair that the worker uses again and again.
func inputOf[In any](f *plan.Function) func(c *Ctx) *In {
	f.Ins = inputsOf[In]()
	if len(f.Ins) == 1 {
		f.NewIn = func() any { return new(In) }
		return nil
	}
	f.NewPair = func() any { return new(In) }
	fill := fillerOf[In](0)
	return func(c *Ctx) *In {
		p := c.inv().Pair()
		fill(p, c)
		return p.(*In)
	}
}

// one returns the stream, which must not be a join: what says who asks. If it is one, that
// is an error of the graph, and what is returned leads from nowhere.
func (e Edge[T]) one(what string) leg {
	if e.joined != nil {
		e.g.fail(what, fmt.Sprintf("is given a join of %d streams: that is the input of a function alone", len(e.joined)))
		return leg{g: e.g, from: &plan.Outlet{Name: "a join"}}
	}
	return e.leg
}

// legs returns the streams that make up an edge.
func (e Edge[T]) legs() []leg {
	if e.joined != nil {
		return e.joined[:len(e.joined):len(e.joined)]
	}
	return []leg{e.leg}
}
