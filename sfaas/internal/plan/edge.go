// SPDX-License-Identifier: Apache-2.0

package plan

import "github.com/neuroran/neuroran/sfaas/internal/base"

// Edge is one edge of a built graph: from an outlet to a port of a node.
type Edge struct {
	Node *Node         // consumer
	View func(any) any // the part of a payload that the consumer sees, nil for all
	Port *Port         // port of the consumer, nil for data
	ID   base.EdgeID   // place in App.Edges, from 1
	Kind PortKind      // of the port

	Plain  bool // one input, inline, without promises: the common case
	Drafts bool // its consumer returns one output
	Wide   bool // goes to every key below the message's own
	IsDead bool // takes what another edge's consumer could not process
	Wired  bool // by Apply, Sink or Control, and not by reference
	Cross  bool // it may lead to another unit
	Enters bool // it leads into a unit: from a source, or from another unit

	Config base.EdgeConfig // guarantee and capacity
	Place  int             // among the edges of the producer's part, if wired
	Input  int             // index of a data input, -1 for other ports
	Dead   *Edge           // takes what cannot be processed, nil for none
	From   *Outlet         // producer
	Name   string          // "producer -> consumer.port"
	Cut    string          // name of the cut, "" for none
	Stable base.Digest     // hash of the name that state knows the edge by
}

// IsWide reports whether the edge is a data input that goes to every key below
// the message's own.
func (e *Edge) IsWide() bool { return e.Wide && e.Kind == PortData }

// Queue reports whether the edge has a capacity.
func (e *Edge) Queue() bool { return e.Config.Messages > 0 || e.Config.Bytes > 0 }

// Pushes reports whether the edge is one that pushes back to a source right
// before it.
func (e *Edge) Pushes() bool {
	return e.From.Source && e.Queue() && e.Config.Drop == base.DropNone
}

// Takes reports whether messages of an outlet may be on the edge: its own, and
// what a topic forwards, a reply, or a dead letter.
func (e *Edge) Takes(o *Outlet) bool {
	return e.From == o || ((e.Kind == PortTopic || e.Kind == PortReply) && e.Port.Type == o.Type) || (e.IsDead && e.Node.Fn.Ins[0] == o.Type)
}

// Retries returns how often a failed invocation is repeated.
func (e *Edge) Retries() int {
	switch {
	case e.Config.Guarantee == base.AtMostOnce || e.Config.Retries < 0:
		return 0
	case e.Config.Retries == 0:
		return base.DefaultRetries
	}
	return e.Config.Retries
}

// Seen returns what the consumer sees of a payload.
func (e *Edge) Seen(body any) any {
	if e.View == nil {
		return body
	}
	return e.View(body)
}
