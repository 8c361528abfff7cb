// SPDX-License-Identifier: Apache-2.0

// Package sim runs sfaas graphs in a deterministic simulator: a seeded event
// loop with a virtual clock around the same core that the production runtime
// drives.
//
// A [World] holds one or more nodes. Its clock advances by the declared cost of
// each function and by the delays of its network; messages of chosen edges are
// delayed, reordered, lost or doubled, and commits delayed, refused or lost.
// One seed gives one history: [World.History] hashes the identities and the
// order of everything that happened, and no payload.
//
// With Config.Disks each node has a [Disk], which loses what was not synced when the
// node stops, and recovers from it when it starts again.
//
// [World.Forget] lets two nodes lose their connection, and everything on it.
//
// Use it to test functions: push with the inputs of the graph, run, compare.
package sim
