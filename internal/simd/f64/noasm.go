// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package f64

func addComb(dst, w, src []float64, off []int) { addCombGeneric(dst, w, src, off) }

func scale(x []float64, f float64) { scaleGeneric(x, f) }

func sumSquares(x []float64) float64 { return sumSquaresGeneric(x) }
