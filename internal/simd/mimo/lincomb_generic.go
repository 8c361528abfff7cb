// SPDX-License-Identifier: Apache-2.0

package mimo

// linCombGeneric is the definition of [LinComb].
func linCombGeneric(dst []complex64, w []complex64, src []complex64, off []int) {
	clear(dst)
	for i, wi := range w {
		row := src[off[i] : off[i]+len(dst)]
		re, im := real(wi), imag(wi)
		for p, x := range row {
			dst[p] += complex(re*real(x)-im*imag(x), re*imag(x)+im*real(x))
		}
	}
}

// matchedGeneric is the definition of [Matched].
func matchedGeneric(num []complex64, gain []float32, h, y []complex64) {
	for p, a := range h {
		b := y[p]
		num[p] += complex(real(a)*real(b)+imag(a)*imag(b), real(a)*imag(b)-imag(a)*real(b))
		gain[p] += real(a)*real(a) + imag(a)*imag(a)
	}
}

// conjMulAddGeneric is the definition of [ConjMulAdd].
func conjMulAddGeneric(acc, a, b []complex64) {
	for p, x := range a {
		y := b[p]
		acc[p] += complex(real(x)*real(y)+imag(x)*imag(y), real(x)*imag(y)-imag(x)*real(y))
	}
}

// absSqAddGeneric is the definition of [AbsSqAdd].
func absSqAddGeneric(acc []float32, a []complex64) {
	for p, x := range a {
		acc[p] += real(x)*real(x) + imag(x)*imag(x)
	}
}

// reConjMulAddGeneric is the definition of [ReConjMulAdd].
func reConjMulAddGeneric(acc []float32, a, b []complex64) {
	for p, x := range a {
		acc[p] += real(x)*real(b[p]) + imag(x)*imag(b[p])
	}
}
