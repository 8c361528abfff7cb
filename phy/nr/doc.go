// SPDX-License-Identifier: Apache-2.0

// Package nr holds what every block of the physical layer shares: numerology
// and slot points, carriers and scheduling grants, the MCS and transport block
// size tables of TS 38.214, the DM-RS symbol positions of TS 38.211, and the
// messages that pass between the blocks ([Baseband], [Grid], [Pilots], [Data],
// [Channel], [Symbols], [LLRs], [TransportBlock]).
//
// The package does no signal processing and keeps no state. Its values are
// plain structs; a grant is a small comparable value that can be a map key, a
// control message or a state cell.
package nr
