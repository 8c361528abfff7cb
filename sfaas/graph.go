// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/layout"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Graph collects functions and the edges between them until [Graph.Build]. It
// is for one goroutine.
type Graph struct {
	name    string
	nodes   []*plan.Node
	outlets []*plan.Outlet
	conns   []*plan.Edge
	errs    []error
	ways    []func(byName map[string]*plan.Node) // of Deliver, once all functions are known
	built   bool
}

// NewGraph returns an empty graph.
func NewGraph(name string) *Graph { return &Graph{name: name} }

// Apply applies a function to a stream, or to a [Join] of streams, and returns its
// output. A wrong type does not compile. Messages keep their key, or get new ones from a
// [DefineEach] function.
func Apply[In, Out any](from Stream[In], f Fn[In, Out]) Edge[Out] {
	s := streamOf(from)
	if s.g.defined(f, "Apply") == nil {
		return Edge[Out]{leg: leg{g: s.g, from: lost().from}}
	}
	n := s.g.node(f.f)
	s.wire(n)
	return Edge[Out]{leg: leg{g: s.g, from: n.Outlet}}
}

// Control feeds a stream of control messages to a port of a function. A wrong
// type does not compile.
func Control[C any](from Stream[C], to Controller[C]) {
	if to.p == nil {
		streamOf(from).g.fail("Control", "is given the zero Controller")
		return
	}
	s := streamOf(from).one(to.p.Fn.Name + "." + to.p.Name)
	n := s.g.find(to.p.Fn)
	if n == nil {
		n = s.g.addNode(to.p.Fn, true)
	}
	i := to.p.Index()
	if i < 0 {
		s.g.fail(to.p.Fn.Name+"."+to.p.Name, "is not a port of the function")
		return
	}
	c := s.connect(n, to.p.Kind, -1)
	c.Port = to.p
	at := len(n.Fn.Ins) + i
	if at >= len(n.Wired) { // the port was declared after the function was applied
		n.Wired = append(n.Wired, make([]int, at+1-len(n.Wired))...)
	}
	n.Wired[at]++
}

// Deliver feeds a stream to a further port of a function, which it declares with
// [Reference.On]. Nothing follows from that on other edges, so a stream may lead back.
func Deliver[T any](from Stream[T], to Reference[T]) {
	if to.r == nil {
		streamOf(from).g.fail("Deliver", "is given the zero Reference")
		return
	}
	s := streamOf(from).one(to.r.Name)
	port := s.from.Name + " -> " + to.r.Name
	s.g.ways = append(s.g.ways, func(byName map[string]*plan.Node) {
		n := byName[to.r.Name]
		if n == nil {
			s.g.fail(port, "no such function")
			return
		}
		for _, p := range n.Fn.Ports {
			if p.Kind == plan.PortMessage && p.Type == to.r.In {
				s.connect(n, p.Kind, -1).Port = p
				return
			}
		}
		s.g.fail(port, fmt.Sprintf("the function has no further port for %v: declare it with On", to.r.In))
	})
}

// DeadLetter feeds to a stream what a function could not process: messages of
// edges with [AtLeastOnce] or [ExactlyOnce] whose retries are spent. In must
// be the input of the function that from was passed to.
func DeadLetter[In, Out any](of Stream[In], from Fn[In, Out], to Fn[In, Out]) {
	s := streamOf(of).one("dead letters of " + from.Name())
	if s.g.defined(from, "DeadLetter") == nil || s.g.defined(to, "DeadLetter") == nil {
		return
	}
	n := s.g.find(from.f)
	if n == nil {
		s.g.fail(from.f.Name, "is not applied in this graph")
		return
	}
	d := s.g.node(to.f)
	dead := s.connect(d, plan.PortData, 0)
	dead.IsDead, dead.Wired, dead.Cut = true, false, ""
	s.from.Edges = s.from.Edges[:len(s.from.Edges)-1] // it takes nothing by itself
	d.Wired[0]++
	for _, c := range s.g.inbound(n, s.from) {
		c.Dead = dead
	}
}

