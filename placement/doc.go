// SPDX-License-Identifier: Apache-2.0

// Package placement runs the units of apps on the nodes that have room for them.
//
// # Data plane
//
// A [Deployment] is an app on the nodes that have deployed it. A [Unit] is a handle of what it
// has under one key, and an [sfaas.Host]: what is pushed into it goes to the unit's owner,
// wherever that is, and to two of them while the unit moves in mode [sfaas.Fed].
//
// A unit may have standbys. When its owner's process ends, or falls silent and does not
// answer, the first standby claims it; sources turn, and what the old owner still makes
// when it comes back is refused, by the epoch of its ownership and by the slot. The
// package's files are read in this order: unit.go, deployment.go, standby.go, detect.go,
// gate.go, floor.go.
package placement
