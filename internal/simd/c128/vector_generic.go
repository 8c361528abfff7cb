// SPDX-License-Identifier: Apache-2.0

package c128

// addCombGeneric is the definition of [AddComb].
func addCombGeneric(dst, w, src []complex128, off []int) {
	for i, a := range w {
		row := src[off[i]:][:len(dst)]
		for p, x := range row {
			dst[p] += complex(real(a)*real(x)-imag(a)*imag(x), real(a)*imag(x)+imag(a)*real(x))
		}
	}
}

// scaleGeneric is the definition of [Scale].
func scaleGeneric(x []complex128, f float64) {
	for p, v := range x {
		x[p] = complex(real(v)*f, imag(v)*f)
	}
}

// normSqGeneric is the definition of [NormSq].
func normSqGeneric(x []complex128) float64 {
	sum := 0.0
	for _, v := range x {
		sum += real(v)*real(v) + imag(v)*imag(v)
	}
	return sum
}
