// SPDX-License-Identifier: Apache-2.0

package world

import (
	"github.com/neuroran/neuroran/sfaas"
	"github.com/neuroran/neuroran/sfaas/sim"
)

// program is a graph that a seed has drawn, with what the ledger must know of it.
type program struct {
	graph *sfaas.Graph
	app   *sfaas.App

	keys  []sfaas.Key
	index map[sfaas.Key]int
	hub   int // key to which others are gathered

	fns       []*fn
	flows     []*flow
	outlets   []string // names, by number
	consumers []string // names, by number
	table     map[[2]int]path
	paths     []path // by outlet and consumer
	outputs   []sfaas.Option
	faults    []sim.Fault
	commits   map[[2]string]int // consumer of an edge that waits for a commit, by producer and consumer
	consumer  []int             // the same by EdgeID, -1 for others
	sent      map[int]bool      // outlets of what is sent by reference: no dead-letter edge takes it
	soft      []*softPart
	graves    map[int]bool // consumers with a dead-letter edge
	kept      map[int]bool // consumers whose content survives a handler that does not return
}

// path says what holds for the messages of one outlet at one consumer.
type path struct {
	leads     bool
	guarantee sfaas.Guarantee // the least of all edges on the way
	edge      sfaas.Guarantee // that of the last edge
	commits   bool            // the last edge is left by a function, and waits for its commit
	loose     bool            // in any order
	once      bool            // in any order, and none twice
	waits     bool            // for as long as it likes, and the last ones for ever
	via       int             // the consumer that lets the messages pass, or none
}

// fn is one function of a program.
type fn struct {
	name string
	id   int
	fn   sfaas.Function
}

// flow is a source and how it is pushed.
type flow struct {
	id     int
	outlet int
	in     sfaas.Input[token]
	keys   []int
	roams  bool // pushed at any node; otherwise at one that stays
	leader int  // the flow for whose slots this one brings control, -1 for none
	rate   float64
	first  []sfaas.Slot // by key: slots of different keys are far apart
	step   []sfaas.Slot
}

// strand is an edge that may be consumed while a program is drawn.
type strand struct {
	stream  sfaas.Stream[token]
	from    string   // producer
	source  bool     // the producer is a source
	flow    *flow    // from which all of it comes
	keys    []int    // under which messages come
	sure    bool     // one message for each that is pushed, whatever happens
	apart   bool     // its keys have other roots than those of the producer: it must be cut
	farmed  bool     // the producer is parallel: it has no part in exactly once
	lineage int      // strands of one lineage carry one message for each slot of a key
	origins []origin // outlets whose tokens come this way
	uses    int
}

// origin is an outlet and what its tokens have been promised so far.
type origin struct {
	outlet    int
	guarantee sfaas.Guarantee
	loose     bool
	via       int // the consumer that lets them pass, or none
}

// none stands for no consumer.
const none = -1

// unconsumed is the origin of what nobody has consumed yet.
func unconsumed(outlet int) origin {
	return origin{outlet: outlet, guarantee: sfaas.ExactlyOnce, via: none}
}

// path returns what holds between an outlet and a consumer.
func (p *program) path(outlet, consumer int) *path {
	return &p.paths[outlet*len(p.consumers)+consumer]
}

// edge returns what the edge into a consumer promises while a program is drawn.
func (p *program) edge(from []origin, consumer int) sfaas.Guarantee {
	return p.table[[2]int{from[0].outlet, consumer}].edge
}

// newOutlet and newConsumer give numbers to names.
func (p *program) newOutlet(name string) int {
	p.outlets = append(p.outlets, name)
	return len(p.outlets) - 1
}

func (p *program) newConsumer(name string) int {
	p.consumers = append(p.consumers, name)
	return len(p.consumers) - 1
}

// lead notes that tokens of some outlets reach a consumer.
func (p *program) lead(from []origin, consumer int, g sfaas.Guarantee, commits, loose bool) {
	for _, o := range from {
		p.table[[2]int{o.outlet, consumer}] = path{
			leads: true, guarantee: min(o.guarantee, g), edge: g, commits: commits, loose: o.loose || loose, via: o.via,
		}
	}
}

// freeze builds the graph and lays the paths out.
func (p *program) freeze() error {
	app, err := p.graph.Build()
	if err != nil {
		return err
	}
	p.app = app
	p.paths = make([]path, len(p.outlets)*len(p.consumers))
	for at, x := range p.table {
		*p.path(at[0], at[1]) = x
	}
	edges := app.Edges()
	p.consumer = make([]int, len(edges)+1)
	for i := range edges {
		e := &edges[i]
		p.consumer[e.ID] = -1
		if c, ok := p.commits[[2]string{e.From, e.To + e.Port}]; ok && e.Guarantee == sfaas.ExactlyOnce {
			p.consumer[e.ID] = c
		}
	}
	return nil
}
