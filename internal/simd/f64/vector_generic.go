// SPDX-License-Identifier: Apache-2.0

package f64

// addCombGeneric is the definition of [AddComb].
func addCombGeneric(dst, w, src []float64, off []int) {
	for i, a := range w {
		row := src[off[i]:][:len(dst)]
		for p, x := range row {
			dst[p] += a * x
		}
	}
}

// scaleGeneric is the definition of [Scale].
func scaleGeneric(x []float64, f float64) {
	for p := range x {
		x[p] *= f
	}
}

// sumSquaresGeneric is the definition of [SumSquares].
func sumSquaresGeneric(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return sum
}
