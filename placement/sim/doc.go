// SPDX-License-Identifier: Apache-2.0

// Package sim runs the placement of units in a simulated network: agents as they are
// (package placement/internal/agent), planners and policies as they are (package
// placement/plan), admission on the true state of each node, and letters that are late,
// lost and twice there, zones that fall in two halves, and nodes that die and come back with
// nothing. Nobody sees the true state but the meters.
//
//	go run ./placement/sim/cmd -generate nodes=20,units=40,load=0.6,seed=1 > F.json
//	go run ./placement/sim/cmd -instance F.json -seeds 5
//
// [Generate] makes instances, [Run] deploys all units of one and runs until nothing moves
// any more, [RunDay] lets a day pass. docs/placement.md has the model, the formats and what
// has been measured. testdata has two programs in Python that share no code with this
// module: check.py recomputes the energy of an assignment and everything that it must keep
// to, solve.py finds bounds with an exact solver.
//
// # What a node knows
//
// Its own units, leases and load, exactly; of others what gossip has brought. It admits a
// unit as if each link of its units were a hop whose other end is not on the node itself,
// so what others do never overloads it.
package sim
