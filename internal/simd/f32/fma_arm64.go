// SPDX-License-Identifier: Apache-2.0

package f32

// fma returns x·y + z with one rounding; the compiler fuses it here.
func fma(x, y, z float32) float32 { return x*y + z }
