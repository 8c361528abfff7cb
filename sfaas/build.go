// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

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
	byName := map[string]*plan.Node{}
	for _, n := range g.nodes {
		if byName[n.Fn.Name] != nil {
			g.fail(n.Fn.Name, "two functions of this name")
		}
		byName[n.Fn.Name] = n
	}
	for _, connect := range g.ways {
		connect(byName)
	}
	for _, n := range g.nodes {
		g.addPorts(n)
	}
	for _, n := range g.nodes {
		g.check(n)
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
			e := g.variant(to, to.WayIn(r.In), r.Config)
			n.Refs, n.Replies = append(n.Refs, e), append(n.Replies, nil)
			n.SendsOn = append(n.SendsOn, e)
			for _, p := range n.Ports {
				if p.Kind == plan.PortReply && p.Port.Ref == r {
					back := g.variant(n, p, r.Config)
					n.Replies[len(n.Replies)-1] = back
					to.SendsOn = append(to.SendsOn, back)
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

func (g *Graph) check(n *plan.Node) {
	f := n.Fn
	if !validName(f.Name) {
		g.fail(f.Name, "invalid name of a function")
	}
	for _, why := range f.Flaws {
		g.fail(f.Name, why)
	}
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
	g.checkHandlers(n)
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
	if len(f.Ins) > plan.MaxInputs {
		g.fail(f.Name, fmt.Sprintf("joins %d streams, at most %d", len(f.Ins), plan.MaxInputs))
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

// checkHandlers looks for handlers that are nil: a sink, and what stands for a topic, have
// none.
func (g *Graph) checkHandlers(n *plan.Node) {
	f := n.Fn
	if f.Run == nil && !n.Sink && !f.Topic {
		g.fail(f.Name, "has no handler: it is nil")
	}
	for _, p := range f.Ports {
		if p.Run == nil && !f.Topic {
			g.fail(f.Name+"."+p.Name, "has no handler: it is nil")
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
	for _, p := range f.Ports {
		name := f.Name + "." + p.Name
		switch {
		case p.Kind != plan.PortMessage:
			continue
		case p.Ref.Name != f.Name:
			g.fail(name, "is a port of "+p.Ref.Name+", which declares it")
		case len(f.Ins) == 1 && f.Ins[0] == p.Type:
			g.fail(name, "is the input of the function already")
		case seen[p.Name+"."]:
			g.fail(name, "two ports of this type")
		}
		seen[p.Name+"."] = true
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
		case to.Sink || to.WayIn(r.In) == nil:
			g.fail(port, fmt.Sprintf("takes %s, not %v", takes(to), r.In))
		case r.Out != nil && to.WayIn(r.In) != to.Direct:
			g.fail(port, fmt.Sprintf("is called with %v, not %v", takes(to), r.In))
		case r.Out != nil && to.Fn.Out != r.Out:
			g.fail(port, fmt.Sprintf("returns %v, not %v", to.Fn.Out, r.Out))
		case r.Out != nil && to.Fn.Each:
			g.fail(port, "has no single output to reply with")
		}
	}
}

// takes says what may be sent to a function by reference.
func takes(n *plan.Node) string {
	var types []string
	if n.Direct != nil {
		types = append(types, n.Fn.Ins[0].String())
	}
	for _, p := range n.Fn.Ports {
		if p.Kind == plan.PortMessage {
			types = append(types, p.Type.String())
		}
	}
	if len(types) == 0 {
		return "nothing by reference"
	}
	return strings.Join(types, " and ")
}

// checkCycles refuses edges that lead back: only Send, Call, topics and control
// may. Nothing follows from a control message, or one at a further port, by itself, so a loop that is closed
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
				if c.Kind == plan.PortData && !visit(c.Node) {
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
