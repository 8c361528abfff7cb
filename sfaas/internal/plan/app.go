// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// App is a graph that has been built. It is immutable and shared by any
// number of runtimes.
type App struct {
	Name    string                // name of the graph
	Nodes   []*Node               // functions and sinks
	Outlets []*Outlet             // where messages come from
	Edges   []*Edge               // by EdgeID-1
	ByName  map[string]*Node      // functions and sinks by name
	ByPort  map[base.Digest]*Edge // ports of topics, by stable name
	Parts   []*Part               // in the order of their first functions
	Digest  base.Digest           // of all functions and edges
	Opaque  bool                  // some messages have no encoding
}

// Finish works out what follows from a graph that has been checked.
func (a *App) Finish() {
	for _, c := range a.Edges {
		f := c.Node.Fn
		if c.IsWide() {
			c.Node.Wide[c.Input] = true
		}
		c.Enters = c.Cross || c.From.Source
		c.Drafts = c.Kind == PortData && !c.Node.Sink && !f.Each
		c.Plain = c.Kind == PortData && len(f.Ins) == 1 && !f.Config.Parallel && !c.Queue() && !c.Wide && !c.Cross && c.Config.Guarantee != base.ExactlyOnce
		for _, n := range a.Nodes {
			own := n.Outlet == c.From && !c.IsDead
			n.Exact = n.Exact || (own && c.Config.Guarantee == base.ExactlyOnce)
			n.Promises = n.Promises || (n.sends(c) && c.Cross && c.Config.Guarantee != base.AtMostOnce)
			n.Inside = n.Inside || (own && !c.Cross)
		}
	}
	for _, n := range a.Nodes {
		n.Carries = n.carries()
	}
	// The order matters: the digest of the graph is made of those of its parts.
	a.nameEdges()
	a.finishParts()
	a.Digest = a.hash()
	for _, o := range a.Outlets {
		a.Opaque = a.Opaque || o.Layout.Opaque != ""
		if o.Source {
			o.Queues = queuesBehind(o)
		}
	}
}

// carries reports whether a function carries control: an output goes to a port
// of control, or every output goes to functions that carry it. One that waits
// for grants itself is a stage of data, whatever follows from it: so the stages
// of a closed loop, whose results lead to the next grant, are none of these.
func (n *Node) carries() bool {
	if n.Sink || len(n.Gates) > 0 || len(n.Outlet.Edges) == 0 {
		return false
	}
	all := true
	for _, e := range n.Outlet.Edges {
		if e.Kind.Control() {
			return true
		}
		all = all && e.Kind == PortData && e.Node.carries()
	}
	return all
}

// queuesBehind returns the edges with a capacity that messages of a source
// reach and that may not drop.
//
// A push has to know beforehand whether all of them have room: a message that has been
// taken may not be dropped on its way.
func queuesBehind(o *Outlet) []*Edge {
	var qs []*Edge
	seen := map[*Outlet]bool{}
	var walk func(o *Outlet)
	walk = func(o *Outlet) {
		if o == nil || seen[o] {
			return
		}
		seen[o] = true
		for _, c := range o.Edges {
			if c.Queue() && c.Config.Drop == base.DropNone {
				qs = append(qs, c)
			}
			walk(c.Node.Outlet)
		}
	}
	walk(o)
	return qs
}

func (a *App) hash() base.Digest {
	b := base.AppendString(nil, a.Name)
	for _, n := range a.Nodes {
		// Sinks are host code, of which only the name is part of the graph.
		if n.Sink {
			b = base.AppendString(b, n.Fn.Name)
			continue
		}
		b = base.AppendDigest(b, n.Fn.Digest())
	}
	for _, c := range a.Edges {
		b = base.AppendString(b, c.Name)
		b = append(b, byte(c.Kind), byte(c.Input+1), byte(c.Config.Guarantee))
		b = base.AppendString(b, c.Cut)
	}
	for _, p := range a.Parts {
		b = base.AppendDigest(b, p.Digest)
	}
	return base.Digest(xxhash.Sum64(b))
}

// nameEdges gives every edge the hash of the name that state knows it by.
func (a *App) nameEdges() {
	a.ByPort = map[base.Digest]*Edge{}
	// State knows edges by name, since numbers change with every function that is added.
	names := NamesOf(a)
	for i, e := range a.Edges {
		e.Stable = base.Digest(xxhash.Sum64String(names.Edges[i]))
		if e.Kind == PortTopic {
			a.ByPort[e.Stable] = e
		}
	}
}

// Callee returns the outlet of messages sent to a function by host code.
func (a *App) Callee(r *Reference) (*Outlet, error) {
	n := a.ByName[r.Name]
	switch {
	case n == nil || n.Direct == nil:
		return nil, fmt.Errorf("sfaas: no function %s of one input", r.Name)
	case n.Fn.Ins[0] != r.In:
		return nil, fmt.Errorf("sfaas: %s takes %v, not %v", r.Name, n.Fn.Ins[0], r.In)
	case n.Fn.Out != r.Out || n.Fn.Each:
		return nil, fmt.Errorf("sfaas: %s does not return one %v", r.Name, r.Out)
	}
	return n.Direct.From, nil
}

// Sealed reports whether the app has Sealed cells.
func (a *App) Sealed() bool {
	for _, n := range a.Nodes {
		if n.Fn.Sealed() {
			return true
		}
	}
	return false
}
