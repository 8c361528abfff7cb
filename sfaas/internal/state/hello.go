// SPDX-License-Identifier: Apache-2.0

package state

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/core"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Hello is what a runtime says of itself when a connection begins, beside its graph.
//
// Names are exchanged once, and numbers afterwards. Each end keeps the other's numbering
// and translates what it reads; so neither has to know the other's graph, and two builds
// can talk about what they have in common.
type Hello struct {
	Node        base.NodeID
	Incarnation uint32       // of the runtime's life
	Mark        uint64       // at random: of two lives with one number the second is refused
	Clock       uint64       // names the clock: equal ones have equal moments
	Now         base.Time    // on that clock
	Rests       []core.Rest  // of parts that were passed on
	Routes      []base.Route // all that it knows
}

const (
	helloMagic   = "NRHELO"
	helloVersion = 3
	proofText    = "neuroran sealer"
)

// Wire writes what a runtime says to others. It does not change and may be used
// concurrently.
type Wire struct {
	app    *plan.App
	set    *core.Settings
	names  *plan.Names
	parts  map[*plan.Part]uint64 // number of a part
	secret []bool                // by outlet: its producer has Sealed cells
}

// NewWire returns what writes the frames of a runtime.
//
// Numbers of parts are their places in the graph, which the hello tells by name.
func NewWire(app *plan.App, set *core.Settings) *Wire {
	w := &Wire{app: app, set: set, names: plan.NamesOf(app), parts: map[*plan.Part]uint64{}}
	for i, p := range app.Parts {
		w.parts[p] = uint64(i)
	}
	for _, o := range app.Outlets {
		w.secret = append(w.secret, o.Producer(app).Sealed())
	}
	return w
}

// AppendHello appends the beginning of a connection:
//
//	magic "NRHELO" | version, one byte | 0
//	node, incarnation, mark, clock, moment | proof of the sealer, if anything is sealed
//	name of the graph | names of functions, edges and outlets | digests of edges
//	parts: name, two digests, default owner | rests | routes
//
// Numbers in later frames are places in these lists.
//
// Everything that can be known beforehand is in it, so that no later frame has to ask.
func (w *Wire) AppendHello(dst []byte, h *Hello) []byte {
	b := append(append(dst, helloMagic...), helloVersion, 0)
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(h.Node)), uint64(h.Incarnation))
	b = binary.AppendVarint(binary.AppendUvarint(binary.AppendUvarint(b, h.Mark), h.Clock), int64(h.Now))
	// Both ends must seal with the same key, or sealed payload would fail one by one
	// later. The proof is a text that only such a sealer can open.
	var proof []byte
	if w.app.Sealed() {
		proof = w.set.Sealer.Seal(nil, []byte(proofText), proofLabel(h))
	}
	b = base.AppendString(b, string(proof))
	b = w.names.Append(base.AppendString(b, w.app.Name))
	// The digest of an edge is of all that both ends must agree on: type, guarantee, the
	// function behind it.
	for _, e := range w.app.Edges {
		b = base.AppendDigest(b, e.Digest())
	}
	b = binary.AppendUvarint(b, uint64(len(w.app.Parts)))
	for _, p := range w.app.Parts {
		b = base.AppendDigest(base.AppendDigest(base.AppendString(b, p.Name), p.Digest), p.Bare)
		b = binary.AppendUvarint(b, uint64(w.set.DefaultOwner(p.Name)))
	}
	b = binary.AppendUvarint(b, uint64(len(h.Rests)))
	for _, x := range h.Rests {
		b = appendRest(b, x)
	}
	b = binary.AppendUvarint(b, uint64(len(h.Routes)))
	for _, x := range h.Routes {
		b = appendRoute(b, x)
	}
	return b
}

// The proof is bound to node and life, so that it cannot be replayed by another.
func proofLabel(h *Hello) []byte {
	return binary.AppendUvarint(binary.AppendUvarint([]byte("hello"), uint64(h.Node)), uint64(h.Incarnation))
}

// appendRest and appendRoute name parts by text: what is known of owners may be about
// parts that the other end does not have.
func appendRest(b []byte, x core.Rest) []byte {
	b = binary.AppendUvarint(base.AppendString(b, x.Part), uint64(x.Owner))
	return binary.AppendUvarint(b, uint64(x.Epoch))
}

func appendRoute(b []byte, x base.Route) []byte {
	b = x.Unit.Root.AppendBinary(base.AppendString(b, x.Unit.Part))
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(x.Owner)), uint64(x.Epoch))
}

func readRest(r *base.Reader) core.Rest {
	return core.Rest{Part: r.Text(), Owner: base.NodeID(r.Uint16()), Epoch: r.Uint32()}
}

func readRoute(r *base.Reader) base.Route {
	return base.Route{Unit: base.Unit{Part: r.Text(), Root: r.Key()}, Owner: base.NodeID(r.Uint16()), Epoch: r.Uint32()}
}

// Peer is what a runtime knows of another one: who it is, and what its numbers mean.
// Parts and edges about which the two disagree are refused one by one. It does not
// change and may be used concurrently.
//
// There is no negotiation: each end decides by itself, by digests, what it takes, and
// both come to the same answer, since digests are equal or not.
type Peer struct {
	Hello
	set    *core.Settings
	app    *plan.App
	index  *plan.Index
	edges  []*plan.Edge  // ours, by the other's number; nil where the two disagree
	wrong  []error       // why, by the other's number
	there  []error       // by our number: why the other takes no message on an edge
	shift  time.Duration // from its clock to ours
	parts  []*plan.Part  // ours, by the other's number; nil where there is none
	secret []bool        // by our outlet: its producer has Sealed cells
}

