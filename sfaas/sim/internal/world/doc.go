// SPDX-License-Identifier: Apache-2.0

// Package world is the world in which the runtime has to hold: [Run] draws a program
// and what happens to it from a seed, runs both in [sim], and says which promises
// were broken.
//
// The parts, from the seed to the verdict:
//
//   - builder.go draws a program with source.go, relay.go, join.go, stage.go,
//     service.go and store.go: sources under cells and users whose slots
//     are far apart, stages with counters, relays, parallel functions, gatherers that
//     fan keys in, joins, functions that wait for grants, sinks, dead letters, and stages
//     that send to themselves, call, delay, cancel, send and publish. Edges promise
//     what they like, and cells have any form and class.
//   - feed.go pushes in bursts, at nodes that stay and at nodes that may go.
//   - chaos.go moves pieces where something is under way, empties nodes, stops one and
//     starts its next incarnation, takes snapshots and crashes everything.
//   - machine.go is all that the rest knows of what is tested: push, move, stop,
//     start, snapshot, crash. It alone changes when a shell owns other pieces.
//   - ledger.go holds the oracles. Every message is a token: a place in a stream,
//     which is what one producer makes for one key. The ledger gives the numbers when
//     a handler makes a token, and compares them when a handler takes one, so it
//     needs nothing of the machine's own counters. On an edge that promises the next
//     token is the next number; on others numbers rise. A cell holds the count and
//     the sum of what its function took. What is left on an ExactlyOnce edge is
//     durable before it is taken. In the end all has arrived, or is counted as
//     dropped.
//
// A stage without cells lets tokens pass, so that their stream goes on behind it. A
// source that is pushed at a node that goes may lose its last tokens, and none before
// them.
package world
