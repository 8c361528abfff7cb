// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

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
	byName := map[string]*plan.Node{}
	for _, n := range g.nodes {
		g.check(n, byName)
	}
	for _, n := range g.nodes {
		g.checkRefs(n, byName)
	}
	g.checkCycles()
	if len(g.errs) == 0 {
		g.addRefs(byName)
	}
	built := &plan.App{Name: g.name, Nodes: g.nodes, Outlets: g.outlets, Edges: g.conns, ByName: byName}
	for _, e := range built.Divide() {
		g.fail(e.Name, "the cut "+e.Cut+" does not separate: both ends are connected by other edges")
	}
	if len(g.errs) > 0 {
		return nil, errors.Join(g.errs...)
	}
	built.Finish()
	return &App{built}, nil
}

// addTopics adds the node of every topic that a function listens to.
func (g *Graph) addTopics() {
	for i := 0; i < len(g.nodes); i++ {
		for _, p := range g.nodes[i].Fn.Ports {
			if p.Topic != nil && g.find(p.Topic.Fn) == nil {
				g.addNode(p.Topic.Fn, false)
			}
		}
		for _, r := range g.nodes[i].Fn.Refs {
			if r.Topic != nil && g.find(r.Topic.Fn) == nil {
				g.addNode(r.Topic.Fn, false)
			}
		}
	}
}

// addPorts gives a node the edges on which messages are sent to it by address.
func (g *Graph) addPorts(n *plan.Node) {
	f := n.Fn
	if n.Sink {
		return
	}
	n.Keeps = f.Stateful()
	if len(f.Ins) == 1 {
		o := g.newOutlet("to "+f.Name, f.Ins[0], f.NewIn)
		n.Direct = &plan.Edge{Name: o.Name, From: o, Node: n, Kind: plan.PortData}
		g.add(n.Direct)
		o.Edges = []*plan.Edge{n.Direct}
	}
	for i, p := range f.Ports {
		o := g.newOutlet("to "+f.Name+"."+p.Name, p.Type, p.Make)
		c := &plan.Edge{Name: o.Name, From: o, Node: n, Kind: p.Kind, Input: -1, Port: p}
		if p.Topic != nil {
			c.Config = p.Topic.Config
		}
		g.add(c)
		o.Edges = []*plan.Edge{c}
		n.Ports = append(n.Ports, c)
		if p.Kind == plan.PortGrant {
			n.Gates = append(n.Gates, i)
		}
	}
}

// addRefs gives every reference its edge: one per function and guarantee.
func (g *Graph) addRefs(byName map[string]*plan.Node) {
	for _, n := range g.nodes {
		for _, r := range n.Fn.Refs {
			to := byName[r.Name]
			e := g.variant(to, to.Direct, r.Config)
			n.Refs = append(n.Refs, e)
			n.SendsOn = append(n.SendsOn, e)
			for _, p := range n.Ports {
				if r.Out != nil && p.Kind == plan.PortReply && p.Port.Type == r.Out {
					to.SendsOn = append(to.SendsOn, g.variant(n, p, r.Config))
				}
			}
		}
		for _, p := range n.Ports {
			if t := p.Port.Topic; t != nil {
				to := byName[t.Fn.Name]
				n.SendsOn = append(n.SendsOn, g.variant(to, to.Ports[0], t.Config))
				to.SendsOn = append(to.SendsOn, p)
			}
		}
	}
}

// variant returns the edge into the same port as base with another
// configuration, new if there is none.
func (g *Graph) variant(n *plan.Node, base *plan.Edge, cfg EdgeConfig) *plan.Edge {
	if e := n.Variant(base, cfg); e.Config == cfg {
		return e
	}
	o := g.newOutlet(fmt.Sprintf("%s, %v", base.From.Name, cfg.Guarantee), base.From.Type, base.From.Make)
	e := &plan.Edge{Name: o.Name, From: o, Node: n, Kind: base.Kind, Input: base.Input, Port: base.Port, Config: cfg}
	g.add(e)
	o.Edges = []*plan.Edge{e}
	n.Variants = append(n.Variants, e)
	return e
}