// ReadHello reads what another runtime says of itself. An error says why nothing can
// be exchanged with it: it has the same number, keeps another opinion of who owns
// what by default, or seals under another key.
func (w *Wire) ReadHello(data []byte, now base.Time, clock uint64) (*Peer, error) {
	if len(data) < 8 || string(data[:6]) != helloMagic {
		return nil, base.Errorf("%w: no hello", base.ErrFrame)
	}
	if data[6] != helloVersion || data[7] != 0 {
		return nil, base.Errorf("%w: hello of version %d, want %d", base.ErrFrame, data[6], helloVersion)
	}
	// The order is that of AppendHello. A list is bounded by what its entries take at
	// least, before anything is allocated for it.
	r := &base.Reader{Src: data[8:]}
	p := &Peer{set: w.set, app: w.app, secret: w.secret}
	p.Node, p.Incarnation = base.NodeID(r.Uint16()), r.Uint32()
	p.Mark, p.Clock, p.Now = r.Uint(), r.Uint(), base.Time(r.Int())
	proof, name := []byte(r.Text()), r.Text()
	p.index = plan.ReadIndex(r, w.app)
	p.readEdges(r, w)
	owners := p.readParts(r)
	for range r.Count(3) {
		p.Rests = append(p.Rests, readRest(r))
	}
	for range r.Count(27) {
		p.Routes = append(p.Routes, readRoute(r))
	}
	if err := r.End(); err != nil {
		return nil, base.Errorf("%w: hello: %w", base.ErrFrame, err)
	}
	// Clocks of two processes have different zeros. The offset is known up to the hello's
	// way; moments in cells are off by that.
	if p.Clock != clock {
		p.shift = now.Sub(p.Now)
	}
	return p, p.fits(w, name, proof, owners)
}

// readEdges reads the digests of edges and notes about which the two disagree.
//
// p.wrong says why an edge of theirs is not taken here, p.there why one of ours is not
// taken there. An edge that both have alike is in neither.
func (p *Peer) readEdges(r *base.Reader, w *Wire) {
	p.there = make([]error, len(w.app.Edges))
	for i, e := range w.app.Edges {
		p.there[i] = &base.DigestError{Of: "edge " + e.Name, Want: e.Digest()}
	}
	for i, e := range p.index.Edges() {
		d := r.Digest()
		var err error
		switch {
		case e == nil:
			err = &base.DigestError{Of: "edge " + p.index.Names.Edges[i], Got: d}
		case d != e.Digest():
			err = &base.DigestError{Of: "edge " + e.Name, Got: d, Want: e.Digest()}
		}
		p.wrong = append(p.wrong, err)
		if err != nil {
			e = nil
		} else {
			p.there[e.ID-1] = nil
		}
		p.edges = append(p.edges, e)
	}
}

// readParts reads the parts and returns their default owners.
func (p *Peer) readParts(r *base.Reader) (owners []base.NodeID) {
	for range r.Count(18) {
		part := p.app.PartOf(r.Text())
		r.Digest() // of the part, and without cells: a move says them itself
		r.Digest()
		owners = append(owners, base.NodeID(r.Uint16()))
		p.parts = append(p.parts, part)
	}
	return owners
}

// fits returns why nothing can be exchanged with the other runtime.
func (p *Peer) fits(w *Wire, name string, proof []byte, owners []base.NodeID) error {
	switch {
	case p.Node == 0 || p.Node == base.AllNodes:
		return base.Errorf("%w: hello of node %d", base.ErrFrame, p.Node)
	case p.Node == w.set.Node:
		return fmt.Errorf("sfaas: link: both runtimes are node %d", p.Node)
	case name != w.app.Name:
		return base.Errorf("link: %w", &base.DigestError{Of: "graph " + name + ", here " + w.app.Name, Want: w.app.Digest})
	}
	for i, part := range p.parts {
		if part == nil {
			continue
		}
		if mine := w.set.DefaultOwner(part.Name); owners[i] != mine {
			return fmt.Errorf("sfaas: link: part %s is owned by default by node %d at node %d, and by node %d at node %d", part.Name, mine, w.set.Node, owners[i], p.Node)
		}
	}
	if len(proof) == 0 || !w.app.Sealed() {
		return nil
	}
	if text, err := w.set.Sealer.Open(nil, proof, proofLabel(&p.Hello)); err != nil || string(text) != proofText {
		return base.Errorf("link: node %d seals under another key, see WithSealer: %w", p.Node, base.ErrSealer)
	}
	return nil
}

// Takes returns why the other runtime takes no messages on an edge, nil if it does.
//
// An edge may exist at both ends and differ in what it promises, in type, or in its
// function's configuration: messages on it would mean something else there.
func (p *Peer) Takes(e base.EdgeID) error { return p.there[e-1] }

// edge reads the number of an edge.
func (p *Peer) edge(r *base.Reader) (*plan.Edge, uint64) {
	i := r.Uint()
	if i >= uint64(len(p.edges)) {
		r.Fail(base.ErrInvalid)
		return nil, 0
	}
	if p.edges[i] == nil {
		r.Fail(p.wrong[i])
		return nil, 0
	}
	return p.edges[i], i
}

// unit reads a unit. It is the zero unit, and no error, if this graph has no such part.
//
// The root must be one that the part can have, or a unit would appear that no message can
// reach.
func (p *Peer) unit(r *base.Reader) base.Unit {
	i, root := r.Uint(), r.Key()
	if i >= uint64(len(p.parts)) {
		r.Fail(base.ErrInvalid)
		return base.Unit{}
	}
	part := p.parts[i]
	if part == nil {
		r.Fail(errNoPart)
		return base.Unit{}
	}
	if !part.Valid(root) {
		r.Fail(base.ErrInvalid)
	}
	return base.Unit{Part: part.Name, Root: root}
}
