// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package f32

func (p product) panels() int { return p.panelGeneric() }

func packRow(dst, row []float32, k int) { packRowGeneric(dst, row, k) }

func taps(dst, src []float32, offsets []int, w []float32, init, floor float32) {
	tapsGeneric(dst, src, offsets, w, init, floor)
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
