// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || purego

package f32

func (p product) panels() int { return p.panelGeneric() }

func packRows(dst, src []float32, offsets []int, k, n int) {
	packRowsGeneric(dst, src, offsets, k, n)
}

func transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	transposeGeneric(dst, ldd, src, lds, rows, cols)
}

// strided2 returns how many elements it has copied.
func strided2(_, _ []float32) int { return 0 }

func taps(dst, src []float32, offsets []int, w []float32, init, floor float32) {
	tapsGeneric(dst, src, offsets, w, init, floor)
}

func axpy(dst []float32, a float32, x []float32) { axpyGeneric(dst, a, x) }

func scaleShift(dst, x []float32, scale, shift, floor float32) {
	scaleShiftGeneric(dst, x, scale, shift, floor)
}

func normalize(dst, x, gamma, beta []float32, mean, scale float32) {
	normalizeGeneric(dst, x, gamma, beta, mean, scale)
}

func (operator) vectorKernel(_, _, _ []float32) bool         { return false }
func (operator) numberKernel(_, _ []float32, _ float32) bool { return false }
func (function) kernel(_, _ []float32, _, _ float32) bool    { return false }
func sum(x []float32) float64                                { return sumGeneric(x) }
func sumSquares(x []float32, mean float32) float64           { return sumSquaresGeneric(x, mean) }
func expSum(dst, x []float32, shift float32) float64         { return expSumGeneric(dst, x, shift) }
func greatest(x []float32) float32                           { return greatestGeneric(x) }
func least(x []float32) float32                              { return leastGeneric(x) }

func rowComb(dst, w, b []float32, ld int) { rowCombGeneric(dst, w, b, ld) }

// quantizeRows returns how many rows it has done.
func quantizeRows([]int8, []float32, []float32, int, float32, float32, float32) int { return 0 }
