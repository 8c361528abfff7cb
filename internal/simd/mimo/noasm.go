// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package mimo

func linComb(dst, w, src []complex64, off []int) { linCombGeneric(dst, w, src, off) }

func conjMulAdd(acc, a, b []complex64) { conjMulAddGeneric(acc, a, b) }

func dotConj(a, b []complex64) complex128 { return dotConjGeneric(a, b) }
