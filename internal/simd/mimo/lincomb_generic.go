// SPDX-License-Identifier: Apache-2.0

package mimo

// linCombGeneric is the definition of [LinComb].
func linCombGeneric(dst []complex64, w []complex64, src []complex64, off []int) {
	for p := range dst {
		var re, im float32
		for i, a := range w {
			x := src[off[i]+p]
			re += real(a)*real(x) - imag(a)*imag(x)
			im += real(a)*imag(x) + imag(a)*real(x)
		}
		dst[p] = complex(re, im)
	}
}

// conjMulAddGeneric is the definition of [ConjMulAdd].
func conjMulAddGeneric(acc, a, b []complex64) {
	for p, x := range a {
		y := b[p]
		acc[p] += complex(real(x)*real(y)+imag(x)*imag(y), real(x)*imag(y)-imag(x)*real(y))
	}
}

// dotConjGeneric is the definition of [DotConj].
func dotConjGeneric(a, b []complex64) complex128 {
	var re, im float64
	for p, x := range a {
		y := b[p]
		re += float64(real(x)*real(y) + imag(x)*imag(y))
		im += float64(imag(x)*real(y) - real(x)*imag(y))
	}
	return complex(re, im)
}
