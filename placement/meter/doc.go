// SPDX-License-Identifier: Apache-2.0

// Package meter says what units have used, holds them to limits, shares nodes among tenants,
// and measures what SLAs promise.
//
// # Usage
//
// A runtime counts for each unit and each epoch of its ownership (see
// [sfaas.Runtime.Units]). A [Ledger] makes of that a [Row] for each owner of a unit: invocations,
// state bytes and transferred bytes, by which functions are billed, with processor time,
// local I/O and joules. Rows only rise, and each has one writer. So two ledgers merge, in
// any order and any number of times, to the same sums, and nothing is counted twice however
// often a unit moves and whoever tells of it:
//
//	runtime ── Observe ──► ledger of node 1 ── Rows ──► letters ── Merge ──► ledger of node 2
//
// A node that is killed takes along what it had not told: see [Ledger.Unknown]; that is
// at most a slot, since standbys hear of each, or who pushes ([Ledger.Witness]). What nodes send
// each other is received, in flight, counted as lost, or unknown: see [Flow].
//
// # Limits and shares
//
// A [Gate] stands where messages of a unit enter. It holds the unit, and its tenant, to
// [Limits] of each quantity, within about a slot: a push is charged by what pushes have used
// so far, and the charge is corrected by what was used. What is beyond waits ([sfaas.ErrBusy]) or is
// refused, by class.
//
// Where tenants want more than there is, [Sharing] divides a node among them by weight and
// dominant resource. Each node does it by itself, from what the ledgers tell: there is no
// coordinator.
//
// # Promises
//
// An [SLA] names latency, throughput and availability; a [Service] measures all three
// where slots enter and outputs leave.
//
// Time is an argument everywhere: a simulator meters as a node does.
package meter
