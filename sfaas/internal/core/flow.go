// SPDX-License-Identifier: Apache-2.0

package core

import "github.com/neuroran/neuroran/sfaas/internal/base"

// EdgeFlow is what has travelled on one edge between a runtime and others. What never leaves
// a runtime is not in it: a message within one is handed on as a pointer, and cannot get lost.
//
// Over all runtimes of an app, what was sent on an edge is what was received, and what was
// lost, and what is on its way or went down with a connection or a process. A message that
// is sent again counts again.
type EdgeFlow struct {
	Edge     base.EdgeID // place in the edges of the app, from 1
	Sent     Traffic     // for other runtimes
	Received Traffic     // from other runtimes, before anything is decided about it
	Lost     Traffic     // of what was sent: no connection took it
}

// Traffic is a number of messages and of their payload bytes.
type Traffic struct {
	Messages uint64 // how many
	Bytes    uint64 // of their payload
}

func (t *Traffic) count(size int) {
	t.Messages++
	t.Bytes += uint64(size)
}

// Add adds other traffic.
func (t *Traffic) Add(o Traffic) {
	t.Messages += o.Messages
	t.Bytes += o.Bytes
}

// Add adds the flow of another runtime.
func (f *EdgeFlow) Add(o *EdgeFlow) {
	f.Sent.Add(o.Sent)
	f.Received.Add(o.Received)
	f.Lost.Add(o.Lost)
}

// flowOn returns what this core has counted of an edge and not published.
func (k *Core) flowOn(edge base.EdgeID) *EdgeFlow {
	k.flowed = true
	return &k.flows[edge-1]
}

// CountUndelivered counts a message for another runtime that no connection took.
func (k *Core) CountUndelivered(e *Effect) {
	if e.To.Node != k.self.Node {
		k.flowOn(e.Edge).Lost.count(e.Msg.size)
	}
}

// showFlows publishes what has travelled since the last time.
func (k *Core) showFlows(wait bool) {
	if !k.flowed || !lock(&k.board.flowing, wait) {
		return
	}
	for i := range k.flows {
		k.board.flows[i].Add(&k.flows[i])
		k.flows[i] = EdgeFlow{}
	}
	k.board.flowing.Unlock()
	k.flowed = false
}

// readFlows writes a row for each edge on which something has travelled to dst.
func (b *board) readFlows(dst []EdgeFlow) []EdgeFlow {
	dst = dst[:0]
	b.flowing.Lock()
	defer b.flowing.Unlock()
	for i := range b.flows {
		if f := b.flows[i]; f != (EdgeFlow{}) {
			f.Edge = base.EdgeID(i + 1)
			dst = append(dst, f)
		}
	}
	return dst
}
