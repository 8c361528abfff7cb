// SPDX-License-Identifier: Apache-2.0

// Package ref executes ONNX graphs in pure Go.
//
// [Open] checks every operator and fuses what runs in one kernel; [Session.Bind]
// resolves all lengths, evaluates what is constant, places the values between
// in one arena by their lifetimes, and turns each node into a closure over
// memory that never moves; Run calls the closures in order. So Run does not
// allocate, look up or check anything.
//
// Lengths, branches and the turns of loops may depend on the elements of inputs.
// Bind then plans for what the buffers hold, guards make sure in each Run that it
// is still so, and a Run for which it is not plans anew: see observe.go. Graphs
// within nodes are put in the place of their nodes: see control.go.
//
// Networks compute in float32; integers, bool and float64 have plainer kernels,
// since they count, compare and address. What depends on initializers alone is
// computed and packed once for a session and shared by its bindings. The memory of
// a plan is bounded: see plan.go.
package ref
