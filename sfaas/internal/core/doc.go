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
//   - keeps the order of what one core sends to another, or sets
//     [Settings.Lossy];
//   - answers a commit with an EventCommitted and wakes the core at the moment
//     of an EffectWake.
//
// What moves and is stored (move.go, adopt.go, the codecs and the snapshot) is
// here too: it names the insides of a core everywhere. It becomes the room
// "state" above core once a unit of state can be exported as a value.
package core
