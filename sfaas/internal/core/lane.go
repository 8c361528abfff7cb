// SPDX-License-Identifier: Apache-2.0

package core

import (
	"log/slog"
	"sync/atomic"

	"github.com/neuroran/neuroran/sfaas/internal/base"
	"github.com/neuroran/neuroran/sfaas/internal/plan"
)

// Lane is what one thread of execution owns while it runs handlers for a core:
// the context, the pools and the scratch resources. A handler touches nothing
// else. If a handler does not return, the core gets a new lane and goes on; the
// old one, with all its memory, is left to the handler for ever.
type Lane struct {
	app       *plan.App
	inv       Invocation
	pools     []*pool
	pairs     []any // by node: what the handler of a function gets that joins
	resources map[*plan.ResourceDecl]any
	loggers   []*slog.Logger
	clock     func() base.Time
	done      chan struct{}
	tokens    uint64

	// guard is the number of the invocation, shifted, and its phase. The
	// watchdog may revoke a running invocation; the lane finds out when it
	// leaves the handler and must then touch nothing.
	//
	//	guard:  [ number of the invocation | phase ]
	//	idle → running       enter, by the lane
	//	running → idle       leave, by the lane, unless it has been
	//	running → revoked    Revoke, by the watchdog, for good
	//
	// Both leave and Revoke compare and swap: exactly one of them wins, and the number
	// keeps a watchdog that looked at an earlier invocation from revoking a later one.
	guard atomic.Uint64
}

// tokenCount is the part of a token that counts; the rest names the core.
const (
	tokenBits  = 40
	tokenCount = 1<<tokenBits - 1
)

// Phases of an invocation, the low bits of lane.guard.
const (
	phaseIdle    = 0
	phaseRunning = 1
	phaseRevoked = 2
	phaseBits    = 2
	phaseMask    = 1<<phaseBits - 1
)

func newLane(app *plan.App, set *Settings, tokens uint64) *Lane {
	l := &Lane{app: app, clock: set.Clock, done: make(chan struct{}), tokens: tokens}
	l.inv.lane = l
	for _, o := range app.Outlets {
		l.pools = append(l.pools, newPool(l, o, poolLimit, set))
	}
	l.pairs = make([]any, len(app.Nodes))
	for i, n := range app.Nodes {
		if n.Fn.NewPair != nil {
			l.pairs[i] = n.Fn.NewPair()
		}
		l.loggers = append(l.loggers, set.Logger.With("function", n.Fn.Name))
	}
	l.resources = map[*plan.ResourceDecl]any{}
	return l
}

// enter marks that a handler runs.
func (l *Lane) enter() uint64 {
	g := (l.guard.Load()>>phaseBits+1)<<phaseBits | phaseRunning
	l.guard.Store(g)
	return g
}

// leave marks that it has returned, and reports false if it was revoked.
func (l *Lane) leave(g uint64) bool {
	return g&phaseMask == phaseRunning && l.guard.CompareAndSwap(g, g&^phaseMask)
}

// End ends the invocation of a goroutine that dies in a handler, and reports
// false if it was revoked: the goroutine then touches nothing any more.
func (l *Lane) End() bool { return l.leave(l.guard.Load()) }

// Running returns the number of the present invocation, for [Lane.Revoke], and
// whether a handler runs. It may be called from any goroutine.
func (l *Lane) Running() (guard uint64, running bool) {
	g := l.guard.Load()
	return g, g&phaseMask == phaseRunning
}

// Revoke gives up on invocation g and reports whether it was still running. It
// may be called from any goroutine.
func (l *Lane) Revoke(g uint64) bool {
	if g&phaseMask != phaseRunning || !l.guard.CompareAndSwap(g, g&^phaseMask|phaseRevoked) {
		return false
	}
	close(l.done)
	return true
}

func (l *Lane) revoked() bool { return l.guard.Load()&phaseMask == phaseRevoked }
