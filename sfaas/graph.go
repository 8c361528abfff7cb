// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"reflect"
	"strings"
)

// Graph collects functions and the edges between them until [Graph.Build]. It
// is for one goroutine.
type Graph struct {
	name    string
	nodes   []*node
	outlets []*outlet
	conns   []*conn
	errs    []error
	built   bool
}

// node is a function or a sink in a graph.
type node struct {
	index  int
	fn     *function
	outlet *outlet // nil for sinks
	ports  []*conn // by index of function.ports
	sink   bool
	keeps  bool            // has per-key content
	exact  bool            // has an output with ExactlyOnce
	early  bool            // named by Control and not yet applied
	wide   [maxInputs]bool // inputs that are spread
	direct *conn           // messages sent by reference, nil for joins
	wired  []int           // number of edges by data input
	gates  []int           // indices of grant ports
}

// NewGraph returns an empty graph.
func NewGraph(name string) *Graph { return &Graph{name: name} }

// Apply applies a function to a stream and returns its output. A wrong type
// does not compile. Messages keep their key, or get new ones from a
// [DefineEach] function.
func Apply[In, Out any](from Stream[In], f Fn[In, Out]) Edge[Out] {
	s := from.stream()
	n := s.g.node(f.f)
	s.wire(n, 0)
	return Edge[Out]{g: s.g, from: n.outlet}
}

// Apply2 applies a function to two streams, joined on key, slot and sequence.
func Apply2[A, B, Out any](a Stream[A], b Stream[B], f Fn2[A, B, Out]) Edge[Out] {
	ea, eb := a.stream(), b.stream()
	n := ea.g.node(f.f)
	ea.wire(n, 0)
	eb.wire(n, 1)
	return Edge[Out]{g: ea.g, from: n.outlet}
}

// Apply3 applies a function to three streams, joined on key, slot and
// sequence.
func Apply3[A, B, C, Out any](a Stream[A], b Stream[B], c Stream[C], f Fn3[A, B, C, Out]) Edge[Out] {
	ea, eb, ec := a.stream(), b.stream(), c.stream()
	n := ea.g.node(f.f)
	ea.wire(n, 0)
	eb.wire(n, 1)
	ec.wire(n, 2)
	return Edge[Out]{g: ea.g, from: n.outlet}
}

// Control feeds a stream of control messages to a port of a function. A wrong
// type does not compile.
func Control[C any](from Stream[C], to Controller[C]) {
	s := from.stream()
	n := s.g.find(to.p.fn)
	if n == nil {
		n = s.g.addNode(to.p.fn, true)
	}
	i := to.p.index()
	if i < 0 {
		s.g.fail(to.p.fn.name+"."+to.p.name, "is not a port of the function")
		return
	}
	c := s.connect(n, to.p.kind, -1)
	c.port = to.p
	n.wired[len(n.fn.ins)+i]++
}

// DeadLetter feeds to a stream what a function could not process: messages of
// edges with [AtLeastOnce] or [ExactlyOnce] whose retries are spent. In must
// be the input of the function that from was passed to.
func DeadLetter[In, Out any](of Stream[In], from Fn[In, Out], to Fn[In, Out]) {
	s := of.stream()
	n := s.g.find(from.f)
	if n == nil {
		s.g.fail(from.f.name, "is not applied in this graph")
		return
	}
	d := s.g.node(to.f)
	dead := s.connect(d, portData, 0)
	dead.isDead = true
	s.from.conns = s.from.conns[:len(s.from.conns)-1] // it takes nothing by itself
	d.wired[0]++
	for _, c := range n.inbound(s.g, s.from) {
		c.dead = dead
	}
}

// wire connects the edge to data input i of n.
func (e Edge[T]) wire(n *node, i int) {
	c := e.connect(n, portData, i)
	n.wired[i]++
	if e.wide && len(n.fn.ins) < 2 {
		e.g.fail(c.name, "Spread is for inputs of Apply2 and Apply3")
	}
}

func (e Edge[T]) connect(n *node, kind portKind, input int) *conn {
	c := &conn{from: e.from, node: n, kind: kind, input: input, view: e.view, cfg: e.cfg, wide: e.wide}
	c.name = e.from.name + " -> " + n.fn.name
	if e.from.graph != n.outletGraph() && n.outletGraph() != nil {
		e.g.fail(c.name, "joins two graphs")
	}
	e.g.add(c)
	e.from.conns = append(e.from.conns, c)
	return c
}

func (n *node) outletGraph() *Graph {
	if n.outlet == nil {
		return nil
	}
	return n.outlet.graph
}

// inbound returns the data edges into n that come from o.
func (n *node) inbound(g *Graph, o *outlet) []*conn {
	var cs []*conn
	for _, c := range g.conns {
		if c.node == n && c.from == o && c.kind == portData && !c.isDead {
			cs = append(cs, c)
		}
	}
	return cs
}

func (g *Graph) add(c *conn) {
	c.id = EdgeID(len(g.conns) + 1)
	g.conns = append(g.conns, c)
}

// node returns a new node for f, or the one that Control promised.
func (g *Graph) node(f *function) *node {
	if n := g.find(f); n != nil && n.early {
		n.early = false
		return n
	}
	return g.addNode(f, false)
}

// addNode adds the node of f; early if Control names it before Apply does.
func (g *Graph) addNode(f *function, early bool) *node {
	n := &node{index: len(g.nodes), fn: f, wired: make([]int, len(f.ins)+len(f.ports)), early: early}
	n.outlet = g.newOutlet(f.name, f.out, f.newOut)
	g.nodes = append(g.nodes, n)
	return n
}

func (g *Graph) newOutlet(name string, typ reflect.Type, make func() any) *outlet {
	o := &outlet{id: len(g.outlets), name: name, typ: typ, make: make, lay: newLayout(typ), graph: g}
	g.outlets = append(g.outlets, o)
	return o
}

// find returns the node of f, or nil.
func (g *Graph) find(f *function) *node {
	for _, n := range g.nodes {
		if n.fn == f {
			return n
		}
	}
	return nil
}

func (g *Graph) fail(port, reason string) {
	g.errs = append(g.errs, &WiringError{Graph: g.name, Port: port, Reason: reason})
}

// index returns the place of p among its function's ports, or -1.
func (p *port) index() int {
	for i, x := range p.fn.ports {
		if x == p {
			return i
		}
	}
	return -1
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
