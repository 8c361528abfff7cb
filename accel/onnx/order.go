// SPDX-License-Identifier: Apache-2.0

package onnx

// ordered returns nodes so that each comes behind those whose outputs it needs, and
// as they are where they already do, or where none comes first. The specification
// asks for such an order; files that were edited by hand lack it at times.
func ordered(nodes []Node) []Node {
	o := order{nodes: nodes, maker: map[string]int{}, seen: make([]bool, len(nodes))}
	for i := range nodes {
		for _, name := range nodes[i].Outputs {
			if name != "" {
				o.maker[name] = i
			}
		}
	}
	sorted := true
	for i := range nodes {
		eachNeed(&nodes[i], func(name string) {
			if k, ok := o.maker[name]; ok && k >= i {
				sorted = false
			}
		})
	}
	if sorted {
		return nodes
	}
	for i := range nodes {
		o.visit(i)
	}
	return o.out
}

// order walks the nodes of a graph from what needs to what is needed. In a circle
// the walk ends at the node where it began, which [Check] then refuses.
type order struct {
	nodes []Node
	maker map[string]int // which node makes a value
	seen  []bool
	out   []Node
}

func (o *order) visit(i int) {
	if o.seen[i] {
		return
	}
	o.seen[i] = true
	eachNeed(&o.nodes[i], func(name string) {
		if k, ok := o.maker[name]; ok {
			o.visit(k)
		}
	})
	o.out = append(o.out, o.nodes[i])
}

// eachNeed calls f for every value that a node reads, also those that graphs within
// read from outside.
func eachNeed(n *Node, f func(name string)) {
	for _, name := range n.Inputs {
		f(name)
	}
	for i := range n.Attrs {
		if g := n.Attrs[i].Graph; g != nil {
			g.eachCaptured(f)
		}
	}
}

// eachCaptured calls f for every value that a graph within a node does not define.
func (g *Graph) eachCaptured(f func(name string)) {
	own := map[string]bool{}
	for _, v := range g.Inputs {
		own[v.Name] = true
	}
	for i := range g.Initializers {
		own[g.Initializers[i].Name] = true
	}
	for i := range g.Nodes {
		for _, name := range g.Nodes[i].Outputs {
			own[name] = true
		}
	}
	captured := func(name string) {
		if !own[name] {
			f(name)
		}
	}
	for i := range g.Nodes {
		eachNeed(&g.Nodes[i], captured)
	}
	for _, v := range g.Outputs {
		captured(v.Name)
	}
}
