// SPDX-License-Identifier: Apache-2.0

package c64

// mulVecGeneric is the definition of [Mul].
func mulVecGeneric(dst, a, b []complex64) {
	for i := range dst {
		dst[i] = mul(a[i], b[i])
	}
}

// mulConjVecGeneric is the definition of [MulConj].
func mulConjVecGeneric(dst, a, b []complex64) {
	for i := range dst {
		dst[i] = mul(a[i], complex(real(b[i]), -imag(b[i])))
	}
}

// scaleVecGeneric is the definition of [Scale].
func scaleVecGeneric(dst, a []complex64, c complex64) {
	for i := range dst {
		dst[i] = mul(a[i], c)
	}
}

// mulScaleVecGeneric is the definition of [MulScale].
func mulScaleVecGeneric(dst, a, b []complex64, c complex64) {
	for i, x := range a {
		dst[i] = mul(mul(x, b[i]), c)
	}
}
