// SPDX-License-Identifier: Apache-2.0

// Package agent is what a node of package placement decides, as a pure state machine.
//
// An [Agent] knows the members of its zone and a view of them that is a little old, holds
// the leases that others have at its node, and leads the deals that it has begun itself.
// [Agent.Step] takes an event and returns effects. There is no goroutine, no clock and no
// I/O in it: package placement drives it with real letters, package placement/sim drives
// ten thousand of the same with a seeded network.
//
// # A deal
//
// To place a unit, to give it a standby, or to move several units at once is a deal: a set
// of items, each of which needs a lease at one node. Who begins it leads it:
//
//	leader                               target of an item                owner of its unit
//	  Reserve  ─────────────────────────►  admits on its true state,
//	           ◄─────────────  Reserved    or Refused with the line
//	  (all are reserved, or Abort to all)
//	  Commit   ─────────────────────────►  the lease holds longer
//	           ◄────────────  Committed
//	  (all are committed, or Abort to all)
//	  Order    ─────────────────────────►  owns, or stands by     or ──► moves the unit
//	           ◄─────────────────  Done                           ◄────  Done
//
// No order leaves before every target has committed: so a deal is done as a whole or not
// at all, whichever letters are lost, as far as leases go. Orders may still fail one by
// one, as a node may die; then the lease of that item is released.
//
// Letters may be lost, repeated and come in any order. Each is answered again when it
// comes again, and what a lost one leaves behind at a target ends with the time to live of
// its lease. So over-commitment is impossible, and nothing leaks.
//
// # Who owns a unit
//
// Ownership is an epoch of the runtime, see [ClaimEpoch]: no two nodes ever claim under
// one epoch. An agent never gives a unit to a node without a lease there, and an owner that
// hears of a newer epoch lets its lease go. Two nodes that place the same unit at once,
// each without knowing of the other, make two owners under two epochs, of which the newer
// one stays; the data plane refuses what the older one publishes. A kept unit must not have
// two: its first place needs witnesses, see [RoleWitness].
package agent
