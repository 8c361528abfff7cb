// SPDX-License-Identifier: Apache-2.0

package llr

// scaleGeneric is the definition of [Scale].
func scaleGeneric(dst, src []int8, factor, limit int) {
	for i, x := range src {
		neg := x >> 7
		m := int8(min((int(magnitude(x))*factor+1<<14)>>15, limit))
		dst[i] = m ^ neg - neg
	}
}

// hardDecideGeneric is the definition of [HardDecide].
func hardDecideGeneric(dst []byte, src []int8) {
	for i, x := range src {
		dst[i] = uint8(x) >> 7
	}
}

// packSignsGeneric is the definition of [PackSigns].
func packSignsGeneric(dst []byte, src []int8) {
	clear(dst)
	for i, x := range src {
		dst[i/8] |= uint8(x) >> 7 << (7 - i%8)
	}
}
