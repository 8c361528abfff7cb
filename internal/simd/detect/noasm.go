// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package detect

func split(dst []float32, src []complex64, scale float32) { splitGeneric(dst, src, scale) }

func comb(dst []float32, w []complex64, src []float32, off []int) { combGeneric(dst, w, src, off) }

func dot(dst, a, b []float32, n, stepA, stepB int) { dotGeneric(dst, a, b, n, stepA, stepB) }

func dotReal(dst, a, b []float32, n, stepA, stepB int) { dotRealGeneric(dst, a, b, n, stepA, stepB) }

func sumInverse(v []float32) float64 { return sumInverseGeneric(v) }

func solve(w *Work, layers, blocks int, load, q float32) { solveGeneric(w, layers, blocks, load, q) }

func spread(w *Work, z []complex64, v []float32, first, layers int) {
	spreadGeneric(w, z, v, first, layers, 0)
}
