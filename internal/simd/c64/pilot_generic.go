// SPDX-License-Identifier: Apache-2.0

package c64

// mulEvenGeneric is the definition of [MulEven].
func mulEvenGeneric(dst, a, b []complex64) {
	for i := range dst {
		x, y := a[2*i], b[i]
		dst[i] = complex(real(x)*real(y)-imag(x)*imag(y), real(x)*imag(y)+imag(x)*real(y))
	}
}

// mulConjEvenGeneric is the definition of [MulConjEven].
func mulConjEvenGeneric(dst, a, b []complex64) {
	for i := range dst {
		x, y := a[2*i], b[i]
		dst[i] = complex(real(x)*real(y)+imag(x)*imag(y), imag(x)*real(y)-real(x)*imag(y))
	}
}

// pairSumGeneric is the definition of [PairSum].
func pairSumGeneric(dst, a, b []complex64) {
	for m := range dst {
		x, y, u, v := a[2*m], b[2*m], a[2*m+1], b[2*m+1]
		dst[m] = complex(
			real(x)*real(y)-imag(x)*imag(y)+(real(u)*real(v)-imag(u)*imag(v)),
			real(x)*imag(y)+imag(x)*real(y)+(real(u)*imag(v)+imag(u)*real(v)))
	}
}

// lineFourGeneric is the definition of [LineFour].
func lineFourGeneric(dst, src []complex64) {
	for m, a := range src {
		d := dst[4*m : 4*m+4]
		d[0], d[1], d[2], d[3] = a, a, a, a
		if m+1 < len(src) {
			b := src[m+1]
			d[3] = complex((real(a)+real(b))*0.5, (imag(a)+imag(b))*0.5)
		}
	}
}

// autoCorrelateGeneric is the definition of [AutoCorrelate].
func autoCorrelateGeneric(dst []complex128, x []complex64) {
	for k := range min(len(dst), len(x)) {
		var re, im float64
		for p, b := range x[:len(x)-k] {
			a := x[p+k]
			re += float64(real(a)*real(b) + imag(a)*imag(b))
			im += float64(imag(a)*real(b) - real(a)*imag(b))
		}
		dst[k] += complex(re, im)
	}
}
