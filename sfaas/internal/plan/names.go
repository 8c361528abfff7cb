// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Names are the names by which a snapshot knows the parts of a graph.
// Unlike numbers they stay when functions are added.
type Names struct {
	Nodes   []string      // functions and sinks, by index
	Edges   []string      // by EdgeID-1
	Outlets []string      // by id
	forms   []base.Digest // of the messages of outlets
}

// NamesOf returns the names of a graph's parts.
func NamesOf(a *App) *Names {
	names := &Names{}
	for _, n := range a.Nodes {
		names.Nodes = append(names.Nodes, n.Fn.Name)
	}
	seen := map[string]int{}
	// Equal names are numbered in order: they stay as long as the order among them does.
	once := func(kind, name string) string {
		seen[kind+name]++
		if n := seen[kind+name]; n > 1 {
			return fmt.Sprintf("%s (%d)", name, n)
		}
		return name
	}
	for _, c := range a.Edges {
		name := fmt.Sprintf("%s #%d", c.Name, c.Input)
		if c.Port != nil {
			name = c.Name + " ." + c.Port.Name
		}
		names.Edges = append(names.Edges, once("edge ", name))
	}
	for _, o := range a.Outlets {
		names.Outlets = append(names.Outlets, once("outlet ", o.Name))
		names.forms = append(names.forms, o.Layout.Digest())
	}
	return names
}

// Append appends the names to a snapshot; [ReadIndex] reads them.
func (g *Names) Append(b []byte) []byte {
	for _, list := range [][]string{g.Nodes, g.Edges, g.Outlets} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, name := range list {
			b = base.AppendString(b, name)
		}
	}
	for _, d := range g.forms {
		b = base.AppendDigest(b, d)
	}
	return b
}

// Index translates the numbers of a snapshot. What the graph does not
// have any more is nil, and an error once something refers to it.
type Index struct {
	Names   *Names
	Nodes   []*Node
	edges   []*Edge
	Outlets []*Outlet
}

// ReadIndex reads the names of a snapshot's graph and finds them in this one.
func ReadIndex(r *base.Reader, a *App) *Index {
	x := &Index{Names: &Names{}}
	for _, list := range []*[]string{&x.Names.Nodes, &x.Names.Edges, &x.Names.Outlets} {
		for range r.Count(1) {
			*list = append(*list, r.Text())
		}
	}
	for range x.Names.Outlets {
		x.Names.forms = append(x.Names.forms, r.Digest())
	}
	// The same function makes the names at both ends, so equal parts have equal names.
	here := NamesOf(a)
	x.Nodes = named(x.Names.Nodes, here.Nodes, a.Nodes)
	x.edges = named(x.Names.Edges, here.Edges, a.Edges)
	x.Outlets = named(x.Names.Outlets, here.Outlets, a.Outlets)
	return x
}

// named returns the parts that bear the names, nil for one that is not here.
func named[T any](names, here []string, parts []*T) []*T {
	var found []*T
	for _, name := range names {
		var x *T
		if i := slices.Index(here, name); i >= 0 {
			x = parts[i]
		}
		found = append(found, x)
	}
	return found
}

// Edges returns the edges by number, nil for those that are not here.
func (x *Index) Edges() []*Edge { return x.edges }

// Node reads the number of a function.
func (x *Index) Node(r *base.Reader) *Node {
	i := r.Uint()
	if i >= uint64(len(x.Nodes)) {
		r.Fail(base.ErrInvalid)
		return nil
	}
	// A function that is gone is an error only now: a snapshot may name it and hold
	// nothing of it.
	if x.Nodes[i] == nil {
		r.Fail(fmt.Errorf("no function %q", x.Names.Nodes[i]))
	}
	return x.Nodes[i]
}

// Function reads 1 + the number of a function, 0 for none: also for one that is
// gone, of which nobody will hear again.
func (x *Index) Function(r *base.Reader) uint16 {
	i := r.Uint()
	if i == 0 || r.Err != nil {
		return 0
	}
	if i > uint64(len(x.Nodes)) {
		r.Fail(base.ErrInvalid)
		return 0
	}
	if n := x.Nodes[i-1]; n != nil {
		return uint16(n.Index) + 1
	}
	return 0
}

// Edge returns the edge of a number; it is a [*base.DigestError] if the graph has it no
// more.
func (x *Index) Edge(r *base.Reader, i uint64) *Edge {
	e := x.Known(r, i)
	if e == nil && r.Err == nil {
		r.Fail(&base.DigestError{Of: "edge " + x.Names.Edges[i] + ", which is not here"})
	}
	return e
}

// Known is edge for one that may be gone: it is nil then.
func (x *Index) Known(r *base.Reader, i uint64) *Edge {
	if i >= uint64(len(x.edges)) {
		r.Fail(base.ErrInvalid)
		return nil
	}
	return x.edges[i]
}

// Outlet reads the number of an outlet.
func (x *Index) Outlet(r *base.Reader) *Outlet {
	i := r.Uint()
	if i >= uint64(len(x.Outlets)) {
		r.Fail(base.ErrInvalid)
		return nil
	}
	if x.Outlets[i] == nil {
		r.Fail(fmt.Errorf("no source or function %q", x.Names.Outlets[i]))
	}
	return x.Outlets[i]
}

// Formed is outlet for one whose message follows: its form must be the same.
func (x *Index) Formed(r *base.Reader) *Outlet {
	o := x.Outlet(r)
	if o == nil || r.Err != nil {
		return nil
	}
	for i := range x.Outlets {
		// The form is asked here and not when the index is read, since only messages need
		// it.
		if x.Outlets[i] == o && x.Names.forms[i] != o.Layout.Digest() {
			r.Fail(fmt.Errorf("messages of %q have other fields: %v", x.Names.Outlets[i], o.Type))
			return nil
		}
	}
	return o
}
