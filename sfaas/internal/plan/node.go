// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"reflect"

	"github.com/neuroran/neuroran/sfaas/internal/base"
)

// MaxInputs is the largest number of inputs of a function.
const MaxInputs = 3

// Node is a function or a sink in a graph.
type Node struct {
	Index  int       // place in App.Nodes
	Fn     *Function // what runs; a sink's has a name and an input only
	Outlet *Outlet   // where its outputs come from, nil for sinks
	Ports  []*Edge   // messages sent to its ports, by index of Function.Ports
	Direct *Edge     // messages sent to its input by reference, nil for joins
	Gates  []int     // indices of grant ports

	Sink     bool            // hands messages to the host
	Keeps    bool            // has content for each key
	Exact    bool            // has an output with ExactlyOnce
	Promises bool            // sends to other units on edges that promise delivery
	Inside   bool            // has an output within its unit
	Carries  bool            // carries control: what it sends goes to ports of control
	Wide     [MaxInputs]bool // inputs that are spread

	Part     *Part   // to which it belongs
	Place    int     // among the nodes of the part
	Refs     []*Edge // by index of Function.Refs
	Replies  []*Edge // the same: where replies to calls by it arrive, nil if it is not called by
	SendsOn  []*Edge // by reference, as a topic or as a reply
	Variants []*Edge // of Direct and Ports, with other guarantees

	// While the graph is being made:
	Buckets int   // of the part
	Early   bool  // named by Control and not yet applied
	Wired   []int // number of edges by data input, then by port
}

// WayIn returns the edge on which messages of a type are sent to the node by reference:
// to its input, or to a further port. It is nil if there is none.
func (n *Node) WayIn(t reflect.Type) *Edge {
	if n.Direct != nil && n.Fn.Ins[0] == t {
		return n.Direct
	}
	for _, e := range n.Ports {
		if e.Kind == PortMessage && e.Port.Type == t {
			return e
		}
	}
	return nil
}

// Variant returns the edge into the same port as base with another
// configuration; base itself if there is none.
func (n *Node) Variant(edge *Edge, cfg base.EdgeConfig) *Edge {
	if edge.Config == cfg {
		return edge
	}
	for _, e := range n.Variants {
		if e.Port == edge.Port && e.Kind == edge.Kind && e.Config == cfg {
			return e
		}
	}
	return edge
}
