// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// Part is one part of a graph: what stays connected over edges that are not
// cut. A part under one root is a [base.Unit].
type Part struct {
	Index   int         // place in App.Parts
	Name    string      // of its first function
	Nodes   []*Node     // in the order in which they were applied
	Buckets int         // roots are put into so many buckets; 0: each is by itself
	Whole   bool        // the whole key is the root: the part of a topic
	Kept    bool        // some cell or edge promises more than a soft unit may lose
	Digest  base.Digest // of its functions and the edges between them
	Bare    base.Digest // the same without the cells of the functions
	Edges   []*Edge     // on which its functions send, or take messages in
	Places  []int16     // by EdgeID-1: place in Edges, -1 for none
	Makers  []*Node     // by place in Edges: whose outputs travel there, nil for none of the part
}

// Root returns the root under which a key belongs in this part.
func (p *Part) Root(key base.Key) base.Key {
	switch {
	case p.Whole:
		return key
	case p.Buckets > 0:
		return key.Bucket(p.Buckets)
	}
	return key.Root()
}

// Valid reports whether a key may stand as a root of this part.
func (p *Part) Valid(root base.Key) bool {
	switch {
	case p.Whole:
		return true
	case p.Buckets > 0:
		id, ok := root.ID(base.KindBucket)
		return ok && root.Depth() == 1 && id < uint64(p.Buckets)
	}
	return root.Depth() <= 1
}

// Maker returns the function of the part whose outputs travel on an edge that concerns
// the part, nil for none.
func (p *Part) Maker(e *Edge) *Node { return p.Makers[p.Places[e.ID-1]] }

// Window returns the longest window of its functions.
func (p *Part) Window() base.Slot {
	w := base.Slot(0)
	for _, n := range p.Nodes {
		w = max(w, n.Fn.Window())
	}
	return w
}

// History returns the longest history of its functions.
func (p *Part) History() base.Slot {
	h := base.Slot(0)
	for _, n := range p.Nodes {
		h = max(h, base.Slot(n.Fn.Config.History))
	}
	return h
}

// UnitID is a [base.Unit] within one app.
type UnitID struct {
	Part *Part
	Root base.Key
}

// Unit returns the name.
func (id UnitID) Unit() base.Unit { return base.Unit{Part: id.Part.Name, Root: id.Root} }

