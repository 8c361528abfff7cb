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
//
// # Results
//
// Arithmetic on float32 is that of package f32: products and convolutions are sums
// of fused multiply-adds in the order of the inner axis, with the bias added last;
// Exp, Sigmoid, Tanh, Erf, Log and their kin are polynomials with errors of at most
// three units in the last place; sums of neighbours are made in float64. A result
// is the same with and without assembly, but for a unit where generic code emulates
// a fused instruction. Subnormal numbers count as zero, unless the options of the
// session keep them, as every device of package accel does it. Products of 8-bit
// integers are exact modulo 2³², with and without assembly.
package ref
