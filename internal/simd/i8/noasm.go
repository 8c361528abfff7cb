// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package i8

// gemm computes the first columns and returns how many.
func gemm(c []int32, ldc int, a []uint8, lda int, b []int8, m, _, terms int) int {
	return gemmGeneric(c, ldc, a, lda, b, m, terms)
}

func sum(x []uint8) int64 { return sumGeneric(x) }

// The functions below return how many columns or elements they have done.

func packRows([]int8, int, []uint8, []int, int, uint8) int                   { return 0 }
func addScaled(_, _, _ []int32, _, _ int32) int                              { return 0 }
func requantize([]uint8, []int32, []int32, int32, int32, float32, Range) int { return 0 }
func quantize([]uint8, []float32, float32, Range) int                        { return 0 }
func dequantize([]float32, []uint8, float32, int32, uint8) int               { return 0 }