// PartOf returns the part of a name, nil if there is none.
func (a *App) PartOf(name string) *Part {
	for _, p := range a.Parts {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Unit returns the identifier of a unit, or an error that names what is wrong.
func (a *App) Unit(u base.Unit) (UnitID, error) {
	p := a.PartOf(u.Part)
	switch {
	case p == nil:
		return UnitID{}, fmt.Errorf("sfaas: unit %v: graph %s has no such part", u, a.Name)
	case !p.Valid(u.Root):
		return UnitID{}, fmt.Errorf("sfaas: unit %v: %v is no root of the part", u, u.Root)
	}
	return UnitID{p, u.Root}, nil
}

// Divide puts every node into its part, and says which edges may lead to
// another unit. It returns the cut edges that do not separate.
//
// Nodes and outlets are the elements of a union-find. A function is joined with its
// outlet, and with whoever takes from that outlet over an edge that is not cut; what is
// connected in the end is a part. Outlets of sources are elements too: two functions fed
// by one source over edges that are not cut belong together.
func (a *App) Divide() (idle []*Edge) {
	set := newSets(len(a.Nodes) + len(a.Outlets))
	at := func(o *Outlet) int { return len(a.Nodes) + o.ID }
	for _, n := range a.Nodes {
		if n.Outlet != nil {
			set.join(n.Index, at(n.Outlet))
		}
	}
	for _, e := range a.Edges {
		if e.Wired && e.Cut == "" {
			set.join(at(e.From), e.Node.Index)
		}
		if e.Dead != nil { // the consumer is who sends dead letters
			set.join(e.Node.Index, e.Dead.Node.Index)
		}
	}
	// Parts are numbered in the order of their first functions, and named after them, so
	// that names stay when functions are added behind.
	byRoot := map[int]*Part{}
	for _, n := range a.Nodes {
		r := set.find(n.Index)
		p := byRoot[r]
		if p == nil {
			p = &Part{Index: len(a.Parts), Name: n.Fn.Name, Whole: n.Fn.Topic}
			byRoot[r] = p
			a.Parts = append(a.Parts, p)
		}
		n.Part, n.Place = p, len(p.Nodes)
		p.Nodes = append(p.Nodes, n)
		p.Buckets = max(p.Buckets, n.Buckets)
	}
	for _, e := range a.Edges {
		if e.Wired && e.Cut != "" && set.find(at(e.From)) == set.find(e.Node.Index) {
			// A cut within a part promises a border that is not there: another way leads
			// around it. Who builds the graph hears of it.
			idle = append(idle, e)
		}
		// References, calls and topics go wherever their key is, so they cross as cut
		// edges do.
		e.Cross = e.Cut != "" || (!e.Wired && !e.IsDead)
	}
	return idle
}

// finishParts works out which parts are kept, and their digests. A part is soft
// if all its cells are Volatile and no edge, reference, call, delayed message or
// topic that touches it promises more than AtMostOnce.
//
// It comes after the edges are final, since whether a part is kept follows from edges
// that touch it at either end.
func (a *App) finishParts() {
	for _, p := range a.Parts {
		for _, n := range p.Nodes {
			for _, d := range n.Fn.Cells {
				p.Kept = p.Kept || d.Class != base.Volatile
			}
		}
		p.Digest, p.Bare = a.hashPart(p, (*Function).Digest), a.hashPart(p, (*Function).bare)
		a.placeEdges(p)
	}
	for _, e := range a.Edges {
		if e.Config.Guarantee == base.AtMostOnce {
			continue
		}
		// A promise binds both ends: one keeps the message, the other what it has
		// processed.
		e.Node.Part.Kept = true
		for _, n := range a.Nodes {
			if n.sends(e) {
				n.Part.Kept = true
			}
		}
	}
}

// placeEdges gives the edges that concern a part their places.
//
// Places are dense, so that what a unit knows of edges is a short slice and not a map.
func (a *App) placeEdges(p *Part) {
	p.Places = make([]int16, len(a.Edges))
	for i, e := range a.Edges {
		p.Places[i] = -1
		if e.Node.Part == p || slices.ContainsFunc(p.Nodes, func(n *Node) bool { return n.sends(e) }) {
			p.Places[i] = int16(len(p.Edges))
			var maker *Node
			if i := slices.IndexFunc(p.Nodes, func(n *Node) bool { return n.Outlet == e.From }); i >= 0 {
				e.Place, maker = len(p.Edges), p.Nodes[i]
			}
			p.Edges, p.Makers = append(p.Edges, e), append(p.Makers, maker)
		}
	}
}

// sends reports whether messages of the node travel on the edge.
func (n *Node) sends(e *Edge) bool { return n.Outlet == e.From || slices.Contains(n.SendsOn, e) }

// hashPart covers what must be equal at the two ends of a move: the functions
// of the part, the edges inside it, and how its roots make units.
func (a *App) hashPart(p *Part, of func(*Function) base.Digest) base.Digest {
	b := base.AppendString(nil, p.Name)
	for _, n := range p.Nodes {
		if n.Sink {
			b = base.AppendString(b, n.Fn.Name)
			continue
		}
		b = base.AppendDigest(b, of(n.Fn))
	}
	for _, e := range a.Edges {
		if e.Node.Part == p && !e.Cross {
			b = base.AppendString(b, e.Name)
			b = append(b, byte(e.Kind), byte(e.Input+1), byte(e.Config.Guarantee))
		}
	}
	return base.Digest(xxhash.Sum64(binary.AppendUvarint(b, uint64(p.Buckets))))
}

// sets are disjoint sets of integers.
type sets []int

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func (s sets) find(i int) int {
	for s[i] != i {
		// Halving the path: it stays short without ranks.
		s[i] = s[s[i]]
		i = s[i]
	}
	return i
}

// join puts i and j into one set, named after its smallest member.
func (s sets) join(i, j int) {
	a, b := s.find(i), s.find(j)
	s[max(a, b)] = min(a, b)
}
