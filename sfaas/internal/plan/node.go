// SPDX-License-Identifier: Apache-2.0

package plan

// MaxInputs is the largest number of inputs of a function.
const MaxInputs = 3

// Node is a function or a sink in a graph.
type Node struct {
	Index  int       // place in App.Nodes
	Fn     *Function // what runs; a sink's has a name and an input only
	Outlet *Outlet   // where its outputs come from, nil for sinks
	Ports  []*Edge   // messages sent to its ports, by index of Function.Ports
	Direct *Edge     // messages sent by reference, nil for joins
	Gates  []int     // indices of grant ports

	Sink  bool            // hands messages to the host
	Keeps bool            // has content for each key
	Exact bool            // has an output with ExactlyOnce
	Wide  [MaxInputs]bool // inputs that are spread

	// While the graph is being made:
	Early bool  // named by Control and not yet applied
	Wired []int // number of edges by data input, then by port
}
