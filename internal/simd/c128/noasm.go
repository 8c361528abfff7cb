// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package c128

func addComb(dst, w, src []complex128, off []int) { addCombGeneric(dst, w, src, off) }

func scale(x []complex128, f float64) { scaleGeneric(x, f) }

func normSq(x []complex128) float64 { return normSqGeneric(x) }
