// SPDX-License-Identifier: Apache-2.0

// Package plan decides where units should be. It is arithmetic on values: no clock, no
// goroutine, no network, and nothing of the runtime. The agent, the planner and the
// simulator of package placement call it with what they know.
//
// A [View] is what one node knows of its zone: nodes, units, how units talk to each other.
// A [State] is a view with a place for each unit; it knows the load of every node, which
// units would fit where, and how many watts it takes. Everything else changes states:
//
//   - a [Policy] orders the places that one unit could have, and decides nothing else
//   - an [Improver] finds better states: a move of one unit, the drain of a node, exchanges
//     among up to a dozen nodes ([Improver.Node], and [Improver.Lead] to its end), and ruin and recreate of a whole zone
//     ([Improver.Zone])
//   - [State.Settle] and [State.Admit] choose the modes of a node's units, as nodes do and
//     planners foresee
//   - [Sequence] turns the difference of two states into stages of which each is allowed
//   - a [Shield] lets a plan pass only if every stage is admitted and it saves more than it
//     costs
//
// An [Instance] is such a problem as a file in JSON; docs/placement.md describes it well
// enough to write another program that checks an assignment.
//
// # Model
//
// Energy is counted in watts above the floor at which every node sleeps. A node that has
// units takes its idle power; from there to its maximum it takes what its processors are
// busy. The accelerator of a node that is used is counted in the same way. A hop between
// two nodes takes processor time at both ends, time, and a few nanojoules per bit that
// leaves its site.
//
// Work that begins with a slot is admitted by response time: the slots of all cells begin
// together, so the sum of the work of a node's units, by its quantile and divided by the
// cores, then the longest chain, ingress and egress must be over before the deadline.
//
// # Concurrency
//
// Views and policies are shared; a State is for one goroutine at a time.
package plan
