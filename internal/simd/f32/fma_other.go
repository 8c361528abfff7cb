// SPDX-License-Identifier: Apache-2.0

//go:build !arm64

package f32

// fma returns x·y + z as if with one rounding: the product is exact in float64,
// so that only ties of the sum there can round twice.
func fma(x, y, z float32) float32 { return float32(float64(x)*float64(y) + float64(z)) }
