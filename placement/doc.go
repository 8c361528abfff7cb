// SPDX-License-Identifier: Apache-2.0

// Package placement runs the units of apps on the nodes of a zone: each on leased
// resources, moved without loss, with standbys that take over, on as few watts as their
// SLAs allow. No node is special, and none decides alone.
//
//	node, err := placement.Join(ctx, placement.Config{Listen: ":7946", Seeds: seeds, Token: token, Resources: resource.Discover()})
//	dep, err := node.Deploy(chain.App, placement.Spec{Unit: sfaas.KindCell, Slot: slot, SLA: placement.SLA{Deadline: time.Millisecond, Standbys: 1}})
//	cell := dep.Unit(block.CellKey(7))
//	err = cell.Ensure(ctx)
//	err = chain.Slots.Push(cell, key, n, samples)
//
// Every node of a zone is a process that has joined, and has deployed the apps that it can
// run: their code is compiled into it. A [Unit] is a handle of what an app has under one key;
// from [Unit.Ensure] on the nodes keep it served.
//
// # Control plane
//
// The control plane decides who owns what. On each node an agent, a state machine that never
// moves, grants leases of the node's resources, and with the others places units, moves them
// and replaces standbys that are gone. Agents write to each other by messages of an app of
// the framework itself, of which each agent is a function under the key of its node; so they
// are metered, traced and secured as all others are. Read control.go, card.go, member.go,
// ledger.go, ensure.go, and package internal/agent, in this order.
//
// A node dials its seeds, and whoever those know. That is all in a zone of up to some dozens
// of nodes; package placement/gossip adds a failure detector for larger ones, see
// [Membership]. Nodes show a token that they share, and over networks that others are in,
// certificates.
//
// # Data plane
//
// The data plane serves. A [Deployment] is an app on the nodes that have deployed it, with a
// runtime and connections of its own: nothing of one app waits for another, nor for the
// agents. What is pushed into a [Unit], which is an [sfaas.Host], goes to the unit's owner,
// wherever that is, and to two of them while the unit moves in mode [sfaas.Fed].
//
// Handles hold units to limits and share nodes among tenants; what was used, by whom and at what
// cost, stands in [Node.Report]. Read meters.go, gated.go, meters_share.go and usage_letter.go. Models that a node lacks
// come from others by their hash, see [Node.Model].
//
// When its owner's process ends, or falls silent and does not answer, the first standby
// claims a unit: no letter, no agreement and no optimiser is in the way. Sources turn, and
// what the old owner still makes when it comes back is refused, by the epoch of its
// ownership and by the slot. Read unit.go, deployment.go, standby.go, detect.go, gate.go,
// floor.go.
package placement
