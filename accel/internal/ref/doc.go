// SPDX-License-Identifier: Apache-2.0

// Package ref executes ONNX graphs in pure Go.
//
// [Open] checks every operator and fuses what runs in one kernel; [Session.Bind]
// resolves all lengths, evaluates what is constant, places the values between
// in one arena by their lifetimes, and turns each node into a closure over
// memory that never moves; Run calls the closures in order. So Run does not
// allocate, look up or check anything.
//
// Arithmetic is float32, and int64 where graphs compute shapes. Weights are
// packed once for a session and shared by its bindings.
package ref
