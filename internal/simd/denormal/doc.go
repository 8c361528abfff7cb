// SPDX-License-Identifier: Apache-2.0

// Package denormal makes the processor take denormal numbers for zero while a
// kernel runs. A sum or product with one can take a hundred times as long, and
// a network whose activations decay, or whose weights were pruned by training,
// is full of them; to a radio they are zero.
//
//	runtime.LockOSThread()
//	old := denormal.Flush()
//	kernel()
//	denormal.Restore(old)
//	runtime.UnlockOSThread()
//
// The mode belongs to the thread. Go's own code expects it to be off, so it is
// restored before the thread does anything else, and the goroutine is locked to
// the thread meanwhile.
package denormal
