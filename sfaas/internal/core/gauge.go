// SPDX-License-Identifier: Apache-2.0

package core

import (
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// gauge is the load of one edge over all cores of a runtime. Cores add and
// take away; sources read.
type gauge struct {
	messages atomic.Int64
	bytes    atomic.Int64
}

// add counts a message onto an edge, if the edge has a capacity.
func (g *gauge) add(e *plan.Edge, size int) {
	if e.Queue() {
		g.messages.Add(1)
		g.bytes.Add(int64(size))
	}
}

func (g *gauge) sub(e *plan.Edge, size int) {
	if e.Queue() {
		g.messages.Add(-1)
		g.bytes.Add(int64(-size))
	}
}

// full reports whether the edge has no room for size more bytes.
func (g *gauge) full(e *plan.Edge, size int) bool {
	if n := e.Config.Messages; n > 0 && g.messages.Load() >= int64(n) {
		return true
	}
	n := e.Config.Bytes
	return n > 0 && g.bytes.Load()+int64(size) > int64(n)
}