func (g *Graph) check(n *plan.Node, byName map[string]*plan.Node) {
	f := n.Fn
	if !validName(f.Name) {
		g.fail(f.Name, "invalid name of a function")
	}
	if byName[f.Name] != nil {
		g.fail(f.Name, "two functions of this name")
	}
	byName[f.Name] = n
	g.checkInputs(n)
	for _, c := range f.Cells {
		if c.Reason != "" {
			g.fail(f.Name+"."+c.Name, c.Reason)
		}
		if !validName(c.Name) {
			g.fail(f.Name+"."+c.Name, "invalid name of a cell")
		}
		if c.Version < 0 || c.TTL < 0 {
			g.fail(f.Name+"."+c.Name, "version and time to live are not negative")
		}
	}
	g.checkNames(f)
	if f.Config.Parallel && (f.Stateful() || len(f.Ins) != 1) {
		g.fail(f.Name, "Parallel is for functions of one input without cells and ports")
	}
	if _, err := plan.AppendParams(nil, reflect.ValueOf(f.Config.Params), "Params"); err != nil {
		g.fail(f.Name, err.Error())
	}
}

func (g *Graph) checkInputs(n *plan.Node) {
	f := n.Fn
	wide, exact, inputs := 0, 0, 0
	for _, c := range g.conns {
		if c.Node == n && c.Kind == plan.PortData && !c.Wide && !c.IsDead {
			inputs++
			if c.Config.Guarantee == ExactlyOnce {
				exact++
			}
		}
		if f.Config.Parallel && c.Config.Guarantee == ExactlyOnce && (c.Node == n || (n.Outlet != nil && c.From == n.Outlet)) {
			g.fail(c.Name, "Parallel functions have no part in exactly once: they keep no marks")
		}
		if c.Node == n && c.Wide {
			wide++
		}
		if c.Node == n && c.Config.Drop != DropNone && c.Config.Guarantee != AtMostOnce {
			g.fail(c.Name, c.Config.Guarantee.String()+" edges may not drop")
		}
	}
	if len(f.Ins) > 1 && exact > 0 && exact < inputs {
		g.fail(f.Name, "inputs that are joined are exactly once all or none, spread ones apart")
	}
	if wide > 0 && wide == len(f.Ins) {
		g.fail(f.Name, "every input is spread: one must carry the keys")
	}
	for i := range len(f.Ins) + len(f.Ports) {
		k := 0
		if i < len(n.Wired) { // else the port has come later, and nobody has wired it
			k = n.Wired[i]
		}
		switch {
		case i < len(f.Ins) && k == 0 && !n.Sink && !f.Topic && n.Early:
			g.fail(f.Name, "has control but is not applied")
		case i < len(f.Ins) && k > 1:
			g.fail(f.Name, fmt.Sprintf("input %d has %d edges", i, k))
		case i >= len(f.Ins) && k == 0 && f.Ports[i-len(f.Ins)].Kind.Control() && !f.Topic:
			g.fail(f.Name+"."+f.Ports[i-len(f.Ins)].Name, "is not wired")
		}
	}
}

func (g *Graph) checkNames(f *plan.Function) {
	seen := map[string]bool{}
	for _, c := range f.Cells {
		if seen[c.Name] {
			g.fail(f.Name+"."+c.Name, "two cells of this name")
		}
		seen[c.Name] = true
	}
}

// checkRefs checks the functions that n sends to.
func (g *Graph) checkRefs(n *plan.Node, byName map[string]*plan.Node) {
	for _, r := range n.Fn.Refs {
		to := byName[r.Name]
		port := n.Fn.Name + " -> " + r.Name
		switch {
		case to == nil:
			g.fail(port, "no such function")
		case len(to.Fn.Ins) != 1 || to.Sink:
			g.fail(port, "is not a function of one input")
		case to.Fn.Ins[0] != r.In:
			g.fail(port, fmt.Sprintf("takes %v, not %v", to.Fn.Ins[0], r.In))
		case r.Out != nil && to.Fn.Out != r.Out:
			g.fail(port, fmt.Sprintf("returns %v, not %v", to.Fn.Out, r.Out))
		case r.Out != nil && to.Fn.Each:
			g.fail(port, "has no single output to reply with")
		}
	}
}

// checkCycles refuses edges that lead back: only Send, Call, topics and control
// may. Nothing follows from a control message by itself, so a loop that is closed
// by one, such as a scheduler that hears what became of its grants or a filter that
// hears what a slot has shown, turns once per slot and not forever.
func (g *Graph) checkCycles() {
	state := make([]int, len(g.nodes))
	var visit func(n *plan.Node) bool
	visit = func(n *plan.Node) bool {
		if state[n.Index] != 0 {
			return state[n.Index] == 2
		}
		state[n.Index] = 1
		if n.Outlet != nil {
			for _, c := range n.Outlet.Edges {
				if !c.Kind.Control() && !visit(c.Node) {
					return false
				}
			}
		}
		state[n.Index] = 2
		return true
	}
	for _, n := range g.nodes {
		if !visit(n) {
			g.fail(n.Fn.Name, "is part of a circle of edges")
			return
		}
	}
}
