// SPDX-License-Identifier: Apache-2.0

// Package ran is where radio meets runtime: its sub-packages declare the
// transceiver blocks of the physical layer as stateful functions and compose
// them into chains.
//
//   - ran/block: the blocks of a receiver, each one function with typed ports
//     and explicit state
//   - ran/uplink: the uplink chain, from samples to transport blocks
//
// Below, phy knows nothing of functions and sfaas nothing of radio. The package
// itself holds no code.
package ran
