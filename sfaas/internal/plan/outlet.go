// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"reflect"

	"github.com/neuroran/neuroran/sfaas/internal/layout"
)

// Outlet is where messages of one pool come from: a source, a function, or the
// senders to a port.
type Outlet struct {
	ID     int            // place in App.Outlets
	Name   string         // of the source or function, or "to PORT"
	Type   reflect.Type   // payload
	Make   func() any     // returns a new payload
	Layout *layout.Layout // of the payload
	Edges  []*Edge        // consumers
	Source bool           // host code pushes here
	Queues []*Edge        // of a source: edges with a capacity behind it that may not drop
}

// Measure returns the payload size of a message of this outlet.
func (o *Outlet) Measure(body any) int {
	return o.Layout.Measure(layout.DataOf(body))
}

// Producer returns the function whose outlet it is, or one without cells.
func (o *Outlet) Producer(a *App) *Function {
	for _, n := range a.Nodes {
		if n.Outlet == o {
			return n.Fn
		}
	}
	return &Function{}
}
