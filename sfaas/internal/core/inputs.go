// SPDX-License-Identifier: Apache-2.0

package core

import (
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Input is a message at its consumer.
type Input struct {
	Edge  *plan.Edge // by which it came, or will come
	Msg   *Message   // what came
	Stamp *Stamp     // under which its producer's side keeps it, nil if it does not
}

// Inputs are the inputs of one invocation, by number; those that are not there have
// no message. A message at another port than an input is the only one, the first.
//
// It is the form in which inputs are shown and said, whatever they are inside: an item, a
// half, or a joined set.
type Inputs [plan.MaxInputs]Input

// Add puts an input into its place, and reports false if there is one already.
func (in *Inputs) Add(x Input) bool {
	at := &in[max(x.Edge.Input, 0)]
	if at.Msg != nil {
		return false
	}
	*at = x
	return true
}

// Len returns how many inputs there are.
func (in *Inputs) Len() (n int) {
	for i := range in {
		if in[i].Msg != nil {
			n++
		}
	}
	return n
}

// FromHost reports whether they are a call that host code waits for.
func (in *Inputs) FromHost() bool {
	for i := range in {
		if in[i].Msg != nil && in[i].Msg.fromHost() {
			return true
		}
	}
	return false
}

// Only returns the input if there is one alone, nil otherwise.
//
// A joined item has several, so that one input alone is always a message on its own way.
func (in *Inputs) Only() (only *Input) {
	for i := range in {
		switch {
		case in[i].Msg == nil:
		case only != nil:
			return nil
		default:
			only = &in[i]
		}
	}
	return only
}

// inputs shows the inputs of a joined set, by number.
func (j *joined) inputs() (in Inputs) {
	for i, m := range j.msgs {
		in[i] = Input{j.edges[i], m, j.stamps[i]}
	}
	return in
}

func (it *item) inputs() (in Inputs) {
	if it.rest != nil {
		return it.rest.inputs()
	}
	in.Add(Input{it.edge, it.msg, it.stamp})
	return in
}

// item returns the inputs of an invocation, which must be complete, as work of a
// core.
//
// Two forms are legal: one input alone, which may be on its way to a join, or all of
// them, which are past it.
func (in *Inputs) item(n *plan.Node, ks *keyState) (it item, ok bool) {
	it = item{ks: ks}
	// An input of another function would be run by its handler as something that it is
	// not.
	if !in.areOf(n) {
		return it, false
	}
	if x := in.Only(); x != nil { // also of a function that joins: it is on its way to that
		it.edge, it.msg, it.stamp = x.Edge, x.Msg, x.Stamp
		return it, true
	}
	for i := range n.Fn.Ins {
		if in[i].Msg == nil || in[i].Edge.Kind != plan.PortData {
			return it, false
		}
	}
	j := in.joined()
	it.rest = &j
	it.edge, it.msg, it.stamp = j.lead()
	return it, it.edge != nil
}

// areOf reports whether all inputs are on their way to a function, and there are
// any.
func (in *Inputs) areOf(n *plan.Node) bool {
	for i := range in {
		if in[i].Msg != nil && in[i].Edge.Node != n {
			return false
		}
	}
	return in.Len() > 0
}

// joined is the inverse: the set for a half or an item.
func (in *Inputs) joined() (j joined) {
	for i, x := range in {
		j.msgs[i], j.edges[i], j.stamps[i] = x.Msg, x.Edge, x.Stamp
	}
	return j
}
