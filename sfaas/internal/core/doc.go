// SPDX-License-Identifier: Apache-2.0

// Package core is the machine of the runtime. A [Core] owns the instances whose
// keys fall to it; [Core.Step] takes an event and returns effects, without a
// goroutine, clock or I/O of its own and in no order of a map: one sequence of
// events has one sequence of effects. [Cores] are those of one runtime with
// what they share, [Invocation] is what handlers see of the machine through
// sfaas.Ctx.
//
// It imports plan and what is below. Shells drive it: package live with a
// goroutine for each core, package sim with a seeded loop. A shell
//
//   - steps a core from one goroutine at a time, with an EventRun as long as
//     the core is [Core.Ready];
//   - carries out every effect, in order, before it steps that core again;
//   - delivers everything that is sent to a core of the same runtime, in the
//     order in which all of its cores have sent it;
//   - keeps the order of what one runtime sends to another; where a connection
//     breaks, and what was on its way is lost, the cores of both ends get an
//     EventPeer once there is a new one;
//   - answers a commit with an EventCommitted and wakes the core at the moment
//     of an EffectWake.
//
// Ownership is by unit: see unit.go for what a core knows of one, move.go and
// fed.go for how it changes its owner, keep.go and watermark.go for what travels
// between units, record.go for what an engine gets of all that, and recover.go for the
// way back. An [Image] is everything that a unit is. It is handed over as it is; for its
// bytes package state reads it as view.go shows it, and makes one with a [Builder].
package core
