// SPDX-License-Identifier: Apache-2.0

// Package f32 holds float32 kernels of linear algebra and of neural networks:
// matrix products in panels of sixteen columns, weighted sums of rows, and
// elementwise loops.
//
// The generic Go code is the definition. Sums are fused multiply-adds in a fixed
// order everywhere, so that results do not depend on the implementation, but for
// rare ties in the last bit where the generic code emulates the instruction. The
// AVX2 and AVX-512 kernels are turned off by the build tag purego and where the
// processor lacks them. Subnormal numbers, which cost the processor a hundred
// cycles each, count as zero where the thread is in that mode.
//
// Slices that are written must not overlap those that are read, except where a
// function says that dst may be a source. Any alignment is accepted. Nothing
// allocates, and every function may be called from any goroutine.
package f32
