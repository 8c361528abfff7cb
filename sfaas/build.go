// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"errors"
	"fmt"
	"reflect"
	"sort"

	"github.com/cespare/xxhash/v2"
)

// App is a graph that has been built. It is immutable and shared by any number
// of runtimes.
type App struct {
	name    string
	nodes   []*node
	outlets []*outlet
	conns   []*conn // by EdgeID-1
	byName  map[string]*node
	digest  Digest
}

// Name returns the name of the graph.
func (a *App) Name() string { return a.name }

// Digest returns the hash of all functions and edges. Runtimes exchange
// messages only if theirs are equal.
func (a *App) Digest() Digest { return a.digest }

// Functions returns the names of the functions in the order in which they were
// applied.
func (a *App) Functions() []string {
	var names []string
	for _, n := range a.nodes {
		if !n.sink {
			names = append(names, n.fn.name)
		}
	}
	return names
}

// Stateful returns the names of the functions that own cells, sorted.
func (a *App) Stateful() []string {
	var names []string
	for _, n := range a.nodes {
		if len(n.fn.cells) > 0 {
			names = append(names, n.fn.name)
		}
	}
	sort.Strings(names)
	return names
}

// EdgeInfo describes one edge of an app.
type EdgeInfo struct {
	ID        EdgeID    // identifier on messages
	From      string    // source or function, or "to NAME" for messages sent by reference
	To        string    // function or sink
	Port      string    // port of a function, "" for its inputs
	Guarantee Guarantee // what the edge promises
}

// Edges returns all edges in the order of their identifiers.
func (a *App) Edges() []EdgeInfo {
	var out []EdgeInfo
	for _, c := range a.conns {
		e := EdgeInfo{ID: c.id, From: c.from.name, To: c.node.fn.name, Guarantee: c.cfg.Guarantee}
		if c.port != nil {
			e.Port = c.port.name
		}
		out = append(out, e)
	}
	return out
}

// Build checks the graph and returns it in the form that runs. It reports
// every wiring error at once, joined by errors.Join: each is a [*WiringError]
// that names the port. A graph is built once.
func (g *Graph) Build() (*App, error) {
	if g.built {
		return nil, errors.New("sfaas: graph " + g.name + " has been built already")
	}
	g.built = true
	g.addTopics()
	for _, n := range g.nodes {
		g.addPorts(n)
	}
	byName := map[string]*node{}
	for _, n := range g.nodes {
		g.check(n, byName)
	}
	for _, n := range g.nodes {
		g.checkRefs(n, byName)
	}
	g.checkCycles()
	if len(g.errs) > 0 {
		return nil, errors.Join(g.errs...)
	}
	for _, c := range g.conns {
		f := c.node.fn
		if c.isWide() {
			c.node.wide[c.input] = true
		}
		c.drafts = c.kind == portData && !c.node.sink && !f.each
		c.plain = c.kind == portData && len(f.ins) == 1 && !f.cfg.Parallel && !c.queue() && !c.wide && c.cfg.Guarantee != ExactlyOnce
		if c.cfg.Guarantee == ExactlyOnce {
			for _, n := range g.nodes {
				n.exact = n.exact || n.outlet == c.from
			}
		}
	}
	a := &App{name: g.name, nodes: g.nodes, outlets: g.outlets, conns: g.conns, byName: byName}
	a.digest = a.hash()
	for _, o := range g.outlets {
		if o.source {
			o.queues = queuesBehind(o)
		}
	}
	return a, nil
}

// addTopics adds the node of every topic that a function listens to.
func (g *Graph) addTopics() {
	for i := 0; i < len(g.nodes); i++ {
		for _, p := range g.nodes[i].fn.ports {
			if p.topic != nil && g.find(p.topic.fn) == nil {
				g.addNode(p.topic.fn, false)
			}
		}
		for _, r := range g.nodes[i].fn.refs {
			if r.topic != nil && g.find(r.topic.fn) == nil {
				g.addNode(r.topic.fn, false)
			}
		}
	}
}

// addPorts gives a node the edges on which messages are sent to it by address.
func (g *Graph) addPorts(n *node) {
	f := n.fn
	if n.sink {
		return
	}
	n.keeps = f.stateful()
	if len(f.ins) == 1 {
		o := g.newOutlet("to "+f.name, f.ins[0], f.newIn)
		n.direct = &conn{name: o.name, from: o, node: n, kind: portData}
		g.add(n.direct)
		o.conns = []*conn{n.direct}
	}
	for i, p := range f.ports {
		o := g.newOutlet("to "+f.name+"."+p.name, p.typ, p.make)
		c := &conn{name: o.name, from: o, node: n, kind: p.kind, input: -1, port: p}
		g.add(c)
		o.conns = []*conn{c}
		n.ports = append(n.ports, c)
		if p.kind == portGrant {
			n.gates = append(n.gates, i)
		}
	}
}

