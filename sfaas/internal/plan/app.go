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
	Name    string           // name of the graph
	Nodes   []*Node          // functions and sinks
	Outlets []*Outlet        // where messages come from
	Edges   []*Edge          // by EdgeID-1
	ByName  map[string]*Node // functions and sinks by name
	Digest  base.Digest      // of all functions and edges
}

// Finish works out what follows from a graph that has been checked.
func (a *App) Finish() {
	for _, c := range a.Edges {
		f := c.Node.Fn
		if c.IsWide() {
			c.Node.Wide[c.Input] = true
		}
		c.Drafts = c.Kind == PortData && !c.Node.Sink && !f.Each
		c.Plain = c.Kind == PortData && len(f.Ins) == 1 && !f.Config.Parallel && !c.Queue() && !c.Wide && c.Config.Guarantee != base.ExactlyOnce
		if c.Config.Guarantee == base.ExactlyOnce {
			for _, n := range a.Nodes {
				n.Exact = n.Exact || n.Outlet == c.From
			}
		}
	}
	a.Digest = a.hash()
	for _, o := range a.Outlets {
		if o.Source {
			o.Queues = queuesBehind(o)
		}
	}
}

// queuesBehind returns the edges with a capacity that messages of a source
// reach and that may not drop.
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
		if n.Sink {
			b = base.AppendString(b, n.Fn.Name)
			continue
		}
		b = base.AppendDigest(b, n.Fn.Digest())
	}
	for _, c := range a.Edges {
		b = base.AppendString(b, c.Name)
		b = append(b, byte(c.Kind), byte(c.Input+1), byte(c.Config.Guarantee))
	}
	return base.Digest(xxhash.Sum64(b))
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
