// SPDX-License-Identifier: Apache-2.0

// Package tsc reads the time stamp counter of the processor: a reading costs
// less than half of one of the system's clock (BenchmarkRead), which matters to
// code that measures stages of a few dozen nanoseconds. Ticks have no unit of their own;
// callers compare them with a clock.
package tsc