// wire connects the streams of the edge to the data inputs of n.
func (e Edge[T]) wire(n *plan.Node) {
	legs := e.legs()
	if len(legs) != len(n.Fn.Ins) {
		e.g.fail(n.Fn.Name, fmt.Sprintf("has %d inputs and is applied to %d: a Pair is made by Join", len(n.Fn.Ins), len(legs)))
		return
	}
	for i, l := range legs {
		c := l.connect(n, plan.PortData, i)
		n.Wired[i]++
		if l.wide && len(legs) < 2 {
			e.g.fail(c.Name, "Spread is for streams that are joined")
		}
	}
}

func (e leg) connect(n *plan.Node, kind plan.PortKind, input int) *plan.Edge {
	c := &plan.Edge{From: e.from, Node: n, Kind: kind, Input: input, View: e.view, Config: e.cfg, Wide: e.wide, Cut: e.cut, Wired: true}
	c.Name = e.from.Name + " -> " + n.Fn.Name
	if !slices.Contains(e.g.nodes, n) {
		e.g.fail(c.Name, "joins two graphs")
	}
	e.g.add(c)
	e.from.Edges = append(e.from.Edges, c)
	return c
}

// inbound returns the data edges into n that come from o.
func (g *Graph) inbound(n *plan.Node, o *plan.Outlet) []*plan.Edge {
	var cs []*plan.Edge
	for _, c := range g.conns {
		if c.Node == n && c.From == o && c.Kind == plan.PortData && !c.IsDead {
			cs = append(cs, c)
		}
	}
	return cs
}

func (g *Graph) add(c *plan.Edge) {
	c.ID = base.EdgeID(len(g.conns) + 1)
	g.conns = append(g.conns, c)
}

// node returns a new node for f, or the one that Control promised.
func (g *Graph) node(f *plan.Function) *plan.Node {
	if n := g.find(f); n != nil && n.Early {
		n.Early = false
		return n
	}
	return g.addNode(f, false)
}

// addNode adds the node of f; early if Control names it before Apply does.
func (g *Graph) addNode(f *plan.Function, early bool) *plan.Node {
	n := &plan.Node{Index: len(g.nodes), Fn: f, Wired: make([]int, len(f.Ins)+len(f.Ports)), Early: early}
	n.Outlet = g.newOutlet(f.Name, f.Out, f.NewOut)
	g.nodes = append(g.nodes, n)
	return n
}

func (g *Graph) newOutlet(name string, typ reflect.Type, make func() any) *plan.Outlet {
	o := &plan.Outlet{ID: len(g.outlets), Name: name, Type: typ, Make: make, Layout: layout.New(typ)}
	g.outlets = append(g.outlets, o)
	return o
}

// Add adds a function that others, or host code, reach by [Ref] or [CallRef]
// alone: it needs no source. It is a part of its own.
func (g *Graph) Add(f Function) {
	if fn := g.defined(f, "Add"); fn != nil {
		g.node(fn)
	}
}

// Buckets puts the roots of the part that f belongs to into n buckets, by a
// hash that is equal everywhere: each bucket is one [Unit]. It suits parts with
// many small roots, such as sessions of users.
func (g *Graph) Buckets(f Function, n int) {
	fn := g.defined(f, "Buckets")
	if fn == nil {
		return
	}
	switch node := g.find(fn); {
	case node == nil:
		g.fail(f.Name(), "is not applied in this graph")
	case n < 1 || n > maxBuckets:
		g.fail(f.Name(), fmt.Sprintf("%d buckets, want 1 to %d", n, maxBuckets))
	default:
		node.Buckets = n
	}
}

// maxBuckets bounds the buckets of a part.
const maxBuckets = 1 << 20

// find returns the node of f, or nil.
func (g *Graph) find(f *plan.Function) *plan.Node {
	for _, n := range g.nodes {
		if n.Fn == f {
			return n
		}
	}
	return nil
}

func (g *Graph) fail(port, reason string) {
	g.errs = append(g.errs, &WiringError{Graph: g.name, Port: port, Reason: reason})
}

// validName reports whether a name may stand in addresses, logs and files.
func validName(s string) bool {
	if s == "" || len(s) > 128 || strings.TrimSpace(s) != s {
		return false
	}
	for _, r := range s {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
}