func (g *Graph) check(n *node, byName map[string]*node) {
	f := n.fn
	if !validName(f.name) {
		g.fail(f.name, "invalid name of a function")
	}
	if byName[f.name] != nil {
		g.fail(f.name, "two functions of this name")
	}
	byName[f.name] = n
	g.checkInputs(n)
	for _, c := range f.cells {
		if c.reason != "" {
			g.fail(f.name+"."+c.name, c.reason)
		}
		if !validName(c.name) {
			g.fail(f.name+"."+c.name, "invalid name of a cell")
		}
		if c.version < 0 || c.ttl < 0 {
			g.fail(f.name+"."+c.name, "version and time to live are not negative")
		}
	}
	g.checkNames(f)
	if f.cfg.Parallel && (f.stateful() || len(f.ins) != 1) {
		g.fail(f.name, "Parallel is for functions of one input without cells and ports")
	}
	if _, err := appendParams(nil, reflect.ValueOf(f.cfg.Params), "Params"); err != nil {
		g.fail(f.name, err.Error())
	}
}

func (g *Graph) checkInputs(n *node) {
	f := n.fn
	wide, exact, inputs := 0, 0, 0
	for _, c := range g.conns {
		if c.node == n && c.kind == portData && !c.wide && !c.isDead {
			inputs++
			if c.cfg.Guarantee == ExactlyOnce {
				exact++
			}
		}
		if f.cfg.Parallel && c.cfg.Guarantee == ExactlyOnce && (c.node == n || (n.outlet != nil && c.from == n.outlet)) {
			g.fail(c.name, "Parallel functions have no part in exactly once: they keep no marks")
		}
		if c.node == n && c.wide {
			wide++
		}
		if c.node == n && c.cfg.Drop != DropNone && c.cfg.Guarantee != AtMostOnce {
			g.fail(c.name, c.cfg.Guarantee.String()+" edges may not drop")
		}
	}
	if len(f.ins) > 1 && exact > 0 && exact < inputs {
		g.fail(f.name, "inputs that are joined are exactly once all or none, spread ones apart")
	}
	if wide > 0 && wide == len(f.ins) {
		g.fail(f.name, "every input is spread: one must carry the keys")
	}
	for i, k := range n.wired {
		switch {
		case i < len(f.ins) && k == 0 && !n.sink && !f.topic && n.early:
			g.fail(f.name, "has control but is not applied")
		case i < len(f.ins) && k > 1:
			g.fail(f.name, fmt.Sprintf("input %d has %d edges", i, k))
		case i >= len(f.ins) && k == 0 && f.ports[i-len(f.ins)].kind.control() && !f.topic:
			g.fail(f.name+"."+f.ports[i-len(f.ins)].name, "is not wired")
		}
	}
}

func (g *Graph) checkNames(f *function) {
	seen := map[string]bool{}
	for _, c := range f.cells {
		if seen[c.name] {
			g.fail(f.name+"."+c.name, "two cells of this name")
		}
		seen[c.name] = true
	}
}

// checkRefs checks the functions that n sends to.
func (g *Graph) checkRefs(n *node, byName map[string]*node) {
	for _, r := range n.fn.refs {
		to := byName[r.name]
		port := n.fn.name + " -> " + r.name
		switch {
		case to == nil:
			g.fail(port, "no such function")
		case len(to.fn.ins) != 1 || to.sink:
			g.fail(port, "is not a function of one input")
		case to.fn.ins[0] != r.in:
			g.fail(port, fmt.Sprintf("takes %v, not %v", to.fn.ins[0], r.in))
		case r.out != nil && to.fn.out != r.out:
			g.fail(port, fmt.Sprintf("returns %v, not %v", to.fn.out, r.out))
		case r.out != nil && to.fn.each:
			g.fail(port, "has no single output to reply with")
		}
	}
}

// checkCycles refuses edges that lead back: only Send, Call and topics may.
func (g *Graph) checkCycles() {
	state := make([]int, len(g.nodes))
	var visit func(n *node) bool
	visit = func(n *node) bool {
		if state[n.index] != 0 {
			return state[n.index] == 2
		}
		state[n.index] = 1
		if n.outlet != nil {
			for _, c := range n.outlet.conns {
				if !visit(c.node) {
					return false
				}
			}
		}
		state[n.index] = 2
		return true
	}
	for _, n := range g.nodes {
		if !visit(n) {
			g.fail(n.fn.name, "is part of a circle of edges")
			return
		}
	}
}

// queuesBehind returns the edges with a capacity that messages of a source
// reach and that may not drop.
func queuesBehind(o *outlet) []*conn {
	var qs []*conn
	seen := map[*outlet]bool{}
	var walk func(o *outlet)
	walk = func(o *outlet) {
		if o == nil || seen[o] {
			return
		}
		seen[o] = true
		for _, c := range o.conns {
			if c.queue() && c.cfg.Drop == DropNone {
				qs = append(qs, c)
			}
			walk(c.node.outlet)
		}
	}
	walk(o)
	return qs
}

func (a *App) hash() Digest {
	b := appendString(nil, a.name)
	for _, n := range a.nodes {
		if n.sink {
			b = appendString(b, n.fn.name)
			continue
		}
		b = appendDigest(b, n.fn.digest())
	}
	for _, c := range a.conns {
		b = appendString(b, c.name)
		b = append(b, byte(c.kind), byte(c.input+1), byte(c.cfg.Guarantee))
	}
	return Digest(xxhash.Sum64(b))
}
