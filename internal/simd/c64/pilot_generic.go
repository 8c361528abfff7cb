// SPDX-License-Identifier: Apache-2.0

package c64

// mulEvenGeneric is the definition of [MulEven].
func mulEvenGeneric(dst, a, b []complex64) {
	for i := range dst {
		dst[i] = mul(a[2*i], b[i])
	}
}

// mulConjEvenGeneric is the definition of [MulConjEven].
func mulConjEvenGeneric(dst, a, b []complex64) {
	for i := range dst {
		dst[i] = mul(a[2*i], complex(real(b[i]), -imag(b[i])))
	}
}

// pairSumGeneric is the definition of [PairSum].
func pairSumGeneric(dst, a, b []complex64) {
	for m := range dst {
		dst[m] = mul(a[2*m], b[2*m]) + mul(a[2*m+1], b[2*m+1])
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
