// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package f32

func gemmPanel(c []float32, ldc int, a []float32, lda int, b, init []float32, ldi, m, w, k int, floor float32) {
	gemmPanelGeneric(c, ldc, a, lda, b, init, ldi, m, w, k, floor)
}

func axpy(dst []float32, a float32, x []float32) { axpyGeneric(dst, a, x) }
func add(dst, x, y []float32)                    { addGeneric(dst, x, y) }
func mul(dst, x, y []float32)                    { mulGeneric(dst, x, y) }

func rowComb(dst, w, b []float32, ld int) { rowCombGeneric(dst, w, b, ld) }

func scaleShift(dst, x []float32, scale, shift, floor float32) {
	scaleShiftGeneric(dst, x, scale, shift, floor)
}

// quantizeRows returns how many rows it has done.
func quantizeRows([]int8, []float32, []float32, int, float32, float32, float32) int { return 0 }
