// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// graphNames are the names by which a snapshot knows the parts of a graph.
// Unlike numbers they stay when functions are added.
type graphNames struct {
	nodes   []string // functions and sinks, by index
	edges   []string // by EdgeID-1
	outlets []string // by id
	forms   []Digest // of the messages of outlets
}

func namesOf(a *App) *graphNames {
	names := &graphNames{}
	for _, n := range a.nodes {
		names.nodes = append(names.nodes, n.fn.name)
	}
	seen := map[string]int{}
	once := func(kind, name string) string {
		seen[kind+name]++
		if n := seen[kind+name]; n > 1 {
			return fmt.Sprintf("%s (%d)", name, n)
		}
		return name
	}
	for _, c := range a.conns {
		name := fmt.Sprintf("%s #%d", c.name, c.input)
		if c.port != nil {
			name = c.name + " ." + c.port.name
		}
		names.edges = append(names.edges, once("edge ", name))
	}
	for _, o := range a.outlets {
		names.outlets = append(names.outlets, once("outlet ", o.name))
		names.forms = append(names.forms, o.lay.digest())
	}
	return names
}

func (g *graphNames) append(b []byte) []byte {
	for _, list := range [][]string{g.nodes, g.edges, g.outlets} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, name := range list {
			b = appendString(b, name)
		}
	}
	for _, d := range g.forms {
		b = appendDigest(b, d)
	}
	return b
}

// graphIndex translates the numbers of a snapshot. What the graph does not
// have any more is nil, and an error once something refers to it.
type graphIndex struct {
	names   *graphNames
	nodes   []*node
	edges   []*conn
	outlets []*outlet
}

// readIndex reads the names of a snapshot's graph and finds them in this one.
func readIndex(r *wireReader, a *App) *graphIndex {
	x := &graphIndex{names: &graphNames{}}
	for _, list := range []*[]string{&x.names.nodes, &x.names.edges, &x.names.outlets} {
		for range r.count(1) {
			*list = append(*list, r.string())
		}
	}
	for range x.names.outlets {
		x.names.forms = append(x.names.forms, r.digest())
	}
	here := namesOf(a)
	x.nodes = named(x.names.nodes, here.nodes, a.nodes)
	x.edges = named(x.names.edges, here.edges, a.conns)
	x.outlets = named(x.names.outlets, here.outlets, a.outlets)
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

// node reads the number of a function.
func (x *graphIndex) node(r *wireReader) *node {
	i := r.uint()
	if i >= uint64(len(x.nodes)) {
		r.fail(errInvalid)
		return nil
	}
	if x.nodes[i] == nil {
		r.fail(fmt.Errorf("no function %q", x.names.nodes[i]))
	}
	return x.nodes[i]
}

// edge returns the edge of a number; it is an error if the graph has it no
// more.
func (x *graphIndex) edge(r *wireReader, i uint64) *conn {
	e := x.known(r, i)
	if e == nil && r.err == nil {
		r.fail(fmt.Errorf("no edge %q", x.names.edges[i]))
	}
	return e
}

// known is edge for one that may be gone: it is nil then.
func (x *graphIndex) known(r *wireReader, i uint64) *conn {
	if i >= uint64(len(x.edges)) {
		r.fail(errInvalid)
		return nil
	}
	return x.edges[i]
}

// outlet reads the number of an outlet.
func (x *graphIndex) outlet(r *wireReader) *outlet {
	i := r.uint()
	if i >= uint64(len(x.outlets)) {
		r.fail(errInvalid)
		return nil
	}
	if x.outlets[i] == nil {
		r.fail(fmt.Errorf("no source or function %q", x.names.outlets[i]))
	}
	return x.outlets[i]
}

// formed is outlet for one whose message follows: its form must be the same.
func (x *graphIndex) formed(r *wireReader) *outlet {
	o := x.outlet(r)
	if o == nil || r.err != nil {
		return nil
	}
	for i := range x.outlets {
		if x.outlets[i] == o && x.names.forms[i] != o.lay.digest() {
			r.fail(fmt.Errorf("messages of %q have other fields: %v", x.names.outlets[i], o.typ))
			return nil
		}
	}
	return o
}
