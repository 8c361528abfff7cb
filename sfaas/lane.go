// SPDX-License-Identifier: Apache-2.0

package sfaas

import (
	"log/slog"
	"sync/atomic"
)

// lane is what one thread of execution owns while it runs handlers for a core:
// the context, the pools and the scratch resources. A handler touches nothing
// else. If a handler does not return, the core gets a new lane and goes on; the
// old one, with all its memory, is left to the handler for ever.
type lane struct {
	app       *App
	ctx       Ctx
	pools     []*pool
	resources map[*resourceDecl]any
	loggers   []*slog.Logger
	clock     func() Time
	done      chan struct{}
	tokens    uint64

	// guard is the number of the invocation, shifted, and its phase. The
	// watchdog may revoke a running invocation; the lane finds out when it
	// leaves the handler and must then touch nothing.
	guard atomic.Uint64
}

// tokenCount is the part of a token that counts; the rest names the core.
const tokenCount = 1<<40 - 1

// Phases of an invocation, the low bits of lane.guard.
const (
	phaseIdle    = 0
	phaseRunning = 1
	phaseRevoked = 2
	phaseBits    = 2
	phaseMask    = 1<<phaseBits - 1
)

func newLane(app *App, set *settings, tokens uint64) *lane {
	l := &lane{app: app, clock: set.clock, done: make(chan struct{}), tokens: tokens}
	l.ctx.lane = l
	for _, o := range app.outlets {
		l.pools = append(l.pools, &pool{lane: l, from: o, limit: poolLimit})
	}
	for _, n := range app.nodes {
		l.loggers = append(l.loggers, set.logger.With("function", n.fn.name))
	}
	l.resources = map[*resourceDecl]any{}
	return l
}

// enter marks that a handler runs.
func (l *lane) enter() uint64 {
	g := (l.guard.Load()>>phaseBits+1)<<phaseBits | phaseRunning
	l.guard.Store(g)
	return g
}

// leave marks that it has returned, and reports false if it was revoked.
func (l *lane) leave(g uint64) bool {
	return g&phaseMask == phaseRunning && l.guard.CompareAndSwap(g, g&^phaseMask)
}

// revoke gives up on invocation g and reports whether it was still running.
func (l *lane) revoke(g uint64) bool {
	if g&phaseMask != phaseRunning || !l.guard.CompareAndSwap(g, g&^phaseMask|phaseRevoked) {
		return false
	}
	close(l.done)
	return true
}

func (l *lane) revoked() bool { return l.guard.Load()&phaseMask == phaseRevoked }
