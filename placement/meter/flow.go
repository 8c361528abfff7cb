// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"fmt"
	"slices"

	"github.com/neuroran/neuroran/sfaas"
)

// Flow is what has travelled between nodes on one edge, over all of them.
//
// What was sent is what was received, and what was lost and counted, and what is in flight or
// unknown. The last is not counted but left over: with every connection at rest it is 0 unless
// one has broken or a node has been killed, since nobody knows whether what was on the way
// then had arrived.
type Flow struct {
	Edge sfaas.EdgeInfo
	sfaas.EdgeFlow
}

// Open returns what is in flight or unknown, in messages and bytes.
func (f *Flow) Open() (messages, bytes int64) {
	return int64(f.Sent.Messages - f.Received.Messages - f.Lost.Messages), int64(f.Sent.Bytes - f.Received.Bytes - f.Lost.Bytes)
}

// String returns a form such as "a → b: 500 sent, 498 received, 1 lost, 1 in flight or unknown".
func (f *Flow) String() string {
	open, _ := f.Open()
	return fmt.Sprintf("%s → %s: %d sent, %d received, %d lost, %d in flight or unknown", f.Edge.From, f.Edge.To, f.Sent.Messages, f.Received.Messages, f.Lost.Messages, open)
}

// Flows adds up what the nodes of an app have told of their edges ([sfaas.Runtime.Flows]),
// one list for each node and life, and returns a flow for each edge on which something has
// travelled.
func Flows(app *sfaas.App, nodes ...[]sfaas.EdgeFlow) (flows []Flow) {
	edges := app.Edges()
	for _, rows := range nodes {
		for i := range rows {
			id := int(rows[i].Edge)
			if id < 1 || id > len(edges) {
				continue // of another app
			}
			at, found := slices.BinarySearchFunc(flows, id, func(f Flow, id int) int { return int(f.EdgeFlow.Edge) - id })
			if !found {
				flows = slices.Insert(flows, at, Flow{Edge: edges[id-1], EdgeFlow: sfaas.EdgeFlow{Edge: rows[i].Edge}})
			}
			flows[at].Add(&rows[i])
		}
	}
	return flows
}
