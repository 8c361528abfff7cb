// SPDX-License-Identifier: Apache-2.0

// Package gossip finds the members of a zone and notices those that are gone, by the SWIM
// protocol with Lifeguard's extensions, as hashicorp/memberlist has it.
//
//	members := gossip.New(gossip.Config{Listen: ":7947", Seeds: []string{"10.0.0.7:7947"}, Token: token})
//	node, err := placement.Join(ctx, placement.Config{Listen: ":7946", Token: token, Membership: members, …})
//
// Every member probes one other at a time, by UDP, and asks a few to probe for it before it
// suspects one; a suspicion that nobody refutes in time is a loss. So a member costs each
// other one a few packets per second, however many there are, and a slow member is not taken
// for a dead one as soon as by a timeout.
//
// It is the slow tier of failure detection: by [Default] about a second. What must be quick
// does not wait for it: connections tell at once when a process ends, and standbys watch
// their owners by heartbeats. A loss that gossip tells is a question to the connection: as
// long as that answers, the member stays. See [placement.Membership].
//
// A zone has at most 200 nodes: beyond that gossip takes much processor time everywhere.
package gossip
